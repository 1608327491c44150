"""What looking after a memory gives back, and what needs no open memory.

Owns: `MemoryStats`, `EmbeddingIdentitySummary`, `SingleFile`, `LockState`, and the functions that
look at a file from outside: `verify`, `doctor`, `verify_single_file`, `lock_who`, `lock_nudge`,
`info`, `version_info`.
"""

from __future__ import annotations

import errno
import os
import platform
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engram._native import FORMAT_VERSION, __version__
from engram.embed.identity import Identity
from engram.files import io_error
from engram.planning import TEXT_SPACE, VECTOR_SPACE

if TYPE_CHECKING:
    from typing import Any

    from engram.memory.base import Base
    from engram.reports import DoctorReport, LockOwner, VerifyReport

__all__ = [
    "EmbeddingIdentitySummary",
    "LockState",
    "MemoryStats",
    "SingleFile",
    "doctor",
    "info",
    "lock_nudge",
    "lock_who",
    "memory_stats",
    "plan_text",
    "verify",
    "verify_single_file",
    "version_info",
]

_SIDECARS = re.compile(r"(?:[-.](?:wal|shm|journal|lock|lck|tmp|part|idx|log)|~)\Z")
_TEXT_SPACES = (TEXT_SPACE, VECTOR_SPACE)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingIdentitySummary:
    """Who made the vectors of passages. Frozen.

    Attributes:
        kind: ``"none"``: there are no vectors; ``"single"``: one model made all of them;
            ``"unknown"``: nobody said; ``"mixed"``: several did, in different spaces.
        counts: How many vectors each made: ``(identity, or None where nobody said; vectors)``,
            most first.
        unembedded: Passages without a vector that a search by meaning could compare.
    """

    kind: Literal["none", "single", "unknown", "mixed"]
    counts: tuple[tuple[Identity | None, int], ...]
    unembedded: int

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        return {
            "kind": self.kind,
            "counts": [
                {"identity": None if one is None else one.to_dict(), "vectors": count}
                for one, count in self.counts
            ],
            "unembedded": self.unembedded,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryStats:
    """What is in a memory. Frozen.

    Attributes:
        name: Which memory.
        documents: How many documents.
        passages: How many passages.
        records: How many records each of its collections has, by the collection's name.
        live_bytes: Bytes of what is in it, in segments: the latest commits may not count yet.
        file_bytes: Size of the file, with all else that is in it.
        commit: The latest commit.
        effective_vec_dimension: Length of the vectors that are searched; None where there are none.
        embedding_identity_summary: Who made them.
    """

    name: str
    documents: int
    passages: int
    records: dict[str, int]
    live_bytes: int
    file_bytes: int
    commit: int
    effective_vec_dimension: int | None
    embedding_identity_summary: EmbeddingIdentitySummary

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        plain: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        summary = self.embedding_identity_summary.to_dict()
        return plain | {"embedding_identity_summary": summary}


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleFile:
    """Whether a database is one file. True where it is. Frozen.

    Attributes:
        path: The file.
        bytes: Its size.
        others: Files beside it that are named as parts of it would be.
    """

    path: str
    bytes: int
    others: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether it is alone."""
        return not self.others

    def __bool__(self) -> bool:
        """Say whether it is alone."""
        return self.ok

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        return asdict(self) | {"others": list(self.others), "ok": self.ok}


@dataclass(frozen=True, slots=True, kw_only=True)
class LockState:
    """The write lock of a file. Frozen.

    Attributes:
        owner: The process that holds it, or None where it is free.
        advice: What can be done about it, in words.
    """

    owner: LockOwner | None
    advice: str

    @property
    def held(self) -> bool:
        """Whether a process holds it."""
        return self.owner is not None

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON-able data."""
        owner = None if self.owner is None else self.owner.to_dict()
        return {"held": self.held, "owner": owner, "advice": self.advice}


def memory_stats(memory: Base) -> MemoryStats:
    """Count what is in a memory."""
    found = memory.db.stats()
    layout = memory.layout
    names = [layout.documents, *layout.derived, layout.sessions]
    there = {name: found.collections[name] for name in names if name in found.collections}
    passages = there[layout.passages].records if layout.passages in there else 0
    spaces = [
        space
        for space in memory._passages.spaces()
        if space.name in _TEXT_SPACES and space.kind == "dense" and space.records
    ]
    counts: dict[Identity | None, int] = {}
    for space in spaces:
        who = None if space.identity is None else Identity.from_json(space.identity)
        counts[who] = counts.get(who, 0) + space.records
    kind: Literal["none", "single", "unknown", "mixed"] = "mixed"
    if len(counts) < 2:  # noqa: PLR2004 - one or none
        kind = "none" if not counts else "unknown" if None in counts else "single"
    searched = next((one for one in spaces if one.name == TEXT_SPACE), None)
    return MemoryStats(
        name=layout.name,
        documents=there[layout.documents].records if layout.documents in there else 0,
        passages=passages,
        records={name: part.records for name, part in there.items()},
        live_bytes=sum(part.live_bytes for part in there.values()),
        file_bytes=found.file_bytes,
        commit=found.commit,
        effective_vec_dimension=None if searched is None else searched.dimension,
        embedding_identity_summary=EmbeddingIdentitySummary(
            kind=kind,
            counts=tuple(sorted(counts.items(), key=lambda one: -one[1])),
            unembedded=passages - (0 if searched is None else searched.records),
        ),
    )


def version_info() -> dict[str, Any]:
    """Give the versions that matter: of engram, of the file format, of Python and the platform."""
    return {
        "engram": __version__,
        "format": FORMAT_VERSION,
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "platform": platform.platform(),
        "machine": platform.machine(),
    }


def info() -> dict[str, Any]:
    """Give versions, and which optional packages are here; nothing is imported for it."""
    from importlib.util import find_spec

    packages = ("pypdfium2", "pdfplumber", "docx", "pptx", "openpyxl", "defusedxml", "yaml",
                "onnxruntime", "tokenizers", "httpx2", "spacy", "tree_sitter")  # fmt: skip
    return version_info() | {"packages": {name: find_spec(name) is not None for name in packages}}


def verify(path: str | os.PathLike[str], *, deep: bool = False) -> VerifyReport:
    """Check a file; the report is true when all is well.

    Args:
        path: The file.
        deep: Also read every block, and count each index again from the records.

    Raises:
        Io: ``file.not_found``, ``io.failed``.
        Incompatible: ``format.not_engram``, ``format.too_new``.
        Corrupt: Where the file is too damaged to open; see `doctor`.
    """
    from engram.opening import open as open_database

    with open_database(path, read_only=True, create=False, embedder=None) as db:
        return db.verify(deep=deep)


def doctor(
    path: str | os.PathLike[str],
    *,
    dry_run: bool = False,
    rebuild: bool = False,
    vacuum: bool = False,
    quiet: bool = False,
) -> DoctorReport:
    """Repair a file as far as it can be repaired, and say what was dropped.

    Args:
        path: The file.
        dry_run: Only find what is wrong, and print what would be done.
        rebuild: Make every derived part (all indexes) again from the records.
        vacuum: Reclaim dead space.
        quiet: Print nothing.

    Raises:
        EngramError: As `engram.doctor`.
    """
    from engram.opening import doctor as repair

    report = repair(path, dry_run=dry_run, rebuild=rebuild, vacuum=vacuum)
    if dry_run and not quiet:
        sys.stdout.write(plan_text(os.fspath(path), report))
    return report


def plan_text(path: str, report: DoctorReport) -> str:
    """Write what a repair would do, a line for each step."""
    lines = [f"{path}: {'sound' if report.ok else 'damaged'}, {report.records_kept} records"]
    lines += [f"wrong: [{one.code}] {one.message} ({one.where})" for one in report.problems]
    lines += [f"would do: {one}" for one in report.actions]
    lines += [f"would lose: {one}" for one in report.dropped]
    if not report.actions:
        lines.append("nothing to do")
    return "\n".join(lines) + "\n"


def verify_single_file(path: str | os.PathLike[str]) -> SingleFile:
    """Check that a database is one file: that none lies beside it that is part of it.

    engram never writes one, but `optimize` and `doctor`, which replace the file by a new one and
    leave a temporary neighbour behind when they are killed.

    Args:
        path: The file.

    Raises:
        Io: ``file.not_found``.
    """
    place = Path(path)
    if not place.is_file():
        cause = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(place))
        raise io_error(f"looking at {place}", cause, str(place))
    others = sorted(
        one.name
        for one in place.parent.iterdir()
        if one != place and _belongs(one.name, place.name)
    )
    return SingleFile(path=str(place), bytes=place.stat().st_size, others=tuple(others))


