"""Vectors that were paid for once.

Owns: `VectorCache`, an engram file of vectors by the hash of what they were made from. Invariants:
a vector is found only for the same identity, role, options and text; the file's own commits make
writes atomic, and several processes may share one. It holds no texts, only their SHA-256.
"""

from __future__ import annotations

import hashlib
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engram.database import Database

__all__ = ["VectorCache"]


class VectorCache:
    """Vectors of one kind, in a file that kinds share."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path
        self._database: Database | None = None
        self._lock = threading.Lock()

    def get(
        self, kind: str, dimension: int, texts: Sequence[str]
    ) -> dict[str, NDArray[np.float32]]:
        """Give the vectors of those texts that are known.

        Args:
            kind: Whatever distinguishes vectors of the same text: identity, role, options.
            dimension: Length of the vectors.
            texts: The texts.
        """
        names = [_name(kind, text) for text in texts]
        records = (
            self._open().collection(f"d{dimension}", metric="dot").get_many(names, vectors=True)
        )
        return {
            text: record.vectors["vector"]
            for text, record in zip(texts, records)
            if record is not None and record.vectors
        }

    def put(self, kind: str, dimension: int, rows: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep the vectors of some texts, in one commit."""
        import numpy as np

        if rows:
            self._open().collection(f"d{dimension}", metric="dot").put_many(
                ids=[_name(kind, text) for text in rows], vectors=np.stack(list(rows.values()))
            )

    def close(self) -> None:
        """Close the file. The next call opens it again."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _open(self) -> Database:
        # The layers above: a cache is one more user of the store.
        from engram.opening import open as open_database

        with self._lock:
            if self._database is None:
                # What a crash loses is bought again.
                self._database = open_database(self._path, embedder=None, durability="relaxed")
            return self._database


def _name(kind: str, text: str) -> str:
    digest = hashlib.sha256(kind.encode("utf-8"))
    digest.update(b"\0")
    digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
