"""What makes the embeddings of 384 dimensions that code for EmbeddedDB expects.

Owns: the choice between MiniLM and the built-in model cut to as many dimensions.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from engram.embed import Identity, default, get_embedder
from engram.errors import MissingExtra, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engram.database import Database
    from engram.types import Embedder

__all__ = ["Cut", "chosen"]

DIMENSION = 384
_MINILM = "all-MiniLM-L6-v2"


class Cut:
    """The first 384 dimensions of the built-in model's vectors, at unit length."""

    @property
    def identity(self) -> Identity:
        """Who made the vectors."""
        whole = default().identity
        return Identity(f"{whole.name}-{DIMENSION}", whole.revision, DIMENSION, normalized=True)

    def encode_batch(self, texts: Sequence[str], /) -> NDArray[np.float32]:
        """Embed texts; a row of zeros for one without any known word."""
        import numpy as np

        rows = default().encode_batch(texts)[:, :DIMENSION]
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.ascontiguousarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)

    def coverage(self, text: str) -> float:
        """Say how much of a text the model can know, 0 to 1."""
        return default().coverage(text)


def chosen(database: Database, collection: str) -> Embedder:
    """Give the model that a file has vectors of; MiniLM for a new one, where it is installed.

    Raises:
        NotFound: ``model.not_found`` where the file needs MiniLM, which is not installed.
        MissingExtra: ``extra.missing`` likewise.
    """
    cut: Embedder = Cut()
    spaces = database.collection(collection, embedder=None).spaces()
    stored = next((one.identity for one in spaces if one.name == "text"), None)
    if stored is not None and json.loads(stored).get("name") == cut.identity.name:
        return cut
    try:
        minilm: Embedder = get_embedder(_MINILM)
    except (NotFound, MissingExtra):
        if stored is not None:
            raise
        return cut
    return minilm
