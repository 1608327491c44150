"""From labels of tokens to labelled pieces of a text.

Owns: `Labels`, what a model's labels mean, and `joined`, the ways of the token-classification
pipeline of transformers to join them ("simple", "first", "average", "max").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engram.embed.local.folder import ModelFolder

    Floats = NDArray[np.float32]
    Token = tuple[int, int, int | None]
    Piece = tuple[str, int, int, float]

__all__ = ["Labels", "joined"]

_NONE = "O"
_BEGINS = {"B", "S", "U"}
_ENDS = {"E", "L", "S", "U"}
_MARKS = _BEGINS | _ENDS | {"I"}


class Labels:
    """The labels of a model.

    Attributes:
        names: Each label as the model's files have it, by its number.
        parts: Each as its mark (where it stands in a piece) and its kind; a label without a mark
            has that of the inside.
        kinds: The kinds there are, without that of no piece, sorted.
    """

    __slots__ = ("kinds", "names", "parts")

    def __init__(self, folder: ModelFolder) -> None:
        """Read ``id2label``.

        Raises:
            InvalidInput: ``model.invalid`` where it is not there.
        """
        named = folder.json("config.json").get("id2label")
        numbers = {str(n) for n in range(len(named))} if isinstance(named, dict) else set()
        if not isinstance(named, dict) or not named or set(named) != numbers:
            raise folder.unfit("config.json names no labels (id2label)", "a token classifier")
        self.names = tuple(str(named[str(n)]) for n in range(len(named)))
        self.parts = tuple(_parts(name) for name in self.names)
        self.kinds = tuple(sorted({kind for _, kind in self.parts if kind != _NONE}))


def _parts(name: str) -> tuple[str, str]:
    mark, dash, kind = name.partition("-")
    return (mark, kind) if dash and kind and mark in _MARKS else ("I", name)


def joined(
    labels: Labels, tokens: Sequence[Token], logits: Floats, aggregation: str
) -> list[Piece]:
    """Join tokens into pieces.

    Args:
        labels: What the numbers mean.
        tokens: Of each token its first character, the one after its last, and its word.
        logits: ``(tokens, labels)``.
        aggregation: ``"simple"``, ``"first"``, ``"average"`` or ``"max"``.

    Returns:
        Kind, start, end and confidence of each piece.
    """
    import numpy as np

    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares = powers / powers.sum(axis=-1, keepdims=True)
    groups: list[list[int]] = []
    for place, (_, _, word) in enumerate(tokens):
        alone = aggregation == "simple" or word is None or not groups
        if alone or tokens[groups[-1][0]][2] != word:
            groups.append([place])
        else:
            groups[-1].append(place)
    pieces: list[tuple[str, int, int, list[float]]] = []
    before = ""
    for group in groups:
        voice = _voice(shares[group], aggregation)
        best = int(voice.argmax())
        mark, kind = labels.parts[best]
        start, end, score = tokens[group[0]][0], tokens[group[-1]][1], float(voice[best])
        if pieces and pieces[-1][0] == kind and mark not in _BEGINS and before not in _ENDS:
            kind, start, _, scores = pieces.pop()
            pieces.append((kind, start, end, [*scores, score]))
        else:
            pieces.append((kind, start, end, [score]))
        before = mark
    return [
        (kind, start, end, float(np.mean(scores)))
        for kind, start, end, scores in pieces
        if kind != _NONE
    ]


def _voice(shares: Floats, aggregation: str) -> Floats:
    """Give the shares that a word as a whole has, of those of its tokens."""
    if aggregation == "average":
        mean: Floats = shares.mean(axis=0)
        return mean
    place = int(shares.max(axis=-1).argmax()) if aggregation == "max" else 0
    voice: Floats = shares[place]
    return voice
