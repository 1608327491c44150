"""Code written for memvid-sdk, on engram: change the import line, keep the rest.

Owns: the names of memvid-sdk's Python package over `engram.Memory`. What it cannot do as asked is a
`MemvidError` with memvid-sdk's code. Nothing of tickets, accounts or telemetry is here, and no
limit of size.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engram import __version__
from engram.compat.memvid.access import acl_context_from_scope, acl_metadata_from_scope
from engram.compat.memvid.clip import ClipModel
from engram.compat.memvid.entities import NerModel
from engram.compat.memvid.errors import (
    ApiKeyRequiredError,
    CapacityExceededError,
    ClipIndexDisabledError,
    CorruptFileError,
    EmbeddingFailedError,
    EncryptionError,
    FileNotFoundError,  # noqa: A004 - its name there
    FrameNotFoundError,
    LexIndexDisabledError,
    LockedError,
    MemoryAlreadyBoundError,
    MemvidError,
    NerModelNotAvailableError,
    TicketInvalidError,
    TicketReplayError,
    TimeIndexMissingError,
    VecDimensionMismatchError,
    VecIndexDisabledError,
    VerifyFailedError,
    get_error_suggestion,
    mapped,
)
from engram.compat.memvid.store import Memvid
from engram.compat.memvid.tools import KINDS
from engram.errors import InvalidInput
from engram.opening import open as open_database

if TYPE_CHECKING:
    Mode = Literal["open", "create", "auto"]

__all__ = [
    "ApiKeyRequiredError",
    "CapacityExceededError",
    "ClipIndexDisabledError",
    "ClipModel",
    "CorruptFileError",
    "EmbeddingFailedError",
    "EncryptionError",
    "FileNotFoundError",
    "FrameNotFoundError",
    "LexIndexDisabledError",
    "LockedError",
    "MemoryAlreadyBoundError",
    "Memvid",
    "MemvidError",
    "NerModel",
    "NerModelNotAvailableError",
    "TicketInvalidError",
    "TicketReplayError",
    "TimeIndexMissingError",
    "VecDimensionMismatchError",
    "VecIndexDisabledError",
    "VerifyFailedError",
    "__version__",
    "acl_context_from_scope",
    "acl_metadata_from_scope",
    "create",
    "get_error_suggestion",
    "info",
    "is_telemetry_enabled",
    "lock",
    "lock_nudge",
    "lock_who",
    "mask_pii",
    "unlock",
    "use",
    "verify_single_file",
    "version_info",
]


def create(
    filename: str | os.PathLike[str],
    *,
    kind: str = "basic",
    enable_vec: bool = False,
    enable_lex: bool = True,
) -> Memvid:
    """Make a file, empty; one that is there is replaced, as memvid-sdk does.

    Args:
        filename: The file.
        kind: As for `use`.
        enable_vec: Whether searches by meaning are expected; a put with a vector turns them on.
        enable_lex: Whether searches by words are allowed.

    Raises:
        MemvidError: Where there is a file that is none of engram's: it is not touched.
    """
    return use(kind, filename, mode="create", enable_vec=enable_vec, enable_lex=enable_lex)


def use(  # noqa: PLR0913 - as memvid-sdk has it
    kind: str,
    filename: str | os.PathLike[str],
    *,
    mode: Mode = "auto",
    enable_vec: bool = False,
    enable_lex: bool = True,
    read_only: bool = False,
    force_writable: bool = False,
    lock_timeout_ms: int = 250,
    force: str | None = None,
) -> Memvid:
    """Open a file as a memory.

    Args:
        kind: ``"basic"``; ``"openai"``, ``"langchain"`` or ``"llamaindex"`` for what
            `Memvid.tools` is made for.
        filename: The file.
        mode: ``"open"`` a file that is there, ``"create"`` an empty one, ``"auto"``: whichever.
        enable_vec: As for `create`.
        enable_lex: As for `create`.
        read_only: Refuse to write.
        force_writable: Fail at once where the file may not be written, not at the first put.
        lock_timeout_ms: How long a write waits for another process.
        force: ``"stale_only"``: take the lock of a dead process. In engram it is free already, and
            that of a living one is never taken.

    Raises:
        MemvidError: MV013 where there is no such file, MV012 where it is damaged or none of
            engram's, MV007 with `force_writable` while another process writes.
    """
    with mapped():
        if kind not in KINDS:
            raise InvalidInput(
                "input.invalid", f"no adapter for {kind!r}", f"one of: {', '.join(KINDS)}"
            )
        if mode not in {"open", "create", "auto"}:
            raise InvalidInput("input.invalid", f"unknown mode {mode!r}", "open, create or auto")
        if force not in {None, "stale_only"}:
            raise InvalidInput("input.invalid", f"unknown force {force!r}", '"stale_only"')
        if read_only and force_writable:
            raise InvalidInput("input.invalid", "read_only and force_writable at once")
        if mode == "create":
            _remove(Path(filename), lock_timeout_ms)
        db = open_database(
            filename,
            read_only=read_only,
            create=mode != "open",
            lock_timeout_ms=lock_timeout_ms,
        )
        if force_writable:
            try:
                with db.transaction():
                    pass
            except BaseException:
                db.close()
                raise
    return Memvid(db, kind, enable_lex=enable_lex, enable_vec=enable_vec)


def _remove(path: Path, lock_timeout_ms: int) -> None:
    """Delete a file of engram's that is in the way, once nobody writes to it."""
    if not path.exists():
        return
    with open_database(path, lock_timeout_ms=lock_timeout_ms) as db, db.transaction():
        path.unlink()


