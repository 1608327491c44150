"""Sealing and unsealing files.

Owns: `lock`, `unlock` and `is_sealed`. Invariants: a file appears under its name whole and synced,
or not at all; where unsealing ends early, even by a kill, no plain byte keeps a name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engram.errors import Conflict, EngramError, Incompatible, InvalidInput
from engram.files import io_error
from engram.sealing.chunks import opened, seal
from engram.sealing.header import HEADER_BYTES, MAGIC, Header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO, TypeAlias

    Progress: TypeAlias = Callable[[int, int], object]
    """Called with bytes done and bytes in all."""

__all__ = ["ENDING", "Sealed", "is_sealed", "lock", "unlock"]

ENDING = ".sealed"
"""What is added to the name of a file that is sealed."""
_NO_UNNAMED = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT)
"""What systems without unnamed files answer when asked for one."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What `lock` and `unlock` did. Frozen.

    Attributes:
        path: The file that was written.
        bytes: Its size.
        source: The file that was read.
        source_bytes: The size of what was read of it.
    """

    path: str
    bytes: int
    source: str
    source_bytes: int

    def to_dict(self) -> dict[str, str | int]:
        """Give it as JSON-able data."""
        return {name: getattr(self, name) for name in self.__slots__}


def lock(
    path: str | os.PathLike[str],
    password: str | bytes,
    output: str | os.PathLike[str] | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Sealed:
    """Seal a database with a password: AES-256-GCM under a key by Argon2id.

    What is sealed is the latest commit, while others read and write. The database itself stays
    as it is; delete it where it should be sealed alone.

    Args:
        path: The database.
        password: The password; text counts by its characters (NFC), however they were typed.
        output: The sealed file; ``path`` with ``.sealed`` where it is None.
        force: Replace a file that is there.
        progress: Called with bytes done and bytes in all.

    Raises:
        Conflict: ``file.exists`` without `force`.
        InvalidInput: ``input.invalid`` for an empty password.
        Io, Incompatible, Corrupt: As `engram.open`.
        MissingExtra: ``extra.missing`` without ``engram[seal]``.

    Example:
        >>> import engram
        >>> engram.open("notes.engram").close()
        >>> engram.lock("notes.engram", "correct horse").path
        'notes.engram.sealed'
    """
    source = os.fsdecode(path)
    if source == ":memory:":
        raise InvalidInput(
            "input.invalid",
            "a database in memory is no file",
            "backup(path) it first, and seal that",
        )
    target = source + ENDING if output is None else os.fsdecode(output)
    _check_target(target, source, force=force)
    header = Header.fresh()
    # Whatever is wrong with the password shows before anything is copied.
    master = header.master(password)
    with _copied(source) as plain:
        size = os.fstat(plain.fileno()).st_size
        pieces = seal(plain, replace(header, plain_bytes=size), master)
        written = _write(target, pieces, size, progress, force=force)
    return Sealed(target, written, source, size)


def unlock(
    path: str | os.PathLike[str],
    password: str | bytes,
    output: str | os.PathLike[str] | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Sealed:
    """Open a sealed file: write the database that it holds.

    Nothing is written under the name of the database before all of the file is known to be genuine.

    Args:
        path: The sealed file, which stays.
        password: The password.
        output: The database; ``path`` without ``.sealed`` where it is None.
        force: Replace a file that is there. Close it first: who has it open keeps the old one.
        progress: Called with bytes done and bytes in all.

    Raises:
        InvalidInput: ``sealed.password``; ``input.invalid`` where `output` has to be said.
        Corrupt: ``sealed.damaged``; ``details["kind"]`` is ``header``, ``chunk`` or ``truncated``.
        Incompatible: ``sealed.unsupported``.
        Conflict: ``file.exists`` without `force`.
        Io: ``file.not_found``, ``io.failed``, ``io.full``.
        MissingExtra: ``extra.missing`` without ``engram[seal]``.
    """
    source = os.fsdecode(path)
    if output is None and not source.endswith(ENDING):
        raise InvalidInput(
            "input.invalid", f"{source} does not end in {ENDING}", "say output=, the file to write"
        )
    target = source.removesuffix(ENDING) if output is None else os.fsdecode(output)
    _check_target(target, source, force=force)
    try:
        sealed = Path(source).open("rb")  # noqa: SIM115 - closed by the with below
    except OSError as cause:
        raise io_error(f"reading {source}", cause, source) from cause
    with sealed:
        size = os.fstat(sealed.fileno()).st_size
        written = _write(target, opened(sealed, password), size, progress, force=force)
    return Sealed(target, written, source, size)


def is_sealed(path: str | os.PathLike[str]) -> bool:
    """Say whether a file is a sealed one, by its first bytes.

    Raises:
        Io: ``file.not_found``, ``io.failed``.
    """
    name = os.fsdecode(path)
    try:
        with Path(name).open("rb") as file:
            return file.read(HEADER_BYTES).startswith(MAGIC)
    except OSError as cause:
        raise io_error(f"reading {name}", cause, name) from cause


def _check_target(target: str, source: str, *, force: bool) -> None:
    if not force and Path(target).exists():
        raise Conflict(
            "file.exists", f"{target} is there already", "force=True replaces it", {"path": target}
        )
    with contextlib.suppress(OSError):
        if Path(target).samefile(source):
            raise InvalidInput("input.invalid", f"{target} is the file that is read")


def _write(
    target: str,
    pieces: Iterable[bytes],
    size: int,
    progress: Progress | None,
    *,
    force: bool,
) -> int:
    """Write pieces to a file without a name, sync it, and give it the name."""
    written = 0
    try:
        with _unnamed(Path(target), force=force) as file:
            for piece in pieces:
                file.write(piece)
                written += len(piece)
                if progress is not None:
                    progress(min(written, size), size)
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(Path(target).parent)
    except OSError as cause:
        if isinstance(cause, EngramError):
            raise
        raise io_error(f"writing {target}", cause, target) from cause
    return written


@contextlib.contextmanager
def _unnamed(target: Path, *, force: bool) -> Iterator[BinaryIO]:
    """Give a new file beside a place, which takes its name at the end of the block.

    Where the system has files without names, a kill leaves nothing; elsewhere a temporary neighbour
    is removed where the block fails.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    flags = getattr(os, "O_TMPFILE", None)
    descriptor = None
    if flags is not None and Path("/proc/self/fd").is_dir():
        try:
            descriptor = os.open(target.parent, flags | os.O_RDWR, 0o600)
        except OSError as cause:
            if cause.errno not in _NO_UNNAMED or not target.parent.is_dir():
                raise
    named = descriptor is None
    if descriptor is None:
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            written = None if named else file.fileno()
            if not force:
                _link(temporary, written, target)
            elif written is not None:
                _name(written, temporary)
        if force:
            temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _link(temporary: Path, written: int | None, target: Path) -> None:
    """Give a written file its name, if nothing else has taken it meanwhile."""
    try:
        if written is None:
            os.link(temporary, target)
        else:
            _name(written, target)
    except FileExistsError as cause:
        raise Conflict(
            "file.exists",
            f"{target} appeared while it was written",
            "force=True replaces it",
            {"path": str(target)},
        ) from cause


def _name(descriptor: int, path: Path) -> None:
    """Give a file without a name one."""
    # Only with a src_dir_fd Python calls linkat, which alone looks through the link in /proc.
    os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=descriptor, follow_symlinks=True)


@contextlib.contextmanager
def _copied(source: str) -> Iterator[BinaryIO]:
    """Give a copy of a database's latest commit, which loses its name once it is there.

    Until then it lies in a folder that only this user can look into.
    """
    from engram.opening import open as open_database

    with open_database(source, read_only=True, create=False, embedder=None) as db:
        parent = Path(source).absolute().parent
        with tempfile.TemporaryDirectory(dir=parent, prefix=f".{Path(source).name}.") as folder:
            copy = Path(folder) / "copy"
            db.backup(copy)
            plain = copy.open("rb")
    with plain:
        yield plain


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def of_sealed(error: Incompatible, path: str) -> Incompatible:
    """Give the error for a file that is no database; if it is a sealed one, it says so."""
    with contextlib.suppress(EngramError):
        if error.code == "format.not_engram" and is_sealed(path):
            return Incompatible(
                "format.not_engram",
                f"{path} is sealed",
                "engram.unlock(path, password) writes the database that it holds",
                error.details,
            )
    return error
