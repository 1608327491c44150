"""Zip containers that were checked before anything is unpacked.

Owns: `checked_container`. Invariant: what a checked container unpacks to is within the limits:
zipfile never gives more of a member than its directory says, and the directory is what is checked.
"""

from __future__ import annotations

import io
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engram.extract.failing import encrypted, reading
from engram.extract.limits import beyond

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engram.extract.limits import Limits

__all__ = ["checked_container"]

_RATIO_FROM = 2**20
_ENCRYPTED = 0x1


@contextmanager
def checked_container(raw: bytes, what: str, limits: Limits) -> Iterator[zipfile.ZipFile]:
    """Open a container, once its directory is within the limits."""
    with reading(what), zipfile.ZipFile(io.BytesIO(raw)) as container:
        members = container.infolist()
        limits.check("members", len(members), "too many files in it")
        limits.check(
            "unpacked_bytes", sum(member.file_size for member in members), "too much to unpack"
        )
        for member in members:
            if member.flag_bits & _ENCRYPTED:
                raise encrypted(what)
            packed = max(member.compress_size, 1)
            if member.file_size > _RATIO_FROM and member.file_size > limits.ratio * packed:
                raise beyond(
                    "ratio",
                    limits.ratio,
                    member.file_size // packed,
                    f"{member.filename!r}, which unpacks to many times its size",
                )
        yield container