def _belongs(name: str, own: str) -> bool:
    """Say whether a file is named as a part of another one would be."""
    bare = name.removeprefix(".")
    return bare.startswith(own) and _SIDECARS.search(bare[len(own) :]) is not None


def lock_who(path: str | os.PathLike[str]) -> LockOwner | None:
    """Say which process holds the write lock of a file, or None where none does.

    A process holds it while it writes, not while it has the file open.

    Args:
        path: The file.

    Raises:
        EngramError: As `engram.open`.
    """
    from engram.opening import open as open_database

    with open_database(path, read_only=True, create=False, embedder=None) as db:
        return db.lock_owner()


def lock_nudge(path: str | os.PathLike[str]) -> LockState:
    """Look at the write lock of a file, and say what can be done about it.

    There is no stale lock to take away: the lock is held by the operating system for its owner, and
    a process that dies gives it up by dying. So nothing is ever taken from a living owner.

    Args:
        path: The file.

    Raises:
        EngramError: As `engram.open`.
    """
    owner = lock_who(path)
    if owner is None:
        advice = "free: nobody writes now, and a writer that died left no lock behind"
    else:
        advice = (
            f"process {owner.pid} on {owner.host} is alive and has been writing since"
            f" {owner.since.isoformat()}: wait (lock_timeout_ms), or end that process, which"
            " frees the lock"
        )
    return LockState(owner=owner, advice=advice)
