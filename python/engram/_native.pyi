"""The Rust core. Private: use the classes of `engram`, which own defaults, policy and messages.

Conventions of this module:

- Times are microseconds since 1970-01-01 UTC.
- A vector comes in as a sequence of numbers, a NumPy array (any real dtype, made float32), or
  `bytes` of little-endian float32; it leaves as NumPy float32 ``(dimension,)``, C-order, a copy.
- A matrix comes in as a sequence of vectors, a NumPy array ``(n, dimension)``, or `bytes` of
  ``n * dimension`` little-endian float32 values.
- An embedding comes in as a vector, a dict of weights by dimension (sparse), or a matrix
  (multi-vector), and leaves alike.
- A row is ``(id, text, metadata, created_us, updated_us, vectors)``; ``vectors`` is a dict of
  NumPy arrays by space name, or None where they were not asked for.
- Every error is an `engram.errors.EngramError` subclass with a code of the table in
  ``docs/internals/errors.md``.
"""

from collections.abc import Callable, Sequence
from typing import Any, final

Row = tuple[str, str | None, dict[str, Any], int, int, dict[str, Any] | None]
"""What was not asked for is None."""

RetrieverAsk = tuple[
    str, str, str | None, str | None, object, float | None, float | None, float, bool, float, int
]
"""``(kind, name, space, identity, value, weight, min_score, recall, exact, trust, threads)``; kind is lexical,
dense, sparse (value: a dict of weights by dimension) or multi (value: a matrix)."""

Ask = tuple[
    Sequence[RetrieverAsk],
    str | None,
    bool,
    tuple[list[str], int, tuple[list[str] | None, str]] | None,
    int,
    int,
    int | None,
    str,
    tuple[float | None, float | str | None, float | None, tuple[str, int] | None],
    tuple[float, float],
    tuple[bool, tuple[str, int, int] | None, tuple[list[str], int] | None],
]
"""``(retrievers, where, ignore_missing, (starts, hops, (types, direction)), k, offset, candidates,
fusion, (min_score, cutoff, diversity, (group_by, group_size)), (feedback, hop),
(explain, (text, chars, count) of snippets, (paths, limit) of facets))``."""

__version__: str
FORMAT_VERSION: tuple[int, int]
LIMITS: dict[str, int]
"""Every limit of the file by name: id_bytes, collection_name_bytes, snapshot_name_bytes,
text_bytes, metadata_bytes, metadata_depth, vectors_per_record, vector_name_bytes, dimension,
record_bytes, transaction_bytes, k."""

def error_codes() -> list[tuple[str, str]]:
    """Every error code of the core with its class, in table order."""

@final
class Database:
    """An open file with its locks, or a private in-memory database. Threads may share it."""

    @staticmethod
    def open(
        path: str | None,
        read_only: bool,
        create: bool,
        lock_timeout_ms: int,
        relaxed: bool,
    ) -> Database:
        """Open a file, or a private in-memory database where `path` is None."""

    @property
    def path(self) -> str | None:
        """The file; None for an in-memory database."""

    @property
    def read_only(self) -> bool:
        """Whether the handle refuses to write."""

    @property
    def closed(self) -> bool:
        """Whether the handle was closed."""

    def close(self) -> None:
        """Close the handle; a second time does nothing."""

    def view(self) -> View:
        """The latest commit of any process. One atomic load when nothing is new."""

    def view_at_snapshot(self, name: str) -> View:
        """The commit that a snapshot keeps."""

    def view_at_commit(self, commit: int) -> View:
        """A commit by its number, where it is still kept."""

    def view_at_time(self, time_us: int) -> View:
        """The last commit at or before a moment."""

    def begin(self) -> Transaction:
        """Take the write lock (waiting at most `lock_timeout_ms`) and start a transaction."""

    def create_snapshot(self, name: str) -> dict[str, Any]:
        """Return ``{"name", "commit", "time_us"}`` as `list_snapshots` does."""

    def restore_snapshot(self, name: str) -> dict[str, Any]:
        """Make the snapshot the latest commit; return it as `create_snapshot` does."""

    def delete_snapshot(self, name: str) -> bool:
        """Forget a snapshot; say whether there was one."""

    def list_snapshots(self) -> list[dict[str, Any]]:
        """Sorted by name."""

    def stats(self) -> dict[str, Any]:
        """``{"commit", "time_us", "generation", "file_bytes", "live_bytes", "dead_bytes",
        "free_bytes", "log_bytes", "segments", "records", "edges", "snapshots", "durability",
        "collections": {name: {"records", "edges", "segments", "live_bytes", "spaces": [...]}}}``."""

    def verify(self, deep: bool) -> dict[str, Any]:
        """``{"ok", "deep", "commit", "records", "edges", "segments", "blocks", "problems":
        [{"code", "message", "where"}]}``."""

    def optimize(self) -> dict[str, Any]:
        """``{"bytes_before", "bytes_after", "records", "edges", "segments"}``."""

    def backup(self, path: str) -> dict[str, Any]:
        """``{"bytes", "records", "commit"}``. Fails where `path` exists."""

    def lock_owner(self) -> dict[str, Any] | None:
        """``{"pid", "host", "since_us"}`` of the process that holds the write lock, or None. A lock
        of this handle's own transaction counts too."""

