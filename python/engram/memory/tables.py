"""Tables of documents: put in, listed, given back, and asked by their cells.

Owns: `Tables`, the verbs of a memory that are about tables. Invariants: the tables of a document
are written in one commit, and deleted with it; what was put is noted in the document's own record,
so that putting them again changes nothing.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engram.checks import proper_str
from engram.errors import InvalidInput, NotFound
from engram.filtering import quoted
from engram.memory.finding import Finding
from engram.memory.keeping import Keeping
from engram.memory.layout import (
    DOC_ID,
    DOCUMENT_KEYS,
    RESERVED,
    TABLES_NOTE,
    content_hash,
)
from engram.memory.putting import Putting
from engram.memory.row_passages import RowPassages
from engram.memory.rows import TableInfo, TableRow, rows_of, table_id, table_of, table_records
from engram.tables import Table, read_tables
from engram.tables.table import FORMATS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from typing_extensions import Unpack

    from engram.access import AccessContext
    from engram.collection import Collection
    from engram.memory.base import Point
    from engram.memory.options import PutOptions
    from engram.memory.outcomes import Put
    from engram.tables.table import Format
    from engram.types import Missing, Where

__all__ = ["Tables", "TablesPut"]

_IS_TABLE = f"NOT {RESERVED}.row EXISTS"
_IS_ROW = f"{RESERVED}.row EXISTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class TablesPut:
    """What putting the tables of a file came to. Frozen.

    Attributes:
        document: What became of the document.
        status: What became of its tables: ``added``, ``replaced`` or ``unchanged``.
        tables: Its tables, in their order.
        rows: How many rows they have.
        embedded: How many rows became passages.
    """

    document: Put
    status: Literal["added", "replaced", "unchanged"]
    tables: tuple[TableInfo, ...]
    rows: int
    embedded: int

    @property
    def ids(self) -> list[str]:
        """The ids of the tables."""
        return [table.id for table in self.tables]

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        plain = {name: getattr(self, name) for name in ("status", "rows", "embedded")}
        tables = [table.to_dict() for table in self.tables]
        return {**plain, "document": self.document.to_dict(), "tables": tables}


class Tables(Putting, Finding, Keeping):
    """The verbs of a memory that are about tables."""

    def put_tables(
        self,
        file: str | os.PathLike[str] | bytes,
        *,
        embed_rows: bool = False,
        pages: Sequence[int] | None = None,
        unruled: bool = True,
        **options: Unpack[PutOptions],
    ) -> TablesPut:
        """Put a file with its tables: the document as `put` does, then all tables in one commit.

        Args:
            file: The path of the file, or what it holds: any kind that `engram.tables` reads.
            embed_rows: Make a passage of each row too, which `find` finds, with the words of its
                cells under the names of their columns.
            pages: The pages of a PDF file to look at for tables, from 1; None for all.
            unruled: Whether tables of PDF files without lines are looked for, too.
            **options: The other arguments of `put`.

        Returns:
            What it came to; no tables where the file has none.

        Raises:
            EngramError: As `put` and `engram.tables.read_tables`.
        """
        where = None if isinstance(file, bytes) else os.fspath(file)
        name = options.get("filename") or where
        tables = read_tables(
            file, kind=options.get("format"), filename=name, pages=pages, unruled=unruled
        )
        raw = file if isinstance(file, bytes) else Path(os.fspath(file)).read_bytes()
        put = self.put(file=file, **options)
        enable = options.get("enable_embedding")
        embedder = self._put_embedder(enable=enable) if embed_rows else None
        passages = RowPassages(self, tables, embedder) if embed_rows else None
        if self.db._active() is not None:
            return self._store_tables(put, tables, passages, content_hash(raw))
        with self.db.transaction():
            return self._store_tables(put, tables, passages, content_hash(raw))

    def put_pdf_tables(
        self,
        path: str | os.PathLike[str] | bytes,
        *,
        embed_rows: bool = True,
        pages: Sequence[int] | None = None,
        unruled: bool = True,
        **options: Unpack[PutOptions],
    ) -> TablesPut:
        """Put a PDF file with its tables; see `put_tables`.

        Raises:
            Corrupt: ``document.damaged`` where it is no PDF file.
        """
        options["format"] = "pdf"
        return self.put_tables(path, embed_rows=embed_rows, pages=pages, unruled=unruled, **options)

    def list_tables(
        self,
        document: str | None = None,
        *,
        scope: str | None = None,
        as_of: Point | None = None,
        access: AccessContext | None = None,
    ) -> list[TableInfo]:
        """List tables: by document, then as they stand in it.

        Args:
            document: Only those of this document, by its id or uri.
            scope: Only those of documents whose uri starts so.
            as_of: The memory as it was: a commit number, a moment or a snapshot's name.
            access: Who asks; only tables of documents that they may see are given.
        """
        filters = [_IS_TABLE, *self._table_filters(None, document, scope, as_of, access)]
        records = self._at(self.layout.tables, as_of).iterate(_all(filters), missing="ignore")
        return sorted((TableInfo.of(one) for one in records), key=_place)

    def get_table(
        self,
        id: str,
        format: Format = "dict",
        *,
        as_of: Point | None = None,
        access: AccessContext | None = None,
    ) -> Any:
        """Give a table.

        Args:
            id: Its id, from `list_tables` or a row that was found.
            format: ``"dict"`` (`engram.tables.Table.to_dict`, and ``id``), ``"records"``, ``"csv"``
                or ``"pandas"``.
            as_of: The memory as it was.
            access: Who asks.

        Raises:
            NotFound: ``record.not_found``, also where who asks may not see it.
            InvalidInput: ``input.invalid`` for another format.
            MissingExtra: ``extra.missing`` without pandas.
        """
        if format not in FORMATS:
            raise InvalidInput(
                "input.invalid", f"unknown format {format!r}", f"one of: {', '.join(FORMATS)}"
            )
        proper_str(id, "the id")
        tables = self._at(self.layout.tables, as_of)
        filters = [f"_id = {quoted(id)}", _IS_TABLE, *self._access_filters(access, as_of)]
        head = next(tables.iterate(_all(filters), missing="ignore"), None)
        if head is None:
            raise NotFound("record.not_found", f"there is no table {id!r}", "see list_tables()")
        rows = tables.iterate(f"_id STARTSWITH {quoted(rows_of(id))}", missing="ignore")
        table = table_of(head, list(rows))
        return table.to_dict() | {"id": id} if format == "dict" else table.as_format(format)

    def find_rows(  # noqa: PLR0913 - a search has this many sides
        self,
        where: Where | None = None,
        *,
        query: str | None = None,
        table: str | None = None,
        document: str | None = None,
        scope: str | None = None,
        k: int = 100,
        missing: Missing = "error",
        as_of: Point | None = None,
        access: AccessContext | None = None,
    ) -> list[TableRow]:
        """Find rows of tables by their cells, by words, or both.

        Args:
            where: A filter over columns, by the names in `TableInfo.columns`; names with other
                characters stand in back quotes: ``"`Sales / 2024` > 5 AND Region = 'North'"``. A
                column all of whose cells are numbers compares as numbers.
            query: Words to look for in the rows; best first then, else in the tables' order.
            table: Only rows of this table, by its id.
            document: Only rows of this document, by its id or uri.
            scope: Only rows of documents whose uri starts so.
            k: Most rows, 1 or more.
            missing: ``"error"`` refuses a filter on a column that no table has; ``"ignore"`` lets
                it match nothing.
            as_of: The memory as it was.
            access: Who asks; only what they may see is searched, and a filter on a column that
                nothing visible has matches nothing.

        Raises:
            InvalidInput: ``filter.syntax``, ``filter.unknown_field``, ``query.empty``,
                ``input.invalid``.
        """
        if k < 1:
            raise InvalidInput("input.invalid", f"k is {k}, below 1")
        rows = self._at(self.layout.tables, as_of)
        asked = self._filter(where, as_of)
        hides = access is not None and access.enforced
        if asked is not None and missing == "error" and not hides:
            rows.count(asked)
        own = [_IS_ROW, *self._table_filters(table, document, scope, as_of, access)]
        joined = _all([*own, *([] if asked is None else [asked])])
        if query is not None:
            hits = rows.query(query, k=k, where=joined, mode="lexical", missing="ignore")
            return [TableRow.of(hit.metadata, hit.score) for hit in hits]
        found = (TableRow.of(one.metadata) for one in rows.iterate(joined, missing="ignore"))
        return heapq.nsmallest(k, found, key=lambda one: (*_place(one), one.row))

    @property
    def _tables(self) -> Collection:
        return self.db.collection(self.layout.tables, embedder=None)

    def _table_filters(
        self,
        table: str | None,
        document: str | None,
        scope: str | None,
        as_of: Point | None,
        access: AccessContext | None,
    ) -> list[str]:
        """Write conditions on tables as filters."""
        filters = self._access_filters(access, as_of)
        if table is not None:
            filters.append(f"{RESERVED}.table = {quoted(proper_str(table, 'the table'))}")
        if document is not None:
            name = quoted(proper_str(document, "the document"))
            filters.append(f"{DOC_ID} = {name} OR {RESERVED}.uri = {name}")
        if scope is not None:
            filters.append(f"{RESERVED}.uri STARTSWITH {quoted(proper_str(scope, 'scope'))}")
        return filters

    def _store_tables(
        self, put: Put, tables: Sequence[Table], passages: RowPassages | None, hashed: str
    ) -> TablesPut:
        """Write tables within the open transaction, unless they are there."""
        record = self._documents.get(put.id)
        if record is None or record.metadata[RESERVED]["hash"] != hashed:
            raise InvalidInput(
                "input.invalid",
                f"{put.uri or put.id} changed while its tables were read",
                "put them again",
            )
        about = record.metadata[RESERVED]
        embedded = 0 if passages is None else len(passages)
        said = [[table.to_dict() for table in tables], embedded, self._embedder_name(passages)]
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
        before = about.get(TABLES_NOTE)
        status: Literal["added", "replaced", "unchanged"] = "unchanged"
        if before is None or before["digest"] != digest:
            status = "added" if before is None else "replaced"
            shared = {key: about[key] for key in DOCUMENT_KEYS if key in about}
            if before is not None:
                own_rows = f"{DOC_ID} = {quoted(put.id)} AND {_IS_ROW}"
                self._passages.delete_where(own_rows, missing="ignore")
                self._tables.delete_where(f"{DOC_ID} = {quoted(put.id)}", missing="ignore")
            for table in tables:
                self._tables.put_many(table_records(table, shared))
            if passages is not None:
                own = {name: one for name, one in record.metadata.items() if name != RESERVED}
                passages.write(own, shared, about["passages"])
            note = {"digest": digest, "count": len(tables), "embedded": embedded}
            marked = {**about, TABLES_NOTE: note}
            self._documents.update(put.id, metadata={RESERVED: marked})
        return TablesPut(
            document=put,
            status=status,
            tables=tuple(
                TableInfo.of(one)
                for one in self._tables.get_many(table_id(put.id, t.number) for t in tables)
                if one is not None
            ),
            rows=sum(len(table.rows) for table in tables),
            embedded=embedded,
        )

    def _embedder_name(self, passages: RowPassages | None) -> str | None:
        embedder = None if passages is None else passages.embedder
        return None if embedder is None else embedder.identity.to_json()


def _all(filters: Sequence[str]) -> str:
    return " AND ".join(f"({one})" for one in filters)


def _place(one: TableInfo | TableRow) -> tuple[str, str, int]:
    return (one.document.uri or "", one.document.id, one.number)
