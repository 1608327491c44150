"""What administration gives back: statistics, verification, repairs, snapshots.

Owns: frozen dataclasses over the dictionaries of `engram._native`, one for each call. Loaded when
the first of them is made, not by `import engram`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar, cast

from engram.records import _utc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = [
    "BackupReport",
    "CollectionStats",
    "DoctorReport",
    "LockOwner",
    "OptimizeReport",
    "Problem",
    "RecallReport",
    "ReembedReport",
    "SnapshotInfo",
    "SpaceInfo",
    "Stats",
    "VerifyReport",
]

_Made = TypeVar("_Made")


def make(kind: type[_Made], native: Mapping[str, Any], **extra: object) -> _Made:
    """Build a dataclass from a native dictionary; what it has no field for is left out."""
    names = {field.name for field in fields(cast("Any", kind))}
    return kind(**{k: v for k, v in native.items() if k in names} | extra)


class _Plain:
    """Adds the JSON-able form."""

    def to_dict(self) -> dict[str, Any]:
        """Give the report as JSON-able data."""
        plain: dict[str, Any] = asdict(cast("Any", self))
        return plain


@dataclass(frozen=True)
class SnapshotInfo(_Plain):
    """A named snapshot: a commit that is kept until the snapshot is deleted.

    Attributes:
        name: The snapshot's name.
        commit: The commit that it keeps.
        time_us: When that commit was made, microseconds since 1970-01-01 UTC.
    """

    name: str
    commit: int
    time_us: int

    @property
    def time(self) -> datetime:
        """When that commit was made, aware, UTC."""
        return _utc(self.time_us)


@dataclass(frozen=True)
class SpaceInfo(_Plain):
    """A vector space of a collection.

    Attributes:
        name: The space's name; ``vector`` and ``text`` are the two that engram fills itself.
        kind: ``dense``, ``sparse`` or ``multi``.
        dimension: Length of its vectors; 0 for a sparse space.
        element: How its numbers are kept: ``float32``, ``float16``, ``int8`` or ``binary``.
        truncate: Whether longer vectors are cut.
        identity: The embedder that made them, as canonical JSON, or None where the user did.
        records: Records that have such a vector.
    """

    name: str
    kind: str
    dimension: int
    element: str
    truncate: bool
    identity: str | None
    records: int


@dataclass(frozen=True)
class CollectionStats(_Plain):
    """One collection's part of `Stats`. Sizes in bytes; k1 and b are None where lengths decide."""

    language: str
    stop_words: str
    k1: float | None
    b: float | None
    records: int
    edges: int
    segments: int
    live_bytes: int
    spaces: tuple[SpaceInfo, ...]


@dataclass(frozen=True)
class Stats(_Plain):
    """Size and state of the file. Sizes in bytes, times in microseconds since 1970-01-01 UTC."""

    commit: int
    time_us: int
    generation: int
    file_bytes: int
    live_bytes: int
    dead_bytes: int
    free_bytes: int
    log_bytes: int
    segments: int
    records: int
    edges: int
    snapshots: int
    durability: str
    collections: dict[str, CollectionStats]


@dataclass(frozen=True)
class Problem(_Plain):
    """One thing that is wrong with a file: an error code, what it means, and where it is."""

    code: str
    message: str
    where: str


@dataclass(frozen=True)
class VerifyReport(_Plain):
    """What `Database.verify` checked and found. True when all is well."""

    ok: bool
    deep: bool
    commit: int
    records: int
    edges: int
    segments: int
    blocks: int
    problems: tuple[Problem, ...]

    def __bool__(self) -> bool:
        """Say whether all is well."""
        return self.ok


@dataclass(frozen=True)
class DoctorReport(_Plain):
    """What `engram.doctor` found and did (would do, in a dry run). True when the file is sound.

    Attributes:
        ok: Whether the file is sound now; in a dry run, whether it was found so.
        dry_run: Whether nothing was written.
        problems: What was wrong.
        actions: What was done, in order, in words.
        dropped: What could not be kept, in words.
        records_kept: Records that the file holds afterwards.
        records_dropped: Records that were lost to the damage, as far as they could be counted.
        edges_kept: Edges that the file holds afterwards.
        edges_dropped: Edges that were lost, as far as they could be counted.
        bytes_before: File size before.
        bytes_after: File size after.
    """

    ok: bool
    dry_run: bool
    problems: tuple[Problem, ...]
    actions: tuple[str, ...]
    dropped: tuple[str, ...]
    records_kept: int
    records_dropped: int
    edges_kept: int
    edges_dropped: int
    bytes_before: int
    bytes_after: int

    def __bool__(self) -> bool:
        """Say whether the file is sound."""
        return self.ok


@dataclass(frozen=True)
class OptimizeReport(_Plain):
    """What `Database.optimize` reclaimed. Sizes in bytes."""

    bytes_before: int
    bytes_after: int
    records: int
    edges: int
    segments: int


@dataclass(frozen=True)
class BackupReport(_Plain):
    """What `Database.backup` wrote: size in bytes, records, and the commit that was copied."""

    bytes: int
    records: int
    commit: int


@dataclass(frozen=True)
class RecallReport(_Plain):
    """How well a search by codes found what an exact one finds.

    Attributes:
        space: The vector space that was searched.
        sample: How many stored embeddings were asked for.
        k: Neighbours of each that were asked for.
        recall: Share of the true neighbours that were found, 0 to 1.
        worst: The least share of one question.
        took_ms: Mean milliseconds of a search as `query` makes it.
        exact_ms: Mean milliseconds of an exact one.
        compared_all: Questions for which every vector was compared anyway, since there are few.
    """

    space: str
    sample: int
    k: int
    recall: float
    worst: float
    took_ms: float
    exact_ms: float
    compared_all: int


@dataclass(frozen=True)
class ReembedReport(_Plain):
    """What `Collection.reembed` did.

    Attributes:
        collection: Its name.
        identity: The embedder that its texts are embedded with now, as canonical JSON.
        identity_before: The one before, None where there was none.
        embedded: Texts that were embedded by this call.
        resumed: Texts that an earlier call, which was stopped, had embedded already.
        unembedded: Texts that the embedder has no vector for.
        took_ms: Time in all.
    """

    collection: str
    identity: str
    identity_before: str | None
    embedded: int
    resumed: int
    unembedded: int
    took_ms: float


@dataclass(frozen=True)
class LockOwner(_Plain):
    """The process that holds the write lock, and since when (microseconds since 1970 UTC)."""

    pid: int
    host: str
    since_us: int

    @property
    def since(self) -> datetime:
        """Since when, aware, UTC."""
        return _utc(self.since_us)


def stats(native: Mapping[str, Any]) -> Stats:
    """Build `Stats` from the native dictionary."""
    collections = {
        name: make(CollectionStats, part, spaces=tuple(make(SpaceInfo, s) for s in part["spaces"]))
        for name, part in native["collections"].items()
    }
    return make(Stats, native, collections=collections)


def verify(native: Mapping[str, Any]) -> VerifyReport:
    """Build `VerifyReport` from the native dictionary."""
    return make(VerifyReport, native, problems=_problems(native))


def doctor(native: Mapping[str, Any]) -> DoctorReport:
    """Build `DoctorReport` from the native dictionary."""
    return make(
        DoctorReport,
        native,
        problems=_problems(native),
        actions=tuple(str(action) for action in native["actions"]),
        dropped=tuple(str(item) for item in native["dropped"]),
    )


def _problems(native: Mapping[str, Any]) -> tuple[Problem, ...]:
    return tuple(make(Problem, problem) for problem in native["problems"])