def doctor(
    path: str, dry_run: bool, rebuild: bool, vacuum: bool, lock_timeout_ms: int
) -> dict[str, Any]:
    """``{"ok", "dry_run", "problems": [...], "actions": [...], "dropped": [...],
    "records_kept", "records_dropped", "edges_kept", "edges_dropped", "bytes_before", "bytes_after"}``.

    `rebuild` makes the derived parts again from the records; `vacuum` reclaims space even where
    nothing is wrong. Without either, a sound file is left untouched.
    """

@final
class View:
    """One commit, immutable: every call answers from it."""

    @property
    def commit(self) -> int:
        """Its number."""

    @property
    def time_us(self) -> int:
        """When it was made."""

    def collections(self) -> list[str]:
        """Names, sorted."""

    def describe(self, collection: str) -> dict[str, Any] | None:
        """``{"name", "metric", "language", "stop_words", "k1", "b", "records", "created_us",
        "spaces": [{"name", "kind", "dimension", "element", "truncate", "identity", "records"}]}``, or None."""

    def get_many(self, collection: str, ids: Sequence[str], vectors: bool) -> list[Row | None]:
        """Rows in the order of the ids, None for each that is not there."""

    def contains(self, collection: str, id: str) -> bool:
        """Whether there is a record of that id."""

    def count(self, collection: str, where: str | None, ignore_missing: bool) -> int:
        """How many records match."""

    def scan(
        self, collection: str, where: str | None, ignore_missing: bool, vectors: bool
    ) -> Cursor:
        """Go through the records that match."""

    def facets(
        self,
        collection: str,
        where: str | None,
        ignore_missing: bool,
        paths: Sequence[str],
        limit: int,
    ) -> list[tuple[list[tuple[Any, int]], int]]:
        """For each path (in filter syntax) the most frequent values with their counts, and how many
        distinct ones there are."""

    def query(self, collection: str, ask: Ask, include: tuple[bool, bool, bool]) -> Answer:
        """Answer one query; `include` says whether text, metadata, vectors are read."""

    def query_many(
        self,
        collection: str,
        asks: Sequence[Ask],
        include: tuple[bool, bool, bool],
        threads: int,
    ) -> list[Answer]:
        """Answer several queries in their order, on up to `threads` threads."""

    def recall_check(
        self, collection: str, space: str, sample: int, k: int, recall: float
    ) -> dict[str, Any]:
        """``{"sample", "recall", "worst", "took_ms", "exact_ms", "compared_all"}``: stored embeddings
        asked for by codes and exactly; `compared_all` counts those that did not go by codes."""

    def live_spaces(self, collection: str) -> list[tuple[str, str, int, str | None]] | None:
        """``(name, kind, dimension, identity)`` of the spaces that any live record has an embedding
        in; None where there is no such collection."""

