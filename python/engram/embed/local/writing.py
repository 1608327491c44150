"""Writing text token by token.

Owns: `greedy` and `beam_search`. The latter follows the search of transformers step by step, so
that the same model writes the same tokens: candidates are twice the beams, whole texts keep the
logarithm of their probability over a power of their length, and a search ends once no beam can
reach the worst text that is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engram.embed.local.rules import Rules

    Floats = NDArray[np.float32]

__all__ = ["Writer", "beam_search", "greedy"]

_FAR_BELOW = -1.0e9
"""What transformers takes for a beam that is not there."""


class Writer(Protocol):
    """What the search asks of a model."""

    def next(self, written: list[list[int]], parents: list[int]) -> Floats:
        """Give the logits of the next token of each text: ``(texts, vocabulary)``.

        Args:
            written: The texts so far, of one length.
            parents: Which of the texts of the call before each one goes on from.
        """


def greedy(writer: Writer, rules: Rules) -> list[int]:
    """Write the likeliest token again and again."""
    written = [rules.start]
    while len(written) < rules.most:
        logits = writer.next([written], [0])[0]
        written = [*written, int(rules.apply(written, logits).argmax())]
        if written[-1] in rules.ends:
            break
    return written


def beam_search(writer: Writer, rules: Rules) -> list[int]:
    """Follow several texts side by side, and give the best whole one."""
    import numpy as np

    width = rules.beams
    running = [[rules.start]] * width
    parents = list(range(width))
    scores = np.array([0.0] + [_FAR_BELOW] * (width - 1), dtype=np.float32)
    whole: list[tuple[float, list[int]]] = []
    hopeful = True
    while True:
        shares = _log_shares(writer.next(running, parents))
        ruled = [rules.apply(text, row) for text, row in zip(running, shares, strict=True)]
        totals = np.stack(ruled) + scores[:, None]
        vocabulary = totals.shape[1]
        flat = totals.ravel()
        keep = min(max(2, 1 + len(rules.ends)) * width, flat.size)
        # The first of equals comes first, as a stable sort has it.
        order = np.argsort(-flat, kind="stable")[:keep]
        texts = [[*running[place // vocabulary], int(place % vocabulary)] for place in order]
        length = len(texts[0])
        stops = [text[-1] in rules.ends or length >= rules.most for text in texts]
        if not (rules.early is True and len(whole) == width) and hopeful:
            norm = (length - 1) ** rules.length_penalty
            ended = [
                (float(flat[order[place]]) / norm, texts[place])
                for place in range(min(width, keep))
                if stops[place]
            ]
            whole = sorted([*whole, *ended], key=lambda one: -one[0])[:width]
        if all(stops):
            break
        left = flat[order] + np.float32(_FAR_BELOW) * np.array(stops)
        going = np.argsort(-left, kind="stable")[:width]
        running = [texts[place] for place in going]
        parents = [int(order[place] // vocabulary) for place in going]
        scores = left[going].astype(np.float32)
        hopeful = hopeful and _can_improve(rules, scores, whole, length)
        if not hopeful or (rules.early is True and len(whole) == width):
            break
    return whole[0][1] if whole else texts[0]


def _can_improve(
    rules: Rules, scores: Floats, whole: list[tuple[float, list[int]]], length: int
) -> bool:
    """Say whether the best beam could still beat the worst whole text."""
    reach = rules.most if rules.early == "never" and rules.length_penalty > 0 else length
    best = float(scores[0]) / float((reach - 1) ** rules.length_penalty)
    worst = whole[-1][0] if len(whole) == rules.beams else _FAR_BELOW
    return best > worst


def _log_shares(logits: Floats) -> Floats:
    """Turn logits into logarithms of shares."""
    import numpy as np

    shifted = logits - logits.max(axis=-1, keepdims=True)
    shares: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shares
