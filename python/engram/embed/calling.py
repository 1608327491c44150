"""Calling an embedder and not trusting what it returns.

Owns: the one place where texts become vectors for the store. Invariant: what leaves here has the
identity's dimension and is finite. A text that the embedder gives a zero row for has no vector.
"""

from __future__ import annotations

import os

from engram.embed import default
from engram.embed.identity import Identity
from engram.embed.static import Static
from engram.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from engram.types import Embedder

    EmbedderChoice = Embedder | str | os.PathLike[str] | None
    EmbedderSource = Callable[[], Embedder | None]
    Embedded = tuple[Sequence[int], Any]

__all__ = ["embed_documents", "embed_query", "embedder_source"]

_FLOAT_BYTES = 4


def embedder_source(choice: EmbedderChoice) -> EmbedderSource:
    """Turn the `embedder` argument into a function that gives the embedder, or None.

    A model is loaded at the first call of that function, not here; that there is one of its name
    is checked here.

    Raises:
        InvalidInput: ``embedder.invalid`` where an object lacks an identity or ``encode_batch``, or
            a model embeds no texts.
        NotFound: ``model.not_found`` naming the nearest known names, or the command that installs.
    """
    if choice is None:
        return lambda: None
    if isinstance(choice, str) and choice == "default":
        return default
    if isinstance(choice, (str, os.PathLike)):
        from engram.embed.naming import named

        return named(choice)
    identity = getattr(choice, "identity", None)
    if not isinstance(identity, Identity) or not callable(getattr(choice, "encode_batch", None)):
        raise InvalidInput(
            "embedder.invalid",
            f"{type(choice).__name__} is no embedder",
            "give it an `identity` (engram.embed.Identity) and `encode_batch(texts)`; "
            "or pass embedder=None to store no vectors for texts",
        )
    embedder = choice
    return lambda: embedder


def embed_documents(embedder: Embedder, texts: Sequence[str]) -> Embedded:
    """Embed texts for storing.

    Returns:
        The indices of the texts that have a vector, ascending, and their vectors: one row each, or
        for an embedder of another kind one dict of weights or one matrix of token vectors each.
    """
    if isinstance(embedder, Static):
        raw, missing = embedder._encode_batch_raw(texts)
        if not missing:
            return range(len(texts)), raw
        absent = set(missing)
        rows = [row for row in range(len(texts)) if row not in absent]
        width = embedder.dimension * _FLOAT_BYTES
        return rows, b"".join(raw[row * width : (row + 1) * width] for row in rows)
    if _kind(embedder) != "dense":
        found = _checked_items(embedder, embedder.encode_batch(texts), texts)
        kept = [row for row, item in enumerate(found) if len(item)]
        return kept, [found[row] for row in kept]
    matrix = _checked(embedder, embedder.encode_batch(texts), texts)
    present = matrix.any(axis=1)
    if present.all():
        return range(len(texts)), matrix
    return present.nonzero()[0].tolist(), matrix[present]


def embed_query(embedder: Embedder, text: str) -> Any:
    """Embed a query's text; None where the embedder knows nothing in it."""
    if isinstance(embedder, Static):
        return embedder._encode_raw(text)
    encode = getattr(embedder, "encode_query", None)
    texts = [text]
    if _kind(embedder) != "dense":
        found = embedder.encode_batch(texts) if encode is None else [encode(text)]
        item = _checked_items(embedder, found, texts)[0]
        return item if len(item) else None
    row: NDArray[np.float32]
    if encode is None:
        row = _checked(embedder, embedder.encode_batch(texts), texts)[0]
    else:
        row = _checked(embedder, [encode(text)], texts)[0]
    return row if row.any() else None


def coverage(embedder: Embedder, text: str) -> float:
    """Say how much of a text the embedder knows, 0 to 1; all of it where it does not say."""
    known = getattr(embedder, "coverage", None)
    return 1.0 if known is None else float(known(text))


def _kind(embedder: Embedder) -> str:
    """Say what kind of vectors an embedder makes: ``dense`` where it does not say."""
    kind: str = getattr(embedder, "kind", "dense")
    if kind not in {"dense", "sparse", "multi"}:
        raise InvalidInput(
            "embedder.invalid",
            f"embedder {embedder.identity.name} is of the kind {kind!r}",
            "one of: dense, sparse, multi",
        )
    return kind


def _checked_items(embedder: Embedder, returned: Any, texts: Sequence[str]) -> list[Any]:
    """Check how many embeddings an embedder returned; the core checks what is in them."""
    found = list(returned)
    if len(found) != len(texts):
        raise InvalidInput(
            "embedder.invalid",
            f"embedder {embedder.identity.name} returned {len(found)} embeddings"
            f" for {len(texts)} texts",
            "one for each text",
        )
    return found


def _checked(embedder: Embedder, returned: object, texts: Sequence[str]) -> NDArray[np.float32]:
    """Check type, shape and values of what an embedder returned."""
    import numpy as np

    expected = (len(texts), embedder.identity.dimension)
    try:
        matrix: NDArray[np.float32] = np.ascontiguousarray(returned, dtype=np.float32)
    except (TypeError, ValueError) as cause:
        raise InvalidInput(
            "embedder.invalid",
            f"embedder {embedder.identity.name} returned no matrix of numbers",
            f"return a float32 array of shape {expected}",
        ) from cause
    if matrix.shape != expected:
        raise InvalidInput(
            "embedder.invalid",
            f"embedder {embedder.identity.name} returned shape {matrix.shape}, expected {expected}",
            "one row per text, as long as the dimension in its identity",
        )
    if not np.isfinite(matrix).all():
        row = int((~np.isfinite(matrix).all(axis=1)).nonzero()[0][0])
        raise InvalidInput(
            "embedder.invalid",
            f"embedder {embedder.identity.name} returned NaN or Inf for text {row}",
            None,
            {"text": texts[row][:200]},
        )
    return matrix