@final
class Answer:
    """What a query found. Hits are made when they are asked for."""

    def __len__(self) -> int:
        """Count the hits."""

    @property
    def commit(self) -> int:
        """The commit that answered."""

    def ids(self) -> list[str]:
        """The ids of the hits, best first."""

    def scores(self) -> list[float]:
        """Their scores, in the same order."""

    def hit(
        self, index: int
    ) -> tuple[Row, float, dict[str, float], list[tuple[str, int, int, list[tuple[int, int]]]]]:
        """``(row, score, score by retriever, snippets: (text, start, end, [(start, end)]))``, in characters."""

    def facets(self) -> list[tuple[list[tuple[Any, int]], int]]:
        """For each path that was asked for its values with their counts, and how many there are."""

    def report(self) -> dict[str, Any]:
        """``{"records", "matched", "candidates", "more", "cut_short", "retrievers": [{"name", "records", "found",
        "exact", "weight", "notes"}], "steps": [(name, rows, microseconds)]}``."""

@final
class Cursor:
    """The records of a scan, of one view."""

    def next_batch(self, limit: int) -> list[Row]:
        """The next rows, empty at the end. The order is stable within one view, else unspecified."""

@final
class Transaction:
    """Holds the write lock until `commit` or `rollback`; dropping it rolls back."""

    def view(self) -> View:
        """The transaction's own state, its uncommitted writes included."""

    def create_collection(
        self,
        name: str,
        metric: str,
        language: str,
        stop_words: str,
        k1: float | None,
        b: float | None,
    ) -> None:
        """k1 and b follow the length of texts where they are None."""
    def add_space(
        self,
        collection: str,
        name: str,
        kind: str,
        dimension: int,
        element: str,
        truncate: bool,
        identity: str | None,
    ) -> None:
        """Declare a vector space; the same one again is fine."""

    def delete_collection(self, name: str) -> bool:
        """Delete a collection with its records; say whether there was one."""

    def put_many(
        self,
        collection: str,
        ids: Sequence[str],
        texts: Sequence[str | None] | None,
        metadata: Sequence[dict[str, Any] | None] | None,
        vectors: Sequence[tuple[str, str | None, Sequence[int] | None, Any]],
        times_us: Sequence[tuple[int, int] | None] | None,
    ) -> None:
        """Insert or replace records; the last of equal ids wins.

        Args:
            vectors: ``(space, identity or None, rows, matrix)``: row j of the matrix, or item j of
                a list of embeddings, belongs to record ``rows[j]`` (all records in order where rows is None).
            times_us: ``(created, updated)`` for records that bring their own, as an import does.
        """

    def update(
        self,
        collection: str,
        id: str,
        set_text: bool,
        text: str | None,
        metadata: dict[str, Any] | None,
        unset: Sequence[str],
        vectors: Sequence[tuple[str, str | None, Any]],
        drop_vectors: Sequence[str],
    ) -> None:
        """Merge `metadata` key by key at the top level and remove the `unset` keys."""

    def delete(self, collection: str, ids: Sequence[str]) -> int:
        """Delete records by id; return how many there were."""

    def delete_where(self, collection: str, where: str, ignore_missing: bool) -> int:
        """Delete the records that match; return how many did."""

    def commit(self) -> int:
        """Make it durable and return the commit number (the old one where nothing changed)."""

    def rollback(self) -> None:
        """Drop the writes and give the lock back."""

EdgeRow = tuple[str, str, str, dict[str, Any]]
"""``(source, type, target, properties)``"""

Which = tuple[Sequence[str] | None, str]
"""Edge types, or None for any, and ``out``, ``in`` or ``both``."""

def graph_edge(view: View, collection: str, key: tuple[str, str, str]) -> EdgeRow | None:
    """One edge by source, type and target."""

def graph_edges(view: View, collection: str, id: str, which: Which) -> list[EdgeRow]:
    """By source, type and target."""

def graph_degree(view: View, collection: str, id: str, which: Which) -> int:
    """How many edges a record has."""

def graph_types(view: View, collection: str) -> dict[str, int]:
    """How many edges of each type there are."""

