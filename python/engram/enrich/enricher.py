"""What enriches records in the background: embeddings, entities, summaries under one object.

Owns: the protocol `Enricher`, and `LocalEnricher`, which makes it of an embedder, an extractor and
a summarizer. Invariant: each of the three is loaded once, at the first call that needs it.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from engram.enrich.entities import EntityExtractor, checked_confidence, get_extractor
from engram.enrich.summaries import summarize
from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engram.enrich.entities import Entity
    from engram.enrich.summaries import Summarizer
    from engram.llm import LLM
    from engram.types import Embedder

__all__ = ["Enricher", "LocalEnricher", "default_enricher"]

_EXTRACTIVE = "extractive"


@runtime_checkable
class Enricher(Protocol):
    """What a text is worth knowing by: its vector, its entities, its summary."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts: float32 ``(n, dimension)``, a zero row where nothing in a text is known."""

    def entities(self, text: str) -> list[Entity]:
        """Find the entities of a text."""

    def summarize(self, texts: Sequence[str]) -> str:
        """Sum up texts, such as the messages of a conversation."""


class LocalEnricher:
    """An `Enricher` of an embedder, an extractor and a summarizer, each loaded when needed.

    Args:
        embedder: An embedder, or a name for `engram.embed.get_embedder`.
        extractor: An extractor, or a name for `engram.enrich.get_extractor`.
        summarizer: ``"extractive"``; ``"provider:model"`` for `engram.llm.get_llm`; the name or
            folder of a model for `engram.embed.Seq2Seq`; a model that writes summaries, a language
            model, or a function from prompt to answer.
        min_confidence: Entities below it are left out, 0 to 1.
        sentences: Most sentences of a summary.

    Raises:
        InvalidInput: ``input.invalid``.
    """

    def __init__(
        self,
        *,
        embedder: str | os.PathLike[str] | Embedder = "default",
        extractor: str | os.PathLike[str] | EntityExtractor = "rules",
        summarizer: str | os.PathLike[str] | Summarizer | LLM | Callable[[str], str] = _EXTRACTIVE,
        min_confidence: float = 0.5,
        sentences: int = 3,
    ) -> None:
        """Keep what is chosen; nothing is loaded."""
        if isinstance(sentences, bool) or not isinstance(sentences, int) or sentences < 1:
            raise InvalidInput("input.invalid", f"sentences is {sentences!r}", "1 or more")
        self._choices: dict[str, Any] = {
            "embedder": embedder,
            "extractor": extractor,
            "summarizer": summarizer,
        }
        self._loaded: dict[str, Any] = {}
        self._lock = Lock()
        self._min_confidence = checked_confidence(min_confidence)
        self._sentences = sentences

    @property
    def embedder(self) -> Embedder:
        """The embedder, loaded."""
        found: Embedder = self._part("embedder")
        return found

    @property
    def extractor(self) -> EntityExtractor:
        """The extractor, loaded."""
        found: EntityExtractor = self._part("extractor")
        return found

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts; see `Enricher`.

        Raises:
            InvalidInput: ``input.invalid``, ``embedder.invalid``.
        """
        import numpy as np

        from engram.checks import proper_str
        from engram.embed.calling import embed_documents

        given = [proper_str(text, "a text") for text in texts]
        embedder = self.embedder
        matrix = np.zeros((len(given), embedder.identity.dimension), dtype=np.float32)
        if given:
            rows, vectors = embed_documents(embedder, given)
            if isinstance(vectors, bytes):
                vectors = np.frombuffer(vectors, dtype="<f4").reshape(len(rows), matrix.shape[1])
            matrix[list(rows)] = vectors
        return matrix

    def entities(self, text: str) -> list[Entity]:
        """Find the entities of a text that are sure enough.

        Raises:
            InvalidInput: ``input.invalid``.
        """
        return self.extractor.extract(text, self._min_confidence)

    def summarize(self, texts: Sequence[str]) -> str:
        """Sum up texts.

        Raises:
            InvalidInput: ``input.invalid``, ``llm.answer``.
        """
        model = self._part("summarizer")
        embedder = self.embedder if model is None else None
        return summarize(texts, sentences=self._sentences, embedder=embedder, model=model)

    def names(self) -> dict[str, str]:
        """Say what makes embeddings, entities and summaries; loads what is not loaded yet.

        Results of other names are to be made anew: this is what work is remembered by.
        """
        return {part: self._name(part) for part in _LOADERS}

    def _name(self, part: str) -> str:
        made = self._part(part)
        if part == "embedder":
            return str(made.identity.name)
        if part == "extractor":
            return f"{made.name} from {self._min_confidence}"
        if made is None:
            return _EXTRACTIVE
        return str(getattr(made, "name", None) or getattr(made, "model", None) or repr(made))

    def __repr__(self) -> str:
        """Show what was chosen."""
        inner = ", ".join(f"{name}={choice!r}" for name, choice in self._choices.items())
        return f"LocalEnricher({inner})"

    def _part(self, name: str) -> Any:
        if name not in self._loaded:
            with self._lock:
                if name not in self._loaded:
                    self._loaded[name] = _LOADERS[name](self._choices[name])
        return self._loaded[name]


def default_enricher() -> LocalEnricher:
    """Give an enricher that needs nothing: built-in embedder, rules, chosen sentences."""
    return LocalEnricher()


def _embedder(choice: Any) -> Embedder | None:
    from engram.embed.calling import embedder_source

    if isinstance(choice, (str, os.PathLike)):
        from engram.embed.registry import get_embedder

        found: Embedder = get_embedder(choice)
        return found
    if choice is None:
        raise InvalidInput("input.invalid", "embedder is None", 'an embedder, or "default"')
    return embedder_source(choice)()


def _summarizer(choice: Any) -> Any:
    if choice == _EXTRACTIVE:
        return None
    if isinstance(choice, str) and ":" in choice:
        from engram.llm import get_llm

        return get_llm(choice)
    if isinstance(choice, (str, os.PathLike)):
        from engram.embed import Seq2Seq

        return Seq2Seq(choice)
    if callable(getattr(choice, "summarize", None)):
        return choice
    from engram.llm import as_llm

    return as_llm(choice)


_LOADERS: dict[str, Callable[[Any], Any]] = {
    "embedder": _embedder,
    "extractor": get_extractor,
    "summarizer": _summarizer,
}