def verify_single_file(path: str | os.PathLike[str]) -> None:
    """Check that a memory is one file, without neighbours.

    Raises:
        MemvidError: MV006 naming what lies beside it; MV013.
    """
    from engram.memory import verify_single_file as look

    with mapped():
        found = look(path)
    if not found:
        raise VerifyFailedError(
            f"{os.fspath(path)} has files beside it: {', '.join(found.others)}",
            "they are left of a process that was killed: delete them once nobody has the file open",
        )


def lock_who(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Say who holds the write lock: ``locked``, and ``owner`` with pid, host and since."""
    from engram.memory import lock_who as look

    with mapped():
        owner = look(path)
    return {"locked": owner is not None, "owner": None if owner is None else owner.to_dict()}


def lock_nudge(path: str | os.PathLike[str]) -> bool:
    """Free a stale lock. There is none in engram: a dead process holds nothing, so it is False."""
    from engram.memory import lock_nudge as look

    with mapped():
        look(path)
    return False


def version_info() -> dict[str, Any]:
    """Give the versions of engram, of its file format, of Python."""
    from engram.memory import version_info as look

    return look()


def info() -> dict[str, Any]:
    """Give versions, and what is installed beside engram."""
    from engram.memory import info as look

    return {"sdk_version": __version__, **look(), "native": version_info()}


def lock(
    path: str | os.PathLike[str],
    *,
    password: str,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
) -> str:
    """Seal a memory with a password; give the sealed file. The memory stays.

    Raises:
        MemvidError: MV018, MV013.
    """
    from engram.sealing import lock as seal

    with mapped(EncryptionError):
        return seal(path, password, output, force=force).path


def unlock(
    path: str | os.PathLike[str],
    *,
    password: str,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
) -> str:
    """Open a sealed memory; give the file that was written.

    Raises:
        MemvidError: MV018 for a wrong password or a damaged file, MV013.
    """
    from engram.sealing import unlock as unseal

    with mapped(EncryptionError):
        return unseal(path, password, output, force=force).path


def mask_pii(text: str) -> str:
    """Replace e-mail addresses, phone numbers and the like in a text.

    Raises:
        MemvidError: Where ``engram[pii]`` is not installed.
    """
    from engram.answer import mask_pii as mask

    with mapped():
        return mask(text).text


def is_telemetry_enabled() -> bool:
    """Say whether anything is reported to anybody: no."""
    return False
