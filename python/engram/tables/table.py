"""A table as people use it: names of columns, rows, and the place it is from.

Owns: `Table` and the forms it is given in. Invariants: every row has as many cells as the table has
columns; `grid` is what the file shows, `rows` what it means.
"""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from engram.errors import InvalidInput, _missing_extra
from engram.extract.documents import column_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal, TypeAlias

    Format: TypeAlias = Literal["dict", "records", "csv", "pandas"]

__all__ = ["FORMATS", "Table"]

FORMATS = ("dict", "records", "csv", "pandas")
Grid = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of a file. Frozen.

    Attributes:
        header: The names of the columns as they stand, or None where the first row is data. Of
            several header rows the names above each other are one, parted by ``" / "``.
        rows: The rows under the header, as text. A cell that spans several rows is in each of them;
            one that spans several columns is in the first.
        grid: All rows, title and header among them, as they stand in the file: a cell that spans
            several is in the first of them, and the others are empty.
        title: The rows above the header that one cell fills, line by line, or None.
        source: The file, as the caller named it, or None.
        number: Which of the tables of the file it is, from 1.
        page: The page of a PDF file, from 1, or None.
        slide: The slide of a presentation, from 1, or None.
        sheet: The sheet of a workbook, or None.
        section: What the file itself calls the part that it is in (see `engram.extract.Part`).
        attachment: The attachment that it is from, or None.
        path: The headings that it stands under, outermost first.
        found: What it was found by: ``structure`` of the file, ``lines`` that rule it, or
            ``columns`` that its words stand in.
        bounds: Left, top, right, bottom on the page in points, for PDF files.
    """

    header: tuple[str, ...] | None
    rows: Grid
    grid: Grid
    title: str | None = None
    source: str | None = None
    number: int = 1
    page: int | None = None
    slide: int | None = None
    sheet: str | None = None
    section: str | None = None
    attachment: str | None = None
    path: tuple[str, ...] = ()
    found: Literal["structure", "lines", "columns"] = "structure"
    bounds: tuple[float, float, float, float] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, made unique: a column without one is called by its number."""
        width = len(self.grid[0]) if self.grid else 0
        return tuple(column_names(self.header, width))

    @property
    def place(self) -> dict[str, Any]:
        """Where it is: those of source, page, slide, sheet, section and attachment it has."""
        names = ("source", "page", "slide", "sheet", "section", "attachment")
        known = {name: getattr(self, name) for name in names}
        return {name: value for name, value in known.items() if value is not None}

    def to_dict(self) -> dict[str, Any]:
        """Give all of it in JSON-able form; `from_dict` reads it."""
        plain = asdict(self)
        plain["columns"] = list(self.columns)
        for name in ("rows", "grid"):
            plain[name] = [list(row) for row in plain[name]]
        for name in ("header", "path", "bounds"):
            plain[name] = None if plain[name] is None else list(plain[name])
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Table:
        """Make a table of what `to_dict` gave."""
        known = {one.name for one in fields(cls)}
        values = {name: value for name, value in plain.items() if name in known}
        for name in ("rows", "grid"):
            values[name] = tuple(tuple(row) for row in values[name])
        for name in ("header", "path", "bounds"):
            if values.get(name) is not None:
                values[name] = tuple(values[name])
        return cls(**values)

    def records(self) -> list[dict[str, str]]:
        """Give each row as a mapping from `columns` to cells."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def csv(self) -> str:
        """Give header (where there is one) and rows as CSV, RFC 4180, lines ending in CR LF."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerows([self.header] if self.header else [])
        writer.writerows(self.rows)
        return out.getvalue()

    def pandas(self) -> Any:
        """Give a `pandas.DataFrame` of text, with `columns`.

        Raises:
            MissingExtra: ``extra.missing`` without pandas.
        """
        try:
            import pandas as pd
        except ImportError as cause:
            raise _missing_extra("pandas", "pandas", "a table as a data frame") from cause
        return pd.DataFrame([list(row) for row in self.rows], columns=list(self.columns), dtype=str)

    def as_format(self, format: Format) -> Any:
        """Give it as ``dict``, ``records``, ``csv`` or ``pandas``.

        Raises:
            InvalidInput: ``input.invalid`` for another.
        """
        if format not in FORMATS:
            raise InvalidInput(
                "input.invalid",
                f"a table has no format {format!r}",
                f"one of {', '.join(FORMATS)}",
            )
        forms = {
            "dict": self.to_dict,
            "records": self.records,
            "csv": self.csv,
            "pandas": self.pandas,
        }
        return forms[format]()


def checked_pages(pages: Sequence[int] | None) -> frozenset[int] | None:
    """Check the numbers of pages that are asked for; None is all."""
    if pages is None:
        return None
    wanted = list(pages) if not isinstance(pages, (int, str)) else [pages]
    if not wanted or any(type(page) is not int or page < 1 for page in wanted):
        raise InvalidInput(
            "input.invalid", f"pages={pages!r}: not numbers of pages", "pages=[1, 2], from 1 on"
        )
    return frozenset(wanted)
