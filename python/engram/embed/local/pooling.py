"""Vectors of tokens to one vector of a text.

Owns: the ways of sentence-transformers to pool, by name, and unit length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Pool = Callable[[Floats, Floats], Floats]

    from engram.embed.local.folder import ModelFolder

__all__ = ["POOLINGS", "declared_pooling", "unit"]


def _cls(hidden: Floats, mask: Floats) -> Floats:
    del mask
    first: Floats = hidden[:, 0]
    return first


def _last(hidden: Floats, mask: Floats) -> Floats:
    import numpy as np

    places = np.maximum(mask.sum(axis=1).astype(np.int64) - 1, 0)
    last: Floats = hidden[np.arange(len(hidden)), places]
    return last


def _mean(hidden: Floats, mask: Floats) -> Floats:
    import numpy as np

    mean: Floats = _total(hidden, mask) / np.maximum(mask.sum(axis=1, keepdims=True), 1e-9)
    return mean


def _mean_sqrt(hidden: Floats, mask: Floats) -> Floats:
    import numpy as np

    total = _total(hidden, mask)
    scaled: Floats = total / np.sqrt(np.maximum(mask.sum(axis=1, keepdims=True), 1e-9))
    return scaled


def _weighted(hidden: Floats, mask: Floats) -> Floats:
    import numpy as np

    return _mean(hidden, mask * np.arange(1, mask.shape[1] + 1, dtype=np.float32))


def _max(hidden: Floats, mask: Floats) -> Floats:
    import numpy as np

    found: Floats = np.where(mask[:, :, None] > 0, hidden, np.float32(-1e9)).max(axis=1)
    return found


def _total(hidden: Floats, mask: Floats) -> Floats:
    import numpy as np

    # einsum keeps the masked copy of the hidden states from being made.
    total: Floats = np.einsum("ntd,nt->nd", hidden, mask)
    return total


POOLINGS: dict[str, Pool] = {
    "mean": _mean,
    "cls": _cls,
    "lasttoken": _last,
    "max": _max,
    "mean_sqrt_len_tokens": _mean_sqrt,
    "weightedmean": _weighted,
}
"""The poolings by the name that sentence-transformers 6 writes; each takes the tokens' vectors
``(n, tokens, d)`` and a mask ``(n, tokens)`` and gives ``(n, d)``."""

_OLD_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}


def declared_pooling(folder: ModelFolder) -> tuple[str, ...]:
    """Read which poolings a model joins; none where its files do not say."""
    settings: dict[str, Any] = folder.module("Pooling") or folder.json("1_Pooling/config.json")
    named = settings.get("pooling_mode")
    if named is not None:
        names = [named] if isinstance(named, str) else list(named)
    else:
        names = [name for flag, name in _OLD_FLAGS.items() if settings.get(flag)]
    unknown = [name for name in names if name not in POOLINGS]
    if unknown:
        raise folder.unfit(f"unknown pooling {unknown[0]!r}", f"one of: {', '.join(POOLINGS)}")
    return tuple(names)


def unit(vectors: Floats) -> Floats:
    """Stretch vectors to unit length along the last axis; zeros stay zeros."""
    import numpy as np

    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Floats = vectors / np.maximum(norms, np.float32(1e-12))
    return scaled
