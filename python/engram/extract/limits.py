"""How much of a file is read before it is refused.

Owns: `Limits` and the error for what is beyond one. Nothing is cut off: a file beyond a limit is
an error.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from engram.errors import InvalidInput

__all__ = ["Limits", "beyond"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What `extract` reads at most. Frozen.

    Attributes:
        file_bytes: Size of the file, and of each attachment.
        unpacked_bytes: Size of all that a zip container (DOCX, PPTX, XLSX, EPUB) unpacks to.
        ratio: How many times its own size a member of a container unpacks to, from 1 MiB on.
        members: Files in a container.
        pages: Pages of a PDF file, slides of a presentation, sheets of a workbook, chapters.
        chars: Characters of text.
        cells: Cells of all tables.
        depth: How deep attachments are read: 0 lists those of the file and reads none.
        attachments: Attachments of an e-mail.
    """

    file_bytes: int = 256 * 2**20
    unpacked_bytes: int = 1024 * 2**20
    ratio: int = 200
    members: int = 20_000
    pages: int = 20_000
    chars: int = 200_000_000
    cells: int = 5_000_000
    depth: int = 3
    attachments: int = 200

    def __post_init__(self) -> None:
        """Check that each is a whole number that is not negative."""
        for one in fields(self):
            value = getattr(self, one.name)
            if type(value) is not int or value < 0:
                raise InvalidInput(
                    "input.invalid",
                    f"the limit {one.name} is {value!r}, not a whole number from 0 on",
                )

    def check(self, limit: str, actual: int, what: str) -> None:
        """Refuse what is beyond the limit of that name."""
        if actual > getattr(self, limit):
            raise beyond(limit, getattr(self, limit), actual, what)


def beyond(limit: str, allowed: int, actual: int, what: str) -> InvalidInput:
    """Build the error for a file beyond a limit."""
    return InvalidInput(
        "input.limit",
        f"the file has {what}: {actual:,}, and {limit} allows {allowed:,}",
        f"where the file can be trusted: extract(..., limits=Limits({limit}={actual}))",
        {"limit": limit, "allowed": str(allowed), "actual": str(actual)},
    )
