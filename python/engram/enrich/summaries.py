"""Summaries: of texts, and of a conversation as it grows.

Owns: `summarize`, `RollingSummary` and `roll`. Offline a summary is made of the text's own
sentences: those nearest to what all sentences say, each as different as may be from those chosen
before it (centrality as in Radev et al., 2004, with embeddings; maximal marginal relevance,
Carbonell & Goldstein, 1998), in their order. By choice a language model or a sequence-to-sequence
model writes it. Invariant: without such a model the same texts give the same summary.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from engram.checks import proper_str
from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from engram.llm import LLM
    from engram.types import Embedder

__all__ = ["RollingSummary", "Summarizer", "places_of", "roll", "sentences_of", "summarize"]

_ENDS = re.compile(
    r"(?<=[.!?\u3002\uff01\uff1f])[\"'\u201d\u2019)\]]*(?:\s+|(?<=[\u3002\uff01\uff1f]))|\n+"
)
_ABBREVIATED = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|etc|e\.g|i\.e|cf|No|Vol|Fig|Inc|Ltd|Co|Corp|approx)"
    r"|\b[A-Z])\.$"
)
_DIFFERENCE = 0.3
"""How much a sentence loses for being like one that was chosen; the rest is its centrality."""

_MOST_SENTENCES = 2000
"""Sentences that are compared with each other; of longer texts, as many spread evenly."""

_FEWEST_LETTERS = 12
_SYSTEM = "You write short, faithful summaries. You add nothing that the text does not say."
_PROMPT = """\
Summarize the text below in at most {sentences} sentences. Keep names, numbers, dates, decisions and
open questions. Write plain sentences and nothing else.

{before}{text}"""
_BEFORE = "What came before it, summed up (keep what still matters):\n{summary}\n\nThe text:\n"


@runtime_checkable
class Summarizer(Protocol):
    """A model that writes summaries of texts (sequence to sequence)."""

    def summarize(self, text: str, /) -> str:
        """Give the summary of a text."""


@dataclass(frozen=True, slots=True)
class RollingSummary:
    """The summary of a conversation so far.

    Attributes:
        text: The summary.
        count: How many messages it covers.
    """

    text: str = ""
    count: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Give the attributes as a dict."""
        return asdict(self)


def summarize(
    texts: Sequence[str],
    *,
    sentences: int = 3,
    embedder: Embedder | None = None,
    model: Summarizer | LLM | Callable[[str], str] | None = None,
    before: str = "",
) -> str:
    """Sum up texts, such as the messages of a conversation.

    Args:
        texts: What to sum up, in order.
        sentences: Most sentences, 1 or more; a model that only takes a text has its own measure.
        embedder: What compares sentences where no model writes; the built-in model, unless given.
        model: What writes the summary: a model with ``summarize(text)``, a language model, or a
            function from prompt to answer. Unless given, sentences are chosen.
        before: A summary of what came before, which goes into the new one.

    Returns:
        The summary; empty where there is nothing to sum up.

    Raises:
        InvalidInput: ``input.invalid``; ``llm.answer`` where a model gave nothing.
    """
    if isinstance(sentences, bool) or not isinstance(sentences, int) or sentences < 1:
        raise InvalidInput("input.invalid", f"sentences is {sentences!r}", "1 or more")
    if isinstance(texts, str):
        raise InvalidInput("input.invalid", "texts is one str, not several", "pass a list: [...]")
    given = [proper_str(text, "a text") for text in texts]
    proper_str(before, "before")
    if not any(text.strip() for text in given):
        return before.strip()
    if model is not None:
        return _written(model, given, sentences, before)
    return " ".join(_chosen([before, *given] if before else given, sentences, embedder))


def roll(
    previous: RollingSummary,
    messages: Sequence[str],
    *,
    sentences: int = 5,
    embedder: Embedder | None = None,
    model: Summarizer | LLM | Callable[[str], str] | None = None,
) -> RollingSummary:
    """Carry a summary on: the one before and the messages since become the new one.

    Args:
        previous: The summary so far; ``RollingSummary()`` at the start.
        messages: What was said since, in order; none leaves the summary as it is.
        sentences: Most sentences, 1 or more.
        embedder: As for `summarize`.
        model: As for `summarize`.

    Raises:
        InvalidInput: As `summarize`.
    """
    if not messages:
        return previous
    text = summarize(
        messages, sentences=sentences, embedder=embedder, model=model, before=previous.text
    )
    return RollingSummary(text, previous.count + len(messages))


