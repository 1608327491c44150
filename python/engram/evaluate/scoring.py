"""Three ways to compare texts: by their words, by their vectors, by asking a language model.

Owns: `Scorer` and its three forms, `Overlap`, `Nearness` and `Judged`. Each answers the same three
questions; the metrics are these questions put to the fields of an input.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from engram.errors import InvalidInput
from engram.evaluate.judging import verdict_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engram.evaluate.judging import Judge
    from engram.evaluate.vectors import TextVectors

__all__ = ["Finding", "Judged", "Nearness", "Overlap", "Scorer", "words"]

# Scripts without spaces between words: each character counts as one.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])\s*|\s*\n\s*")


@dataclass(frozen=True)
class Finding:
    """How far something holds, 0 to 1, and what that was made of."""

    score: float
    details: Mapping[str, Any]


class Scorer(Protocol):
    """What the metrics ask."""

    method: str

    def relevance(
        self, query: str, reference: str | None, contexts: Sequence[str]
    ) -> list[Finding]:
        """How much each context helps: to answer the query, or to arrive at the reference."""

    def support(self, text: str, contexts: Sequence[str]) -> Finding:
        """How much of a text the contexts hold."""

    def agreement(self, query: str, answer: str, truth: str) -> Finding:
        """How far an answer says what the true one says."""


def words(text: str) -> list[str]:
    """Give the words of a text, folded; of scripts without spaces, the characters.

    Raises:
        InvalidInput: ``input.invalid`` where there is none.
    """
    found = _folded(text)
    if not found:
        raise InvalidInput("input.invalid", f"no word in {text[:60]!r}")
    return found


def _folded(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def sentences(text: str) -> list[str]:
    """Cut a text into sentences; those without a word are left out."""
    return [one for one in _SENTENCE_END.split(text) if _WORD.search(one)]


class Overlap:
    """Words in common. Knows no synonyms; needs nothing."""

    method = "overlap"

    def relevance(
        self, query: str, reference: str | None, contexts: Sequence[str]
    ) -> list[Finding]:
        """The share of the distinct words of query or reference that each context has."""
        wanted = set(words(reference or query))
        found = []
        for context in contexts:
            missing = sorted(wanted - set(_folded(context)))
            found.append(Finding(1 - len(missing) / len(wanted), {"missing": missing}))
        return found

    def support(self, text: str, contexts: Sequence[str]) -> Finding:
        """The share of the text's words that are in the contexts (K-precision)."""
        there = {word for context in contexts for word in _folded(context)}
        of_text = words(text)
        missing = [word for word in of_text if word not in there]
        return Finding(1 - len(missing) / len(of_text), {"missing": sorted(set(missing))})

    def agreement(self, query: str, answer: str, truth: str) -> Finding:
        """The F1 of the words of answer and truth, as in SQuAD."""
        del query
        said, true = Counter(words(answer)), Counter(words(truth))
        common = sum((said & true).values())
        precision, recall = common / said.total(), common / true.total()
        score = 2 * precision * recall / (precision + recall) if common else 0.0
        return Finding(score, {"precision": precision, "recall": recall})


class Nearness:
    """Cosines of vectors; below 0 counts as 0."""

    method = "embedding"

    def __init__(self, vectors: TextVectors) -> None:
        """Take what embeds."""
        self._vectors = vectors

    def relevance(
        self, query: str, reference: str | None, contexts: Sequence[str]
    ) -> list[Finding]:
        """The nearness of query or reference to each context."""
        of_text = self._vectors.known([reference or query], "the text")
        near = _cosines(of_text, self._vectors.known(contexts, "a context"))[0]
        return [Finding(float(score), {}) for score in near]

    def support(self, text: str, contexts: Sequence[str]) -> Finding:
        """The mean over the text's sentences of the nearness to the nearest of the contexts."""
        parts = sentences(text) or [text]
        there = [one for context in contexts for one in sentences(context)]
        if not there:
            raise InvalidInput("input.invalid", "no word in any context")
        near = _cosines(
            self._vectors.known(parts, "the text"), self._vectors.known(there, "a context")
        ).max(axis=1)
        listed = [{"text": t, "score": float(s)} for t, s in zip(parts, near, strict=True)]
        return Finding(float(near.mean()), {"statements": listed})

    def agreement(self, query: str, answer: str, truth: str) -> Finding:
        """The nearness of answer and truth."""
        del query
        a = self._vectors.known([answer], "the answer")
        b = self._vectors.known([truth], "the ground truth")
        return Finding(float(_cosines(a, b)[0, 0]), {})


