"""Originals: the bytes that documents were put as, in pieces.

Owns: the form of ``<name>.originals``. A piece is a record with the id ``<document>#<n>`` whose
metadata has ``doc.id``, ``doc.piece`` (from 0) and ``bytes``; how many there are is in
``doc.pieces`` of the document. A document whose bytes are just its text in UTF-8 has none: they are
made of the text again. The file compresses what it holds in blocks, and so these; compressing them
before saved 3 % more. Invariant: what is read back has the hash that was put.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.memory.layout import PIECE_BYTES, RESERVED, passage_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engram.memory.base import Base
    from engram.reading import CollectionView

__all__ = ["pieces_of", "put_pieces", "read_pieces"]


def pieces_of(raw: bytes | None) -> int:
    """Count the pieces of an original."""
    return 0 if raw is None else -(-len(raw) // PIECE_BYTES)


def put_pieces(memory: Base, originals: Mapping[str, bytes]) -> None:
    """Write originals by document, within the open transaction."""
    if not originals:
        return
    memory.db.collection(memory.layout.originals, embedder=None).put_many(
        {
            "id": passage_id(document, n),
            "metadata": {
                RESERVED: {"id": document, "piece": n},
                "bytes": raw[n * PIECE_BYTES : (n + 1) * PIECE_BYTES],
            },
        }
        for document, raw in originals.items()
        for n in range(pieces_of(raw))
    )


def read_pieces(originals: CollectionView, document: str, pieces: int) -> bytes:
    """Put an original together; what is missing is missing, which its hash tells."""
    found = originals.get_many(passage_id(document, n) for n in range(pieces))
    return b"".join(one.metadata["bytes"] for one in found if one is not None)
