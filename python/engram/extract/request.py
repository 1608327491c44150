"""What a reader is asked.

Owns: `Request`, which is all that a reader gets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engram.extract.building import Builder

if TYPE_CHECKING:
    from engram.extract.kinds import Kind
    from engram.extract.limits import Limits

__all__ = ["Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """A file to be read.

    Attributes:
        raw: What it holds.
        kind: What it is.
        limits: How much of it may be read.
        encoding: The encoding of its text, if the caller knows it.
        tables: Whether the tables of PDF files are looked for.
        depth: How deep in attachments it is.
    """

    raw: bytes
    kind: Kind
    limits: Limits
    encoding: str | None
    tables: bool
    depth: int

    def builder(self) -> Builder:
        """Start the document."""
        return Builder(self.limits)