def _cosines(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosines of unit rows, within 0 to 1 whatever the rounding."""
    near: NDArray[np.float64] = (a @ b.T).clip(0.0, 1.0)
    return near


def _form(**properties: dict[str, Any]) -> dict[str, Any]:
    """Give the JSON Schema of an object that has just these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}
_TEXTS = {"type": "array", "items": _TEXT}
_RELEVANT = _form(reason=_TEXT, relevant=_FLAG)
_SUPPORTED = _form(statements={"type": "array", "items": _form(statement=_TEXT, supported=_FLAG)})
_AGREEING = _form(both=_TEXTS, only_answer=_TEXTS, only_truth=_TEXTS)


class Judged:
    """The verdicts of a language model."""

    method = "llm"

    def __init__(self, judge: Judge) -> None:
        """Take the judge."""
        self._judge = judge

    def relevance(
        self, query: str, reference: str | None, contexts: Sequence[str]
    ) -> list[Finding]:
        """Ask of each context whether it helps: 1 or 0."""
        if reference is None:
            asked = "Does the passage hold something that helps to answer the question?"
            given = _block("Question", query)
        else:
            asked = "Did the passage help to arrive at the reference answer to the question?"
            given = _block("Question", query) + _block("Reference answer", reference)
        form = 'JSON: {"reason": "one short sentence", "relevant": true or false}'
        prompts = [f"{given}{_block('Passage', context)}{asked}\n{form}" for context in contexts]
        return [self._judge.ask(prompt, _RELEVANT, _relevant) for prompt in prompts]

    def support(self, text: str, contexts: Sequence[str]) -> Finding:
        """Ask for the statements of the text, and which of them the contexts bear out."""
        passages = "".join(_block(f"Passage {n}", one) for n, one in enumerate(contexts, start=1))
        prompt = (
            f"{passages}{_block('Text', text)}"
            "List every statement that the text makes, each so that it stands by itself, and say "
            "of each whether it follows from the passages alone.\n"
            'JSON: {"statements": [{"statement": "...", "supported": true or false}, ...]}'
        )
        return self._judge.ask(prompt, _SUPPORTED, _supported)

    def agreement(self, query: str, answer: str, truth: str) -> Finding:
        """Ask which statements answer and truth share, and take the F1 of that."""
        prompt = (
            f"{_block('Question', query)}{_block('Answer', answer)}{_block('Truth', truth)}"
            "Sort the statements that answer and truth make: those that both make, those that "
            "only the answer makes, those that only the truth makes.\n"
            'JSON: {"both": ["..."], "only_answer": ["..."], "only_truth": ["..."]}'
        )
        return self._judge.ask(prompt, _AGREEING, _agreeing)


def _block(title: str, text: str) -> str:
    """Fence a text; what it holds cannot end the fence."""
    fenced = text.replace("<<<", "< < <").replace(">>>", "> > >")
    return f"{title}:\n<<<\n{fenced}\n>>>\n\n"


def _relevant(found: dict[str, Any]) -> Finding:
    if not isinstance(found["relevant"], bool):
        raise ValueError("'relevant' is neither true nor false")  # noqa: TRY004 - see Judge.ask
    return Finding(float(found["relevant"]), {"reason": str(found.get("reason", ""))})


def _supported(found: dict[str, Any]) -> Finding:
    kinds: dict[str, type] = {"statement": str, "supported": bool}
    statements = verdict_list(found["statements"], "statements", kinds)
    if not statements:
        raise ValueError("'statements' is empty")
    held = sum(one["supported"] for one in statements)
    listed = [{name: one[name] for name in kinds} for one in statements]
    return Finding(held / len(listed), {"statements": listed})


def _agreeing(found: dict[str, Any]) -> Finding:
    lists = {name: found[name] for name in ("both", "only_answer", "only_truth")}
    for name, value in lists.items():
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ValueError(f"{name!r} is no list of texts")
    both, extra, missing = (len(value) for value in lists.values())
    if both + extra + missing == 0:
        raise ValueError("no statement in any of the lists")
    return Finding(2 * both / (2 * both + extra + missing), lists)