def sentences_of(text: str) -> list[str]:
    """Part a text into sentences: at full stops, question and exclamation marks, and lines."""
    return [" ".join(text[start:end].split()) for start, end in places_of(text)]


def places_of(text: str) -> list[tuple[int, int]]:
    """Say where the sentences of a text begin and end, blanks behind them included."""
    places, start = [], 0
    for end in _ENDS.finditer(text):
        if _ABBREVIATED.search(text[max(start, end.start() - 8) : end.start()]):
            continue
        places.append((start, end.end()))
        start = end.end()
    places.append((start, len(text)))
    return [(low, high) for low, high in places if text[low:high].strip()]


def _written(
    model: Summarizer | LLM | Callable[[str], str],
    texts: Sequence[str],
    sentences: int,
    before: str,
) -> str:
    """Have a model write the summary."""
    text = "\n".join(texts)
    if callable(getattr(model, "summarize", None)):
        whole = f"{before}\n{text}" if before else text
        answer: object = _in_parts(cast("Summarizer", model), whole)
    else:
        from engram.llm import as_llm

        head = _BEFORE.format(summary=before) if before else ""
        prompt = _PROMPT.format(sentences=sentences, before=head, text=text)
        llm = as_llm(cast("LLM | Callable[[str], str]", model))
        answer = llm.complete(prompt, system=_SYSTEM, temperature=0.0)
    if not isinstance(answer, str) or not answer.strip():
        raise InvalidInput(
            "llm.answer", f"{model!r:.80} gave no summary: {answer!r:.80}", "ask again"
        )
    return answer.strip()


def _in_parts(model: Summarizer, text: str) -> object:
    """Sum up a text that is longer than the model reads: its parts, then what that gives."""
    count = getattr(model, "count_tokens", None)
    limit = getattr(model, "max_length", None)
    while callable(count) and isinstance(limit, int) and count(text) > limit:
        from engram.rag import RecursiveCharacterTextSplitter

        splitter = RecursiveCharacterTextSplitter(limit, 0, length=count)
        shorter = "\n".join(model.summarize(part) for part in splitter.split_text(text))
        if len(shorter) >= len(text):
            raise InvalidInput(
                "llm.answer",
                f"{model!r:.80} makes no text shorter than its {limit} tokens",
                "a larger max_length, or fewer texts at a time",
            )
        text = shorter
    return model.summarize(text)


def _chosen(texts: Sequence[str], count: int, embedder: Embedder | None) -> list[str]:
    """Choose sentences, in their order."""
    every = list(dict.fromkeys(one for text in texts for one in sentences_of(text)))
    if len(every) > _MOST_SENTENCES:
        step = len(every) / _MOST_SENTENCES
        every = [every[int(index * step)] for index in range(_MOST_SENTENCES)]
    telling = [one for one in every if sum(map(str.isalpha, one)) >= _FEWEST_LETTERS] or every
    if len(telling) <= count:
        return telling
    order = _ranked(telling, count, embedder)
    return [telling[index] for index in sorted(order)]


def _ranked(sentences: Sequence[str], count: int, embedder: Embedder | None) -> list[int]:
    import numpy as np

    from engram.embed import default
    from engram.rag.vectors import document_vectors

    rows, units = document_vectors(embedder or default(), sentences)
    if not rows:  # words that the embedder does not know
        return list(range(count))
    centre = units.mean(axis=0)
    centrality = units @ (centre / max(float(np.linalg.norm(centre)), 1e-9))
    lengths = np.array([len(sentences[row].split()) for row in rows], dtype=np.float32)
    # A sentence of three words is near the centre of everything and says nothing.
    worth = centrality * np.minimum(1.0, lengths / 8.0) ** 0.5
    return [rows[index] for index in _diverse(worth.astype(np.float32), units, count)]


def _diverse(worth: NDArray[np.float32], units: NDArray[np.float32], count: int) -> list[int]:
    """Choose by worth less likeness to what was chosen; of equals the first."""
    import numpy as np

    likeness = np.zeros(len(worth), dtype=np.float32)
    free = np.ones(len(worth), dtype=bool)
    chosen: list[int] = []
    while len(chosen) < min(count, len(worth)):
        value = (1 - _DIFFERENCE) * worth - _DIFFERENCE * likeness
        best = int(np.argmax(np.where(free, np.round(value, 6), -np.inf)))
        chosen.append(best)
        free[best] = False
        likeness = np.maximum(likeness, units @ units[best])
    return chosen
