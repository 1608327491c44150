"""Files beside the database: read and written with engram's errors.

Owns: the map from operating system errors to `Io`, and writing a file whole or not at all.
"""

from __future__ import annotations

import errno
import gzip
import io
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from engram.errors import EngramError, Io

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["io_error", "open_text", "replacing"]

_FULL = (errno.ENOSPC, errno.EDQUOT)


def io_error(action: str, cause: Exception, path: str) -> Io:
    """Build the `Io` error for a failure of the operating system or of a file's content."""
    number = cause.errno if isinstance(cause, OSError) else None
    reason = (cause.strerror if isinstance(cause, OSError) else None) or str(cause)
    if number == errno.ENOENT:
        error = Io("file.not_found", f"{action}: there is no such file", "check the path")
    elif number in _FULL:
        error = Io("io.full", f"{action}: {reason}", "free some space and try again")
    else:
        error = Io("io.failed", f"{action}: {reason}")
    error.errno = number
    error.strerror = reason
    error.filename = path
    return error


def open_text(path: str | Path, mode: Literal["r", "w"], *, compressed: bool) -> TextIO:
    """Open UTF-8 text, gzip-compressed or plain; equal text gives equal bytes."""
    if not compressed:
        return Path(path).open(mode, encoding="utf-8", newline="\n")
    # Digits of vectors hardly compress further at higher levels, which take many times longer.
    raw = gzip.GzipFile(path, mode + "b", compresslevel=4, mtime=0)
    return io.TextIOWrapper(raw, encoding="utf-8", newline="\n")


@contextmanager
def replacing(path: str) -> Iterator[Path]:
    """Give a temporary neighbour of `path` to write; at the end it takes the name, synced.

    Where the block fails, the neighbour is removed and an older file of that name stays.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        try:
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as cause:
        if isinstance(cause, EngramError):
            raise
        raise io_error(f"writing {path}", cause, path) from cause
