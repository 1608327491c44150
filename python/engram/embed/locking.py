"""One at a time among processes and threads, by a lock on a file.

Owns: `one_at_a_time`. The lock ends with its holder, however that ends; the file stays, empty.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from engram.errors import Io

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["one_at_a_time"]


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold the lock of a file; wait for it as long as another holds it.

    Raises:
        Io: ``io.failed`` where the file cannot be made, or its place knows no locks.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError as cause:
        raise Io("io.failed", f"no lock at {path}: {cause}", "check the folder's rights") from cause
    with file:
        try:
            _lock(file)
        except OSError as cause:
            raise Io(
                "io.failed", f"{path} cannot be locked: {cause}", "a folder of this machine's own"
            ) from cause
        yield  # closing the file ends the lock


if sys.platform == "win32":

    def _lock(file: IO[bytes]) -> None:
        while not _held(file):
            pass

    def _held(file: IO[bytes]) -> bool:
        """Try for ten seconds, as the system does by itself."""
        import errno
        import msvcrt

        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        except OSError as error:
            if error.errno != errno.EDEADLOCK:
                raise
            return False
        return True

else:

    def _lock(file: IO[bytes]) -> None:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)
