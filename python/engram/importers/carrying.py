"""Collections on their way from another system into a database.

Owns: `Found` and `Rows`, which a reader of a system makes, `carry`, which puts them, and the
report. Invariants: ids and vectors are put as the system gives them; what engram cannot hold is
left out and counted, never changed in silence; nothing is embedded. Limits: memory stays at one
batch.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from engram.errors import EngramError, InvalidInput, Io, NotFound, _missing_extra
from engram.importers.values import Values, checked_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import ModuleType

    from engram.collection import Collection
    from engram.database import Database
    from engram.types import Metric

    Progress = Callable[[int, int | None], None]

__all__ = [
    "BATCH_RECORDS",
    "Found",
    "ImportReport",
    "ImportedCollection",
    "Rows",
    "carry",
    "chosen",
    "foreign",
    "package",
]

BATCH_RECORDS = 2_000
"""Records that are read, and committed, at a time."""

_METRICS: dict[str, Metric] = {
    "cosine": "cosine",
    "dot": "dot",
    "ip": "dot",
    "inner_product": "dot",
    "l2": "l2",
    "euclid": "l2",
    "euclidean": "l2",
}
"""What other systems call the metrics that engram has."""


@dataclass
class Rows:
    """Some records, in columns of equal length; None stands where a record has nothing."""

    ids: list[str]
    texts: Sequence[str | None] | None = None
    metadata: Sequence[dict[str, Any] | None] | None = None
    vectors: dict[str, Any] = field(default_factory=dict)


@dataclass
class Found:
    """A collection of another system.

    Attributes:
        name: Its name there.
        metrics: What it compares vectors with, in that system's words; one where all spaces agree.
        count: How many records it says it has, or None.
        rows: Its records, batch by batch.
        notes: What cannot be carried over, in words. A reader may add to it while it reads.
    """

    name: str
    metrics: set[str]
    count: int | None
    rows: Iterator[Rows]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ImportedCollection:
    """One collection that was carried over.

    Attributes:
        name: Its name in the source.
        collection: Its name in the database.
        metric: ``cosine``, ``dot`` or ``l2``.
        records: How many records were put.
        texts: How many of them have a text.
        vectors: How many of them have a vector, by space.
        changed: Values that were put in another form, by what they were.
        left_out: Values that were not put, by what they were.
        notes: What else could not be carried over, in words.
    """

    name: str
    collection: str
    metric: str
    records: int
    texts: int
    vectors: dict[str, int]
    changed: dict[str, int]
    left_out: dict[str, int]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ImportReport:
    """What an import carried over, and what it could not."""

    source: str
    collections: tuple[ImportedCollection, ...]

    @property
    def records(self) -> int:
        """How many records were put."""
        return sum(one.records for one in self.collections)

    def to_dict(self) -> dict[str, Any]:
        """Give the report as JSON-able data."""
        plain: dict[str, Any] = asdict(cast("Any", self))
        return plain | {"records": self.records}


def package(name: str, extra: str) -> ModuleType:
    """Import the package of another system, or say how to install it."""
    try:
        return import_module(name)
    except ImportError as cause:
        raise _missing_extra(name, extra, f"import from {extra}") from cause


@contextmanager
def foreign(what: str, source: object) -> Iterator[None]:
    """Turn whatever another system raises into an `Io` error that names it."""
    try:
        yield
    except EngramError:
        raise
    except Exception as cause:
        told = f"{type(cause).__name__}: {cause}"
        raise Io("io.failed", f"{what} cannot read {source}: {told:.500}") from cause


def chosen(there: Iterable[str], wanted: Sequence[str] | None) -> list[str]:
    """Give the names to import: those that were asked for, or all.

    Raises:
        NotFound: ``collection.not_found``.
    """
    names = sorted(there)
    if wanted is None:
        return names
    missing = [name for name in wanted if name not in names]
    if isinstance(wanted, str):
        raise InvalidInput("input.invalid", "collections is one str", f"pass [{wanted!r}]")
    if missing:
        raise NotFound(
            "collection.not_found",
            f"the source has no collection {missing[0]!r}",
            f"it has {', '.join(names) or 'none'}",
        )
    return list(wanted)


def carry(
    source: str,
    database: Database,
    found: Sequence[Found],
    into: str | None,
    metric: Metric | None,
    progress: Progress | None,
) -> ImportReport:
    """Put collections into a database.

    Args:
        source: What they come from.
        database: Where they go.
        found: The collections.
        into: The name of the one collection there is; their own names unless given.
        metric: What they are compared with here; as there unless given.
        progress: Called with records done and records in all.
    """
    if into is not None and len(found) != 1:
        raise InvalidInput(
            "input.invalid",
            f"{len(found)} collections cannot all become {into!r}",
            "choose one of them, or leave the name out",
            {"collections": ", ".join(one.name for one in found)},
        )
    totals = [one.count for one in found]
    total = None if None in totals else sum(count or 0 for count in totals)
    # Every target is checked before the first record is put.
    targets = [_target(database, one, into or one.name, metric) for one in found]
    done = 0
    carried = []
    for one, (name, mapped) in zip(found, targets, strict=True):
        made = _carry_one(source, database, one, name, mapped, done, total, progress)
        done += made.records
        carried.append(made)
    return ImportReport(source, tuple(carried))


def _target(
    database: Database, found: Found, name: str, metric: Metric | None
) -> tuple[Collection, Metric]:
    """Give the collection that a found one becomes, and its metric."""
    mapped = metric or _mapped(found)
    target = database.collection(name, metric=mapped, embedder=None)
    return target, mapped


def _mapped(found: Found) -> Metric:
    """Give the metric of engram that a collection's metric is."""
    known = {_METRICS[word.lower()] for word in found.metrics if word.lower() in _METRICS}
    unknown = sorted(word for word in found.metrics if word.lower() not in _METRICS)
    if len(known) == 1 and not unknown:
        return known.pop()
    said = ", ".join(sorted(found.metrics))
    raise InvalidInput(
        "input.invalid",
        f"collection {found.name!r} compares by {said or 'a metric it does not tell'}; "
        "a collection here has one metric: cosine, dot or l2",
        "choose one with metric=",
        {"collection": found.name, "metrics": said},
    )


