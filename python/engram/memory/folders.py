"""The files of a folder, and the documents whose files are gone.

Owns: which files of a folder are put, in which order, and how it is told that a document's file
vanished.
"""

from __future__ import annotations

import errno
import os
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from engram.errors import InvalidInput
from engram.files import io_error
from engram.filtering import quoted
from engram.memory.layout import RESERVED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engram.memory.base import Base

__all__ = ["chosen_files", "vanished"]


def chosen_files(
    root: str, glob: str | Sequence[str], exclude: str | Sequence[str], *, hidden: bool
) -> tuple[list[str], list[str]]:
    """List the files of a folder that are read, and those of a kind that is not.

    Args:
        root: The folder.
        glob: Patterns of which a file's path below the folder has to fit one.
        exclude: Patterns of which it may fit none.
        hidden: Whether names that start with a dot count.

    Returns:
        Paths below the folder with ``/`` between their parts, sorted.

    Raises:
        Io: ``file.not_found`` where it is no folder.
    """
    from engram.extract.kinds import kind_of_name

    place = Path(root)
    if not place.is_dir():
        cause = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), root)
        raise io_error(f"listing {root}", cause, root)
    patterns = [glob] if isinstance(glob, str) else list(glob)
    barred = [exclude] if isinstance(exclude, str) else list(exclude)
    if not patterns:
        raise InvalidInput("input.invalid", "glob is empty", 'glob="**/*" takes every file')
    names = {
        found.relative_to(place).as_posix()
        for pattern in patterns
        for found in place.glob(pattern)
        if found.is_file()
    }
    chosen: list[str] = []
    skipped: list[str] = []
    for name in sorted(names):
        if not hidden and any(part.startswith(".") for part in name.split("/")):
            continue
        if any(fnmatch(name, pattern) for pattern in barred):
            continue
        (skipped if kind_of_name(name) is None else chosen).append(name)
    return chosen, skipped


def vanished(memory: Base, root: str, prefix: str) -> list[str]:
    """List the ids of documents that were put as files of a folder and whose files are gone."""
    where = f"{RESERVED}.uri STARTSWITH {quoted(prefix)} AND {RESERVED}.file = true"
    found = memory._documents.iterate(where, missing="ignore")
    return [
        record.id
        for record in found
        if not Path(root, record.metadata[RESERVED]["uri"][len(prefix) :]).exists()
    ]
