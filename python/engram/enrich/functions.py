"""The functions of enrichment, without state of their own: text in, plain data out.

Owns: `generate_embedding`, `extract_entities`, `summarize`, `health_check`, and `configure`, which
says what stands behind them. Models are loaded at the first call that needs them, once a process.
Invariant: nothing but `configure` changes what the others give. Threads may call all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.enrich.enricher import LocalEnricher
from engram.errors import EngramError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from typing import Any

    from engram.enrich.entities import EntityExtractor
    from engram.enrich.summaries import Summarizer
    from engram.llm import LLM
    from engram.types import Embedder

__all__ = [
    "configure",
    "extract_entities",
    "generate_embedding",
    "health_check",
    "summarize",
]

_PROBE = "Alice met Bob in Paris."


class _Choice:
    """What stands behind the functions."""

    enricher = LocalEnricher()


def configure(
    *,
    embedder: str | os.PathLike[str] | Embedder = "default",
    extractor: str | os.PathLike[str] | EntityExtractor = "rules",
    summarizer: str | os.PathLike[str] | Summarizer | LLM | Callable[[str], str] = "extractive",
    min_confidence: float = 0.5,
    sentences: int = 3,
) -> None:
    """Choose what stands behind the functions; what is left out is as at the start.

    Args:
        embedder: An embedder, or a name for `engram.embed.get_embedder`.
        extractor: An extractor, or a name for `engram.enrich.get_extractor`.
        summarizer: ``"extractive"``; ``"provider:model"`` for `engram.llm.get_llm`; the name or
            folder of a model for `engram.embed.Seq2Seq`; a model that writes summaries, a language
            model, or a function from prompt to answer.
        min_confidence: Entities below it are left out, 0 to 1.
        sentences: Most sentences of a summary.

    Raises:
        InvalidInput: ``input.invalid``. That a model is missing shows at its first use, and in
            `health_check`.
    """
    _Choice.enricher = LocalEnricher(
        embedder=embedder,
        extractor=extractor,
        summarizer=summarizer,
        min_confidence=min_confidence,
        sentences=sentences,
    )


def generate_embedding(text: str) -> list[float]:
    """Embed a text.

    Returns:
        As many numbers as the embedder's dimension; zeros where it knows nothing in the text.

    Raises:
        InvalidInput: ``input.invalid``, ``embedder.invalid``.
        NotFound: ``model.not_found``.
        MissingExtra: ``extra.missing``.
    """
    return [float(value) for value in _Choice.enricher.embed([text])[0]]


def extract_entities(text: str) -> list[dict[str, Any]]:
    """Find the entities of a text.

    Returns:
        A dict each, with ``text``, ``label``, ``start``, ``end`` and ``confidence``, in order.

    Raises:
        InvalidInput: ``input.invalid``.
        NotFound: ``model.not_found``.
        MissingExtra: ``extra.missing``.
    """
    return [one.to_dict() for one in _Choice.enricher.entities(text)]


def summarize(messages: Sequence[str]) -> str:
    """Sum up messages; of none, the empty text.

    Raises:
        InvalidInput: ``input.invalid``, ``llm.answer``, and what the model raises.
    """
    return _Choice.enricher.summarize(messages)


def health_check() -> dict[str, Any]:
    """Try each function on a sentence.

    Returns:
        ``status`` (``"ok"``, or ``"failing"``), and for each function ``ok``, what stands behind it
        (``model``), and where it fails ``code`` and ``error``.
    """
    enricher = _Choice.enricher
    tried: dict[str, tuple[str, Callable[[], object]]] = {
        "generate_embedding": ("embedder", lambda: enricher.embed([_PROBE])),
        "extract_entities": ("extractor", lambda: enricher.entities(_PROBE)),
        "summarize": ("summarizer", lambda: enricher.summarize([_PROBE])),
    }
    report: dict[str, Any] = {"status": "ok"}
    for function, (part, call) in tried.items():
        one: dict[str, Any] = {"ok": True, "model": None}
        try:
            call()
            one["model"] = enricher._name(part)
        except EngramError as error:
            one.update(ok=False, code=error.code, error=str(error))
            report["status"] = "failing"
        report[function] = one
    return report
