"""The writing half of a collection.

Owns: `Collection`: put, update, delete, import, and the policy of what is embedded: a record with
text and without a vector of its own gets one from the collection's embedder, in the space ``text``.
Invariant: embedding happens before the write lock is taken. Each call is one commit (`put_many`:
one per batch), or joins the open transaction of this thread or task.
"""

from __future__ import annotations

from collections.abc import Sized

from engram.checks import optional_str, proper_str, str_ids
from engram.edge_writing import GraphWriting
from engram.embed.calling import embed_documents
from engram.errors import Conflict, EngramError, InvalidInput, NotFound
from engram.filtering import filter_text
from engram.ingest import (
    BATCH_RECORDS,
    Batch,
    by_space,
    from_columns,
    from_records,
    one_record,
    vectors_of,
)
from engram.planning import TEXT_SPACE
from engram.query import ignore_missing
from engram.reading import CollectionView, _absent
from engram.reembedding import Reembedding
from engram.settings import Settings, declare

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from types import EllipsisType
    from typing import Any, TypeVar

    from engram import _native
    from engram.database import Database
    from engram.spaces import Space
    from engram.transaction import Transaction
    from engram.types import Embedder, ExportFormat, Frame, Metadata, Missing, Vector, Where

    Progress = Callable[[int, int | None], None]
    _T = TypeVar("_T")

__all__ = ["Collection"]


