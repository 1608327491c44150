"""The errors of memvid-sdk: a class and a code for each cause.

Owns: `MemvidError`, its classes with their codes, and what each error of engram is called here.
The codes MV002, MV003 and MV009 are of tickets and bindings, which engram has none of, and MV005 of
a time index, which it needs none of: their classes are there so that ``except`` finds them.
"""

from __future__ import annotations

import builtins
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engram.errors import EngramError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "ApiKeyRequiredError",
    "CapacityExceededError",
    "ClipIndexDisabledError",
    "CorruptFileError",
    "EmbeddingFailedError",
    "EncryptionError",
    "FileNotFoundError",
    "FrameNotFoundError",
    "LexIndexDisabledError",
    "LockedError",
    "MemoryAlreadyBoundError",
    "MemvidError",
    "NerModelNotAvailableError",
    "TicketInvalidError",
    "TicketReplayError",
    "TimeIndexMissingError",
    "VecDimensionMismatchError",
    "VecIndexDisabledError",
    "VerifyFailedError",
    "get_error_suggestion",
    "mapped",
]


class MemvidError(Exception):
    """What went wrong, as memvid-sdk names it.

    Attributes:
        code: ``MV001`` to ``MV018``; or engram's own code, where memvid-sdk has none for the cause.
        message: What happened.
        hint: The nearest remedy, or None.
        details: Named facts about the failure, all as text.

    The error of engram that it stands for, where there is one, is its ``__cause__``.
    """

    code: str = "MV000"

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        details: dict[str, str] | None = None,
        *,
        code: str | None = None,
    ) -> None:
        """Make an error; the code is that of its class unless given."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = dict(details or {})
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        """Give one line: code, message, and the remedy."""
        hint = f" (hint: {self.hint})" if self.hint else ""
        return f"{self.code}: {self.message}{hint}"


class CapacityExceededError(MemvidError):
    """MV001: the disk is full, or something is beyond a limit of the file."""

    code = "MV001"


class TicketInvalidError(MemvidError):
    """MV002: a ticket is not valid; never raised."""

    code = "MV002"


class TicketReplayError(MemvidError):
    """MV003: a ticket was used before; never raised."""

    code = "MV003"


class LexIndexDisabledError(MemvidError):
    """MV004: a search by words in a memory that was opened without (``enable_lex=False``)."""

    code = "MV004"


class TimeIndexMissingError(MemvidError):
    """MV005: there is no index by time; never raised."""

    code = "MV005"


class VerifyFailedError(MemvidError):
    """MV006: a file is not what it should be, a single file that holds everything."""

    code = "MV006"


class LockedError(MemvidError):
    """MV007: another process holds the write lock."""

    code = "MV007"


class ApiKeyRequiredError(MemvidError):
    """MV008: a provider was named, and there is no key for it."""

    code = "MV008"


class MemoryAlreadyBoundError(MemvidError):
    """MV009: the file is bound to somebody else; never raised."""

    code = "MV009"


class FrameNotFoundError(MemvidError, LookupError):
    """MV010: no document of that id or uri."""

    code = "MV010"


class VecIndexDisabledError(MemvidError):
    """MV011: a search by meaning in a memory without vectors."""

    code = "MV011"


class CorruptFileError(MemvidError):
    """MV012: the file is damaged, or none of engram's."""

    code = "MV012"


class FileNotFoundError(MemvidError, builtins.FileNotFoundError):  # noqa: A001 - its name there
    """MV013: there is no such file."""

    code = "MV013"


class VecDimensionMismatchError(MemvidError, ValueError):
    """MV014: a vector has another dimension than those that are there."""

    code = "MV014"


class EmbeddingFailedError(MemvidError):
    """MV015: nothing can embed, or what would was not what embedded before."""

    code = "MV015"


class ClipIndexDisabledError(MemvidError):
    """MV016: there is no CLIP model."""

    code = "MV016"


class NerModelNotAvailableError(MemvidError):
    """MV017: there is no model that finds names."""

    code = "MV017"


class EncryptionError(MemvidError):
    """MV018: a sealed file cannot be opened, or a file not be sealed."""

    code = "MV018"


_EXACT: dict[str, type[MemvidError]] = {
    "io.full": CapacityExceededError,
    "input.limit": CapacityExceededError,
    "lock.timeout": LockedError,
    "remote.key": ApiKeyRequiredError,
    "record.not_found": FrameNotFoundError,
    "document.not_found": FrameNotFoundError,
    "file.not_found": FileNotFoundError,
    "input.dimension": VecDimensionMismatchError,
}
_FAMILIES: dict[str, type[MemvidError]] = {
    "corrupt": CorruptFileError,
    "format": CorruptFileError,
    "embedder": EmbeddingFailedError,
    "model": EmbeddingFailedError,
    "remote": EmbeddingFailedError,
    "sealed": EncryptionError,
}
_BY_KIND: dict[str, type[MemvidError]] = {
    "ner": NerModelNotAvailableError,
    "clip": ClipIndexDisabledError,
}


def _class_of(error: EngramError) -> type[MemvidError]:
    """Say what an error of engram is called here."""
    if error.code.startswith("model.") and error.details.get("kind") in _BY_KIND:
        return _BY_KIND[error.details["kind"]]
    family = error.code.partition(".")[0]
    return _EXACT.get(error.code) or _FAMILIES.get(family, MemvidError)


@contextmanager
def mapped(otherwise: type[MemvidError] | None = None) -> Iterator[None]:
    """Turn errors of engram into those of memvid-sdk; the first is the cause of the second.

    Args:
        otherwise: The class for a missing package or model, where the block needs one model alone.
    """
    try:
        yield
    except EngramError as error:
        kind = _class_of(error)
        if otherwise is not None and error.code.startswith(("model.", "extra.")):
            kind = otherwise
        code = error.code if kind is MemvidError else None
        raise kind(error.message, error.hint, error.details, code=code) from error


def get_error_suggestion(code: str) -> str | None:
    """Say what an error of that code means, or None for a code that is none."""
    for name in __all__:
        kind = globals()[name]
        if (
            isinstance(kind, type)
            and getattr(kind, "code", None) == code
            and kind is not MemvidError
        ):
            return (kind.__doc__ or "").partition(": ")[2] or None
    return None