def _read(source: str, found: Found) -> Iterator[Rows]:
    """Read a collection; what the other system raises is told from what engram does."""
    with foreign(source, found.name):
        yield from found.rows


def _carry_one(  # noqa: PLR0913 - one step of carry
    source: str,
    database: Database,
    found: Found,
    target: Collection,
    metric: Metric,
    before: int,
    total: int | None,
    progress: Progress | None,
) -> ImportedCollection:
    """Put one collection."""
    if target.name not in database:
        database.create_collection(target.name, metric=metric)
    values, vectors = Values(), Counter[str]()
    records = texts = 0
    for rows in _read(source, found):
        spaces = checked_vectors(rows, metric, values)
        for space, column in spaces.items():
            vectors[space] += sum(one is not None for one in column)
        metadata = None
        if rows.metadata is not None:
            metadata = [values.mapping(one) for one in rows.metadata]
        target.put_many(
            ids=rows.ids,
            texts=rows.texts,
            metadata=metadata,
            vectors=spaces,
            batch_size=max(len(rows.ids), 1),
        )
        records += len(rows.ids)
        texts += sum(text is not None for text in rows.texts or ())
        if progress is not None:
            progress(before + records, total)
    notes = list(found.notes)
    if found.count is not None and found.count != records:
        notes.append(f"the source counts {found.count:,} records and gave {records:,}")
    return ImportedCollection(
        name=found.name,
        collection=target.name,
        metric=metric,
        records=records,
        texts=texts,
        vectors=dict(vectors),
        changed=dict(values.changed),
        left_out=dict(values.left_out),
        notes=tuple(notes),
    )
