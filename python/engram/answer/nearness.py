"""How near sentences are to a question, and to one another.

Owns: `Nearness`, and what `RELEVANT` and `SUPPORTED` mean. Two measures, in equal parts: the share
of terms that are there, and the cosine of vectors. The vectors are those of the model that is built
in, whatever the collection uses: thresholds hold for one model only, and nothing leaves the
machine. What is in a script that it does not know is compared by terms alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.answer.terms import IS_UNSPACED, terms
from engram.embed import default
from engram.rag.vectors import document_vectors, query_vector

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RELEVANT", "SUPPORTED", "Nearness", "blend", "relevant"]

RELEVANT = 0.4
"""Relevance from which on passages can answer a question: half the share of the question's terms in
a passage, half the cosine of the question and a sentence of it. Measured: docs/reference/answer.md.
"""

_RELEVANT_UNSPACED = 0.3
"""The same for questions in scripts without spaces, whose terms are pairs of characters."""

SUPPORTED = 0.5
"""Support from which on a sentence counts as said by a passage."""


def relevant(question: str) -> float:
    """Give the relevance that passages need to answer a question."""
    return _RELEVANT_UNSPACED if IS_UNSPACED.search(question) else RELEVANT


def blend(text: str) -> Callable[[float, float], float]:
    """Give how the share of a text's terms and a cosine with it count together.

    In equal parts where the model knows the script; where it does not, its cosines say little, and
    the terms count alone.
    """
    trust = default().coverage(text) / 2

    def blended(share: float, cosine: float) -> float:
        return (1 - trust) * share + trust * float(cosine)

    return blended


class Nearness:
    """Sentences that can be compared with texts."""

    def __init__(self, sentences: Sequence[str]) -> None:
        """Take the sentences; their vectors are made once."""
        import numpy as np

        self.terms = [frozenset(terms(one)) for one in sentences]
        model = default()
        rows, units = document_vectors(model, sentences) if sentences else ([], None)
        self.units: NDArray[np.float32] = np.zeros((len(sentences), model.dimension), np.float32)
        if units is not None:
            self.units[rows] = units

    def cosines(self, text: str) -> NDArray[np.float32]:
        """Give the cosine of a text with each sentence; 0 where there is none, or below it."""
        import numpy as np

        vector = query_vector(default(), text)
        if not len(vector):
            return np.zeros(len(self.units), np.float32)
        found: NDArray[np.float32] = np.maximum(self.units @ vector[0], 0.0)
        return found

    def coverage(self, wanted: frozenset[str]) -> list[float]:
        """Give the share of terms that each sentence holds; 0 of no terms."""
        return [len(wanted & one) / len(wanted) if wanted else 0.0 for one in self.terms]
