"""Opening and repairing files.

Owns: `open` and `doctor`, with the checks and defaults of their arguments.
"""

from __future__ import annotations

import os

from engram import _native
from engram.database import Database
from engram.embed.calling import embedder_source
from engram.errors import Incompatible, InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.embed.calling import EmbedderChoice
    from engram.reports import DoctorReport
    from engram.types import Durability

__all__ = ["doctor", "open"]

LOCK_TIMEOUT_MS = 5_000
"""How long a writer waits for another one unless told otherwise."""

_LOCK_TIMEOUT_MAX_MS = 2**31 - 1


def open(  # noqa: A001 - engram.open reads as it should
    path: str | os.PathLike[str],
    *,
    read_only: bool = False,
    create: bool = True,
    lock_timeout_ms: int = LOCK_TIMEOUT_MS,
    durability: Durability = "full",
    embedder: EmbedderChoice = "default",
) -> Database:
    """Open a database file, or make it.

    Args:
        path: The file, or ``":memory:"`` for a private database that ends with its handle.
        read_only: Refuse to write. The file must exist.
        create: Make the file where there is none.
        lock_timeout_ms: How long a write waits for another process or thread, 0 or more.
        durability: ``"full"``: a commit is on disk when the call returns. ``"relaxed"``: syncs may
            be grouped, so that a power loss may take the latest commits (never a part of one).
        embedder: What embeds texts: ``"default"`` is the built-in model (`engram.embed.Static`),
            a name or a folder what `engram.embed.get_embedder` makes of it, None stores texts
            without vectors.

    Raises:
        Io: ``file.not_found``, ``io.failed``.
        Incompatible: ``format.not_engram``, ``format.too_new``.
        Corrupt: Where the file is too damaged to open; see `doctor`.
        Conflict: ``file.read_only`` where the file system does not let it be written.
    """
    if durability not in {"full", "relaxed"}:
        raise InvalidInput(
            "input.invalid", f"unknown durability {durability!r}", "one of: full, relaxed"
        )
    _check_timeout(lock_timeout_ms)
    embedder_source(embedder)
    name = os.fsdecode(path)
    try:
        native = _native.Database.open(
            None if name == ":memory:" else name,
            read_only,
            create,
            lock_timeout_ms,
            durability == "relaxed",
        )
    except Incompatible as error:
        from engram.sealing.files import of_sealed

        raise of_sealed(error, name) from None
    return Database(native, embedder)


def doctor(
    path: str | os.PathLike[str],
    *,
    dry_run: bool = False,
    rebuild: bool = False,
    vacuum: bool = False,
    lock_timeout_ms: int = LOCK_TIMEOUT_MS,
) -> DoctorReport:
    """Repair a file as far as it can be repaired, and say what was dropped.

    A sound file is left untouched unless `rebuild` or `vacuum` asks for more.

    Args:
        path: The file.
        dry_run: Only find and list; write nothing.
        rebuild: Make every derived part (indexes) again from the records.
        vacuum: Reclaim dead space.
        lock_timeout_ms: How long to wait for writers.

    Raises:
        Io: ``file.not_found``, ``io.failed``.
        Incompatible: ``format.not_engram``, ``format.too_new``.
        Corrupt: Where nothing can be saved.
    """
    from engram.reports import doctor as report

    _check_timeout(lock_timeout_ms)
    return report(_native.doctor(os.fsdecode(path), dry_run, rebuild, vacuum, lock_timeout_ms))


def _check_timeout(lock_timeout_ms: int) -> None:
    """Check that a waiting time is a number of milliseconds."""
    if not isinstance(lock_timeout_ms, int) or not 0 <= lock_timeout_ms <= _LOCK_TIMEOUT_MAX_MS:
        raise InvalidInput(
            "input.invalid",
            f"lock_timeout_ms is {lock_timeout_ms!r}",
            f"milliseconds from 0 to {_LOCK_TIMEOUT_MAX_MS}",
        )
