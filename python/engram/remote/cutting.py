"""Cutting texts into requests that a provider takes.

Owns: `cut` and `cut_for`. Invariant: every text is in exactly one batch, in order; a batch is
beyond a limit only where a single text is.
"""

from __future__ import annotations

from engram.remote.calling import estimated_tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from engram.remote.limits import Limits

__all__ = ["cut", "cut_for"]

_MOST_BYTES = 4_000_000
"""Of texts in one request: below what gateways refuse."""


def cut_for(
    limits: Limits, texts: Sequence[str], *, most_texts: int, most_tokens: int | None
) -> list[range]:
    """Cut texts into runs that a provider takes, and that the limits let through at once."""
    bounds = [bound for bound in (most_tokens, limits.largest_tokens) if bound is not None]
    return cut(
        texts,
        most_texts=most_texts,
        most_tokens=min(bounds, default=None),
        most_bytes=_MOST_BYTES,
    )


def cut(
    texts: Sequence[str], *, most_texts: int, most_tokens: int | None, most_bytes: int
) -> list[range]:
    """Cut texts into runs, each within all three limits.

    Args:
        texts: The texts.
        most_texts: Texts in a run, 1 or more.
        most_tokens: Tokens in a run, estimated; None for no limit.
        most_bytes: Bytes of UTF-8 in a run.
    """
    runs: list[range] = []
    start = tokens = size = 0
    for index, text in enumerate(texts):
        more_tokens, more_size = estimated_tokens(text), len(text.encode("utf-8", "replace"))
        full = (
            index - start >= most_texts
            or (most_tokens is not None and tokens + more_tokens > most_tokens)
            or size + more_size > most_bytes
        )
        if full and index > start:
            runs.append(range(start, index))
            start, tokens, size = index, 0, 0
        tokens += more_tokens
        size += more_size
    if start < len(texts):
        runs.append(range(start, len(texts)))
    return runs