def graph_scan(view: View, collection: str) -> EdgeCursor:
    """Go through all edges."""

def graph_neighbors(
    view: View, collection: str, id: str, which: Which, hops: int, limit: int | None
) -> dict[str, int]:
    """Ids with their distance, nearest first, then by id, without `id` itself."""

def graph_path(
    view: View,
    collection: str,
    start: str,
    end: str,
    which: Which,
    weight: str | None,
    max_hops: int | None,
) -> tuple[list[str], list[tuple[str, str, str]], float] | None:
    """``(ids, edges, cost)``. `max_hops` is not looked at where `weight` is given."""

def graph_pagerank(
    view: View,
    collection: str,
    seeds: Sequence[tuple[str, float]],
    which: Which,
    damping: float,
    epsilon: float,
    limit: int | None,
) -> dict[str, float]:
    """Best first, then by id."""

def graph_subgraph(
    view: View, collection: str, ids: Sequence[str], which: Which, hops: int
) -> tuple[dict[str, int], list[EdgeRow]]:
    """What is near records: ids with their distance, and every edge among them."""

def graph_connect(
    view: View, collection: str, ids: Sequence[str], which: Which, max_hops: int | None
) -> tuple[dict[str, int], list[EdgeRow], list[list[str]]]:
    """What joins records: ids with their distance, the edges, and which of the ids are joined."""

def put_edges(
    transaction: Transaction,
    collection: str,
    edges: list[Any],
) -> None:
    """Insert or replace edges: tuples ``(source, type, target)`` or ``(source, type, target,
    properties or None)``. The last of equal keys wins."""

def delete_edge(transaction: Transaction, collection: str, key: tuple[str, str, str]) -> bool:
    """Delete an edge; say whether there was one."""

NEXT_SPACE: str
"""The space that is filled with the embeddings of another model; nobody else is shown it."""

def reembed_status(view: View, collection: str) -> dict[str, Any] | None:
    """``{"kind", "dimension", "element", "identity", "records"}`` of that space, where there is one."""

def reembed_count(view: View, collection: str, space: str) -> int:
    """How many records are to have an embedding in `space` and have none: those with a text, and
    without an embedding of their own."""

def reembed_pending(
    view: View, collection: str, space: str, limit: int, skip: set[str]
) -> list[tuple[str, str]]:
    """Ids and texts of some of them, those of `skip` left out."""

def reembed_begin(
    transaction: Transaction,
    collection: str,
    kind: str,
    dimension: int,
    element: str,
    truncate: bool,
    identity: str | None,
) -> bool:
    """Declare the space that is to be filled; say whether the same was there. Another is given up."""

def reembed_set(
    transaction: Transaction,
    collection: str,
    space: str,
    identity: str | None,
    ids: Sequence[str],
    texts: Sequence[str],
    matrix: Any,
) -> int:
    """Set embeddings of texts, and keep the times of the records. Those that have another text by
    now, or are gone, are passed over; return how many were set."""

def reembed_switch(transaction: Transaction, collection: str) -> None:
    """Let the space that was filled take the place of that of the texts."""

def reembed_drop(transaction: Transaction, collection: str) -> bool:
    """Give up the space that was being filled; say whether there was one."""

@final
class EdgeCursor:
    """The edges of a scan, of one view."""

    def next_batch(self, limit: int) -> list[EdgeRow]:
        """About `limit` edges, more where one record has more; empty at the end."""

@final
class StaticModel:
    """The built-in embedder: one vector per token, averaged with weights, unit length."""

    @staticmethod
    def load(path: str) -> StaticModel:
        """Read a model file."""

    @property
    def dimension(self) -> int:
        """Length of its vectors."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def revision(self) -> str:
        """Which version of it."""

    def encode(self, text: str) -> bytes | None:
        """Little-endian float32, or None where the text holds no known token."""

    def encode_batch(
        self, texts: Sequence[str], progress: Callable[[int], None] | None
    ) -> tuple[bytes, list[int]]:
        """Rows as little-endian float32, and the indices of texts without any known token
        (their rows are zero)."""
