"""The errors of documents that cannot be read.

Owns: which error each of them is, and that no exception of a library leaves a reader.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from engram.errors import Corrupt, EngramError, InvalidInput, _missing_extra

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engram.errors import MissingExtra

__all__ = ["EXTRA", "damaged", "encrypted", "missing", "reading", "unsupported"]

EXTRA = "documents"


def damaged(what: str, reason: object) -> Corrupt:
    """Build the error for a file that is not what its kind says."""
    return Corrupt(
        "document.damaged",
        f"the {what} is damaged: {reason}",
        "get the file again, or open and save it with the program it is from",
        {"kind": what},
    )


def encrypted(what: str) -> InvalidInput:
    """Build the error for a file that is locked by a password."""
    return InvalidInput(
        "document.encrypted",
        f"the {what} is encrypted",
        "save it without its password first; a PDF: qpdf --decrypt",
        {"kind": what},
    )


def unsupported(message: str, hint: str | None = None) -> InvalidInput:
    """Build the error for a kind of file that is not read."""
    from engram.extract.kinds import NAMES

    names = ", ".join(sorted(NAMES))
    return InvalidInput("document.unsupported", message, hint or f"the kinds read are {names}")


def missing(package: str, what: str) -> MissingExtra:
    """Build the error for a package that reading a kind needs."""
    return _missing_extra(package, EXTRA, f"reading {what}")


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn what a library raises over a damaged file into `damaged`.

    The libraries raise whatever the damage makes them meet (KeyError, IndexError, struct.error,
    lxml's and zlib's own, and more), so this is wide on purpose; errors of engram pass, and so does
    what a missing package or an empty memory raises.
    """
    try:
        yield
    except (EngramError, MemoryError):
        raise
    except Exception as cause:
        reason = f"{type(cause).__name__}: {cause}".rstrip(": .").splitlines()[0]
        raise damaged(what, reason) from cause
