"""Documents in: the text of files, and where each part of it comes from.

Owns: the public names of reading PDF, Word, PowerPoint, Excel, HTML, EPUB, e-mail, Markdown, CSV,
JSON, source code and plain text. ``engram[documents]`` brings the libraries.
"""

from __future__ import annotations

from engram.extract.documents import Document, Part, Table
from engram.extract.extraction import extract
from engram.extract.limits import Limits

__all__ = ["Document", "Limits", "Part", "Table", "extract"]
