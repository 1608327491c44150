"""Rerankers that a provider runs: Cohere, Voyage, Jina.

Owns: `RemoteReranker`, `get_reranker`, and how each provider wants to be asked. Invariant: every
text has a finite score; a blank one, which is never sent, the lowest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from engram.remote.budget import Usage
from engram.remote.calling import Caller, estimated_tokens
from engram.remote.cutting import cut_for
from engram.remote.model import RemoteModel
from engram.remote.providers import find_provider, model_name, split_name
from engram.rerank.texts import TextReranker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from engram.remote.options import Connection

__all__ = ["RERANK_WIRES", "RemoteReranker", "get_reranker"]


class RerankWire(NamedTuple):
    """How one provider is asked. All of them answer with an index and a ``relevance_score``."""

    rows: str
    """Where the rows of an answer are."""
    extra: Mapping[str, Any]
    """What is sent beside model, query and documents."""
    most_texts: int
    most_tokens: int | None = None


RERANK_WIRES: dict[str, RerankWire] = {
    "cohere": RerankWire("results", {}, most_texts=1000),
    "voyage": RerankWire("data", {"truncation": True}, most_texts=1000, most_tokens=300_000),
    "jina": RerankWire("results", {"return_documents": False}, most_texts=1000),
}
"""By provider. Its keys are the providers of rerankers."""


class RemoteReranker(RemoteModel, TextReranker):
    """A provider's reranker. Safe for threads, which share its limits and its budget.

    It reads each text up to the model's own limit.

    Example:
        >>> from engram.rerank import RemoteReranker
        >>> RemoteReranker("cohere", "rerank-v3.5", key="...")
        RemoteReranker('cohere:rerank-v3.5')
    """

    def __init__(self, provider: str, model: str, **connection: Unpack[Connection]) -> None:
        """Make a reranker. Nothing is sent.

        Args:
            provider: One of cohere, voyage, jina.
            model: The provider's name for the model.
            connection: Key, base URL, limits, retries, budget, time-out: see `Connection`.

        Raises:
            InvalidInput: ``provider.unknown``, ``remote.key`` where there is no key.
        """
        self._caller = Caller(
            find_provider(provider, RERANK_WIRES, "rerankers"), model, **connection
        )
        self._wire = RERANK_WIRES[provider]

    @property
    def name(self) -> str:
        """What the report calls it."""
        return self._caller.name

    def score(self, query: str, texts: Sequence[str], /) -> NDArray[np.float32]:
        """Score texts for a query.

        Args:
            query: What to look for.
            texts: The texts.

        Returns:
            float32 ``(len(texts),)``, higher is better, in the provider's own measure (0 to 1 for
            the three); blank texts have the lowest of them, and 0 at most.

        Raises:
            EngramError: ``remote.*`` where the provider does not answer.
        """
        import numpy as np

        filled = [place for place, text in enumerate(texts) if text.strip()]
        sent = [texts[place] for place in filled]
        scores = np.zeros(len(texts), dtype=np.float32)
        batches = cut_for(
            self._caller.limits,
            sent,
            most_texts=self._wire.most_texts,
            most_tokens=self._wire.most_tokens,
        )
        for batch in batches:
            scores[[filled[place] for place in batch]] = self._send(
                query, [sent[place] for place in batch]
            )
        if filled and len(filled) < len(texts):
            blank = np.ones(len(texts), dtype=bool)
            blank[filled] = False
            scores[blank] = min(0.0, float(scores[filled].min()))
        return scores

    def _send(self, query: str, texts: Sequence[str]) -> list[float]:
        def read(answer: Any) -> tuple[list[float], Usage | None]:
            tokens = (answer.get("usage") or {}).get("total_tokens")
            usage = None if tokens is None else Usage(tokens)
            return _scores(answer[self._wire.rows], len(texts)), usage

        # Providers count the query once for each text.
        expected = sum(estimated_tokens(query + text) for text in texts)
        scores, _usage = self._caller.post(
            "rerank",
            {
                "model": self._caller.model,
                "query": query,
                "documents": list(texts),
                **self._wire.extra,
            },
            expected=Usage(expected),
            read=read,
        )
        return scores


def get_reranker(name: str, **connection: Unpack[Connection]) -> RemoteReranker:
    """Make the reranker of a provider's model.

    Args:
        name: ``"provider:model"``, for example ``"voyage:rerank-2.5"``.
        connection: As for `RemoteReranker`.

    Raises:
        InvalidInput: ``provider.unknown`` naming the nearest, ``remote.key`` where there is no key.
    """
    provider, model = split_name(name)
    found = find_provider(provider, RERANK_WIRES, "rerankers")
    return RemoteReranker(found.name, model_name(found, model), **connection)


def _scores(rows: Sequence[Mapping[str, Any]], count: int) -> list[float]:
    """Put the scores in the order of the texts; each has to be there once, and finite.

    Raises:
        ValueError: Where one is missing, twice there, or no finite number.
    """
    import math

    by_place = {row["index"]: float(row["relevance_score"]) for row in rows}
    if len(rows) != count or set(by_place) != set(range(count)):
        raise ValueError(f"scores of {len(rows)} texts for {count}")
    if not all(map(math.isfinite, by_place.values())):
        raise ValueError("a score that is no finite number")
    return [by_place[place] for place in range(count)]