class Collection(CollectionView, GraphWriting, Reembedding):
    """A set of records in a database. Made by `Database.collection`; safe to share by threads."""

    __slots__ = ("_checked", "_database", "_settings", "_spaces", "_transaction")

    def __init__(
        self,
        database: Database,
        name: str,
        settings: Settings,
        embedder: Callable[[], Embedder | None],
        transaction: Transaction | None,
        spaces: Mapping[str, Space] | None = None,
    ) -> None:
        """Make a collection object; it touches the file at its first use."""
        source = database._view if transaction is None else transaction._view
        super().__init__(name, source, embedder)
        self._database = database
        self._settings = settings
        self._transaction = transaction
        self._spaces = dict(spaces or {})
        self._checked = not settings.asks() and not spaces

    def _past(self, point: str | int | datetime) -> _native.View:
        return self._database.at(point)._view()

    def put(
        self,
        id: str,
        *,
        text: str | None = None,
        metadata: Metadata | None = None,
        vector: Vector | None = None,
        vectors: Mapping[str, Vector] | None = None,
    ) -> None:
        """Insert a record, or replace the one of that id as a whole.

        Args:
            id: The record's name, 1 to ``LIMITS["id_bytes"]`` bytes of UTF-8.
            text: Its text. Without a vector, the collection's embedder makes one for it.
            metadata: A JSON object of any depth up to ``LIMITS["metadata_depth"]``.
            vector: Its vector in the space ``"vector"``, stored as float32.
            vectors: Its vectors by space name.

        Raises:
            InvalidInput: ``input.invalid``, ``input.limit``, ``input.dimension``,
                ``input.not_finite``, ``input.zero_vector``, ``embedder.mismatch``,
                ``embedder.invalid``.
            Conflict: ``file.read_only``, ``collection.mismatch``.
            Busy: ``lock.timeout``.
            Io: ``io.failed``, ``io.full``, ``io.poisoned``.
        """
        record = {
            "id": id,
            "text": text,
            "metadata": metadata,
            "vector": vector,
            "vectors": vectors,
        }
        self._store(one_record(record))

    def put_many(  # noqa: PLR0913 - rows or columns, and how
        self,
        records: Iterable[Mapping[str, Any]] | Frame | None = None,
        *,
        ids: Sequence[str] | None = None,
        texts: Sequence[str | None] | None = None,
        metadata: Sequence[Metadata | None] | None = None,
        vectors: Any = None,
        batch_size: int = BATCH_RECORDS,
        progress: Progress | None = None,
    ) -> int:
        """Insert or replace many records, one commit per batch.

        Args:
            records: An iterable of dicts with the keys ``id``, ``text``, ``metadata``, ``vector``,
                ``vectors``; or a pandas or polars data frame, a pyarrow table or record batch with
                columns of these names (``vectors.<space>`` for a vector by name), in which other
                columns become metadata. Of equal ids the last wins.
            ids: Instead of `records`: the ids, with the other columns beside it.
            texts: One text or None per id.
            metadata: One mapping or None per id.
            vectors: A matrix ``(n, dimension)`` for the space ``"vector"``, or matrices by space
                name; a NumPy array of any real dtype, or a sequence of vectors with None where a
                record has none.
            batch_size: Most records per commit, 1 or more. Inside a transaction nothing is
                committed before its end.
            progress: Called after each batch with records done and records in all (None where the
                input does not say).

        Returns:
            How many records were put.

        Raises:
            EngramError: As `put`. ``details`` names ``index`` and ``id`` of the bad record where
                one is to blame, and ``committed``: how many records before it are in the file.
        """
        if batch_size < 1:
            raise InvalidInput("input.invalid", f"batch_size is {batch_size}, below 1")
        if (records is None) == (ids is None):
            raise InvalidInput(
                "input.invalid",
                "put_many takes either records or ids=",
                "put_many([{...}, ...]) or put_many(ids=[...], texts=[...], vectors=matrix)",
            )
        if ids is not None:
            spaces = by_space(vectors)
            batches = from_columns(ids, texts, metadata, spaces, batch_size)
            return self._put_batches(batches, len(ids), progress)
        if texts is not None or metadata is not None or vectors is not None:
            raise InvalidInput(
                "input.invalid", "texts=, metadata= and vectors= go with ids=, not with records"
            )
        total = len(records) if isinstance(records, Sized) else None
        return self._put_batches(from_records(records, batch_size), total, progress)

    def update(
        self,
        id: str,
        *,
        text: str | EllipsisType | None = ...,
        metadata: Metadata | None = None,
        unset: Sequence[str] = (),
        vector: Vector | None = None,
        vectors: Mapping[str, Vector | None] | None = None,
    ) -> None:
        """Change parts of a record and keep the rest.

        A new text takes its embedded vector along: it is embedded again where the record has no
        vector of its own, and an embedding of the old text never stays.

        Args:
            id: The record's id.
            text: The new text; None removes it; left out, it stays.
            metadata: Keys to set, merged key by key at the top level.
            unset: Metadata keys to remove.
            vector: The new vector of the space ``"vector"``.
            vectors: New vectors by space name; None removes one.

        Raises:
            NotFound: ``record.not_found``, ``collection.not_found``.
            InvalidInput, Conflict, Busy, Io: As `put`.
        """
        if text is not ...:
            optional_str(text, "text")
        given = {"id": proper_str(id, "the id"), "vector": vector, "vectors": vectors}
        own = vectors_of(given, 0)
        dropped = [name for name, value in (vectors or {}).items() if value is None]
        embedded: list[tuple[str, str | None, Any]] = []
        embedder = self._embedder() if isinstance(text, str) and not own else None
        if embedder is not None and isinstance(text, str):
            rows, matrix = embed_documents(embedder, [text])
            if rows:
                raw = matrix if isinstance(matrix, bytes) else matrix[0]
                embedded = [(TEXT_SPACE, embedder.identity.to_json(), raw)]
        changes: list[tuple[str, str | None, Any]] = [
            (space, None, value) for space, value in own.items()
        ]

        def change(native: _native.Transaction) -> None:
            set_vectors, drop_vectors = changes, dropped
            if text is not ...:
                row = native.view().get_many(self._name, [id], True)[0]
                present = set(row[5] or ()) if row is not None else set()
                others = present - {TEXT_SPACE} - set(dropped)
                if embedded and not others:
                    set_vectors = changes + embedded
                elif TEXT_SPACE in present and TEXT_SPACE not in own:
                    drop_vectors = [*dropped, TEXT_SPACE]
            native.update(
                self._name,
                id,
                text is not ...,
                text if isinstance(text, str) else None,
                None if metadata is None else dict(metadata),
                str_ids(unset),
                set_vectors,
                drop_vectors,
            )

        self._write(change)

    def delete(self, *ids: str) -> int:
        """Delete records by id, in one commit.

        Returns:
            How many of them there were.

        Raises:
            InvalidInput: ``input.invalid`` where an id is no str.
        """
        wanted = str_ids(ids)
        return self._write_existing(lambda native: native.delete(self._name, wanted))

    def delete_where(self, where: Where, *, missing: Missing = "error") -> int:
        """Delete the records that match a filter, in one commit.

        Returns:
            How many matched.

        Raises:
            InvalidInput: ``filter.syntax``, ``filter.unknown_field``.
        """
        ignore = ignore_missing(missing)
        condition = filter_text(where)
        if condition is None:
            raise InvalidInput(
                "input.invalid",
                "delete_where needs a condition",
                "to delete every record, delete the collection",
            )
        return self._write_existing(
            lambda native: native.delete_where(self._name, condition, ignore)
        )

    def import_(
        self,
        path: str | os.PathLike[str],
        format: ExportFormat | None = None,
        *,
        batch_size: int = BATCH_RECORDS,
        progress: Progress | None = None,
    ) -> int:
        """Put the records of a JSON Lines or Parquet file, as `export` wrote it or of your own.

        An exported record comes back exactly: vectors, embedder identities, times and edges
        included. A record without vectors from elsewhere is embedded as `put` does.

        Args:
            path: The file: ``.jsonl``, ``.jsonl.gz`` or ``.parquet``.
            format: The format, where the name does not tell.
            batch_size: Most records per commit.
            progress: As in `put_many`.

        Returns:
            How many records were put.

        Raises:
            Io: ``file.not_found``, ``io.failed``.
            MissingExtra: ``extra.missing`` for Parquet without pyarrow.
            EngramError: As `put_many`; ``details["line"]`` names a line that is no record.
        """
        from engram.transfer import import_batches, import_edges

        batches, total = import_batches(path, format, batch_size)
        done = self._put_batches(batches, total, progress)
        # An edge may lead to a record further down in the file.
        self.put_edges(import_edges(path, format), batch_size=batch_size)
        return done

    def _put_batches(
        self, batches: Iterator[Batch], total: int | None, progress: Progress | None
    ) -> int:
        """Store batches one by one, telling errors how much went before."""
        done = 0
        joined = self._joined() is not None
        try:
            for batch in batches:
                try:
                    self._store(batch)
                except EngramError as error:
                    batch.locate(error)
                    raise
                done += len(batch.ids)
                if progress is not None:
                    progress(done, total)
        except EngramError as error:
            error.details["committed"] = "0" if joined else str(done)
            raise
        return done

    def _store(self, batch: Batch) -> None:
        """Embed what needs it, then write one batch."""
        self._embed(batch)

        def write(native: _native.Transaction) -> None:
            columns = (batch.texts, batch.metadata, batch.vectors, batch.times_us)
            self._check(native)
            try:
                native.put_many(self._name, batch.ids, *columns)
            except NotFound as error:
                _absent(error)
                self._create(native)
                native.put_many(self._name, batch.ids, *columns)

        self._write(write)

    def _create(self, native: _native.Transaction) -> None:
        """Make the collection, unless another thread of the same transaction just did."""
        try:
            self._settings.create(native, self._name)
        except Conflict as error:
            if error.code != "collection.exists":
                raise
            self._settings.check(native.view(), self._name)
        self._declare(native)

    def _embed(self, batch: Batch) -> None:
        """Add the vectors of the texts that have none of their own."""
        rows, texts = batch.to_embed()
        embedder = self._embedder() if texts else None
        if embedder is None:
            return
        with_vector, matrix = embed_documents(embedder, texts)
        if with_vector:
            places = None if len(with_vector) == len(batch.ids) else [rows[i] for i in with_vector]
            batch.vectors.append((TEXT_SPACE, embedder.identity.to_json(), places, matrix))

    def _check(self, native: _native.Transaction) -> None:
        """Compare asked-for settings with the stored ones, once."""
        if not self._checked:
            view = native.view()
            self._settings.check(view, self._name)
            if self._spaces and view.describe(self._name) is not None:
                self._declare(native)
            self._checked = True

    def _declare(self, native: _native.Transaction) -> None:
        """Add the declared vector spaces."""
        embedder = self._embedder() if TEXT_SPACE in self._spaces else None
        declare(native, self._name, self._spaces, TEXT_SPACE, embedder)

    def _joined(self) -> Transaction | None:
        """Give the transaction that calls of this object join now."""
        return self._transaction or self._database._active()

    def _write(self, action: Callable[[_native.Transaction], _T]) -> _T:
        """Run an action in the open transaction, or in one of its own that it commits."""
        joined = self._joined()
        if joined is not None:
            return action(joined._open())
        native = self._database._native.begin()
        try:
            result = action(native)
        except BaseException:
            native.rollback()
            raise
        native.commit()
        return result

    def _write_existing(self, action: Callable[[_native.Transaction], int]) -> int:
        """Run an action that does nothing where the collection does not exist."""
        try:
            return self._write(action)
        except NotFound as error:
            _absent(error)
            return 0
