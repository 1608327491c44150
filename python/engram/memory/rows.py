"""Tables as the memory keeps them: a record for each table, and one for each row.

Owns: the records of ``<name>.tables``, and `TableInfo` and `TableRow`, which are read from them.
The id of a table is ``<document>#t<number>``, that of a row has ``/<row>`` behind it. A row's
columns are at the top level of its metadata, so that filters name them as the table does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engram.memory.finds import About
from engram.memory.layout import RESERVED
from engram.tables.table import Table
from engram.tables.values import row_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from engram.records import Record

__all__ = [
    "TableInfo",
    "TableRow",
    "row_text",
    "rows_of",
    "table_id",
    "table_of",
    "table_records",
]

_PLACE = ("page", "slide", "sheet", "section", "attachment", "path")
_HEAD = ("header", "title", "found", "bounds", "source")
_SHADOWED = f"{RESERVED} (column)"
"""What a column is called that has the memory's own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableInfo:
    """One table of a memory. Frozen.

    Attributes:
        id: Its id, for `Memory.get_table`.
        document: Which document it is from.
        number: Which of that document's tables it is, from 1.
        title: The rows above its header that one cell fills, or None.
        columns: The names of its columns, as filters write them.
        rows: How many rows it has.
        place: Where it is: those of page, slide, sheet, section, attachment and path it has.
        found: ``structure``, ``lines`` or ``columns``, see `engram.tables.Table.found`.
    """

    id: str
    document: About
    number: int
    title: str | None
    columns: tuple[str, ...]
    rows: int
    place: Mapping[str, Any]
    found: str

    @property
    def page(self) -> int | None:
        """Its page, from 1, where the document has pages."""
        page: int | None = self.place.get("page")
        return page

    @classmethod
    def of(cls, record: Record) -> TableInfo:
        """Read the record of a table."""
        about = record.metadata[RESERVED]
        head = about["head"]
        return cls(
            id=record.id,
            document=About.of(about),
            number=about["number"],
            title=head["title"],
            columns=tuple(head["columns"]),
            rows=head["rows"],
            place={name: about[name] for name in _PLACE if name in about},
            found=head["found"],
        )

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        plain = {name: getattr(self, name) for name in ("id", "number", "title", "rows", "found")}
        about = self.document.to_dict()
        return {**plain, "columns": list(self.columns), "document": about, **self.place}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One row of a table that was found. Frozen.

    Attributes:
        table: The id of its table.
        row: Which row of the table it is, from 1; the header is none.
        cells: Its cells by column, as they stand in the file.
        values: The same as filters see them: numbers where the whole column is of numbers. Cells
            that say nothing are left out.
        document: Which document it is from.
        number: Which of that document's tables it is in, from 1.
        place: Where it is, as in `TableInfo`.
        score: How well it fits the query, where there was one.
    """

    table: str
    row: int
    cells: dict[str, str]
    values: dict[str, int | float | str] = field(repr=False)
    document: About
    number: int
    place: Mapping[str, Any]
    score: float | None = None

    @property
    def page(self) -> int | None:
        """Its page, from 1, where the document has pages."""
        page: int | None = self.place.get("page")
        return page

    @classmethod
    def of(cls, metadata: Mapping[str, Any], score: float | None = None) -> TableRow:
        """Read the metadata of a row."""
        about = metadata[RESERVED]
        return cls(
            table=about["table"],
            row=about["row"],
            cells=dict(zip(about["columns"], about["cells"], strict=True)),
            values={name: value for name, value in metadata.items() if name != RESERVED},
            document=About.of(about),
            number=about["number"],
            place={name: about[name] for name in _PLACE if name in about},
            score=score,
        )

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        plain = {name: getattr(self, name) for name in ("table", "number", "row", "cells", "score")}
        return {**plain, "document": self.document.to_dict(), **self.place}


def table_id(document: str, number: int) -> str:
    """Give the id of a document's table by its number, from 1."""
    return f"{document}#t{number}"


def rows_of(table: str) -> str:
    """Give how the ids of a table's rows begin."""
    return f"{table}/"


def row_text(table: Table, row: Sequence[str]) -> str:
    """Give a row as text: its cells by the names of their columns."""
    named = zip(table.columns, row, strict=True)
    cells = (f"{name}: {cell}" if table.header else cell for name, cell in named if cell)
    return " | ".join(" ".join(cell.split()) for cell in cells)


def table_records(table: Table, shared: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the records of a table: its own, then those of its rows.

    Args:
        table: The table.
        shared: What the records repeat of the document.
    """
    identity = table_id(shared["id"], table.number)
    about = {**shared, "table": identity, "number": table.number}
    about |= {name: value for name in _PLACE if (value := getattr(table, name)) not in (None, ())}
    if table.path:
        about["path"] = list(table.path)
    columns = list(table.columns)
    top = table.grid[: len(table.grid) - len(table.rows)]
    plain = table.to_dict()
    head = {name: plain[name] for name in _HEAD}
    head |= {"columns": columns, "rows": len(table.rows), "top": [list(row) for row in top]}
    text = " | ".join([*([table.title] if table.title else []), *(table.header or ())])
    yield {"id": identity, "text": text or None, "metadata": {RESERVED: {**about, "head": head}}}
    names = [_SHADOWED if name == RESERVED else name for name in columns]
    values = row_values(table.rows)
    below = table.grid[len(top) :]
    for number, (row, as_set, typed) in enumerate(zip(table.rows, below, values, strict=True), 1):
        own = {**about, "row": number, "columns": columns, "cells": list(row)}
        if as_set != row:
            own["as_set"] = list(as_set)
        known = {name: value for name, value in zip(names, typed) if value is not None}
        yield {
            "id": f"{rows_of(identity)}{number}",
            "text": row_text(table, row) or None,
            "metadata": {**known, RESERVED: own},
        }


def table_of(head: Record, rows: Sequence[Record]) -> Table:
    """Make a table of its records again."""
    about = head.metadata[RESERVED]
    kept = sorted((one.metadata[RESERVED] for one in rows), key=lambda one: int(one["row"]))
    below = [one.get("as_set", one["cells"]) for one in kept]
    facts = {name: about["head"][name] for name in _HEAD}
    place = {name: about[name] for name in _PLACE if name in about}
    return Table.from_dict(
        {
            **facts,
            **place,
            "number": about["number"],
            "path": about.get("path", []),
            "rows": [one["cells"] for one in kept],
            "grid": [*about["head"]["top"], *below],
        }
    )
