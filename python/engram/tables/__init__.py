"""The tables of files: rows, columns, and where in the file each table is.

Owns: the public names of reading tables of PDF, Excel, Word, PowerPoint, HTML, EPUB, Markdown and
CSV files. ``engram[documents]`` brings the libraries.
"""

from __future__ import annotations

from engram.tables.reading import read_tables
from engram.tables.table import Table

__all__ = ["Table", "read_tables"]
