"""What `ask` gives back.

Owns: `Answer`, `Citation`, `Evidence`, `Sentence`. Invariants: a citation's text is
``source[start:end]`` where the passages knew their places; so is the text of an evidence. Every
number in `Answer.text` is in `citations`, or in `unknown`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from engram.remote import Usage

__all__ = ["Answer", "AnswerMode", "Citation", "Evidence", "Sentence"]

AnswerMode: TypeAlias = Literal["extractive", "generated", "context"]


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered passage, and where it stands. Frozen.

    Attributes:
        number: Its number in the context and in the answer, from 1.
        id: The best passage that it was made of.
        ids: All of them: passages that overlap or touch in their source are one citation.
        text: What it says.
        uri: Where it comes from, or None where the passage did not say.
        title: The title of its document, or None.
        page: The page it begins on, or None.
        start: Offset of its first character in the document's text, or None.
        end: Offset behind its last character, or None.
    """

    number: int
    id: str
    ids: tuple[str, ...]
    text: str
    uri: str | None
    title: str | None
    page: int | None
    start: int | None
    end: int | None

    def __str__(self) -> str:
        """Show number and place, as a list of sources does."""
        place = [] if self.page is None else [f"page {self.page}"]
        if self.start is not None:
            place.append(f"{self.start}-{self.end}")
        name = self.uri or self.title or self.id
        return f"[{self.number}] {name}" + (f" ({', '.join(place)})" if place else "")

    def to_dict(self) -> dict[str, Any]:
        """Give the citation as JSON-able data."""
        return asdict(self) | {"ids": list(self.ids)}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentence of a passage that says most of what an answer's sentence says. Frozen.

    Attributes:
        number: The number of its citation.
        text: The sentence.
        page: The page it stands on, or None.
        start: Offset of its first character in the document's text, or None.
        end: Offset behind its last character, or None.
    """

    number: int
    text: str
    page: int | None
    start: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer, and what stands behind it. Frozen.

    Attributes:
        text: The sentence, with its citations.
        start: Offset of its first character in `Answer.text`.
        end: Offset behind its last character.
        cites: The numbers that it names and that stand for a passage.
        support: How far the passages say it, 0 to 1: the mean of the share of its terms that they
            hold and of the cosine with their nearest sentence. Against what it cites; against all
            passages where it cites nothing.
        supported: Whether `support` reaches `SUPPORTED` and every number in it stands there.
        missing: Terms and numbers of it that the passages do not hold.
        evidence: What says it best, or None where there are no passages.
    """

    text: str
    start: int
    end: int
    cites: tuple[int, ...]
    support: float
    supported: bool
    missing: tuple[str, ...]
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, what it rests on, and how far that bears it. Frozen.

    Attributes:
        question: What was asked.
        text: The answer; a sentence that says so where nothing was found.
        found: Whether anything supports an answer. Where it is False, `text` says so.
        mode: ``"extractive"`` (sentences of the passages), ``"generated"`` (by a model), or
            ``"context"`` (only the context was asked for).
        citations: What the numbers in `text` stand for, in the order they are first named.
        sources: Every passage that the answer could use; empty unless ``return_sources`` was set.
        sentences: The sentences of `text`, each with its support.
        unknown: Numbers in `text` that stand for no passage.
        draft: What a model said that nothing supports; None otherwise.
        relevance: How near the passages are to the question, 0 to 1; see `RELEVANT`.
        context: The passages as the model was shown them, or would be; masked where it was.
        left_out: The ids of the passages that had no room in the context.
        model: ``provider:model``, or the name of the function; None without a model.
        usage: Tokens, as the provider counted them; None where nothing was sent or counted.
        masked: How many values were replaced before anything was sent, by kind.
        search: How `Memory.ask` searched: ``"lexical"``, ``"semantic"``, ``"hybrid"``; None where
            the passages were given.
        skipped: Why each retriever that did not run was left out, by its name.
        ids: The passages that `Memory.ask` found, best first.
        hidden: Those of them that who asks may not see, where their `AccessContext` only audits.
    """

    question: str
    text: str
    found: bool
    mode: AnswerMode
    citations: tuple[Citation, ...] = ()
    sources: tuple[Citation, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    unknown: tuple[int, ...] = ()
    draft: str | None = None
    relevance: float = 0.0
    context: str = ""
    left_out: tuple[str, ...] = ()
    model: str | None = None
    usage: Usage | None = None
    masked: tuple[tuple[str, int], ...] = ()
    search: str | None = None
    skipped: tuple[tuple[str, str], ...] = ()
    ids: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    @property
    def grounded(self) -> bool:
        """Whether something was found, every sentence is supported, and every number known."""
        return self.found and not self.unknown and not self.unsupported

    @property
    def unsupported(self) -> tuple[Sentence, ...]:
        """The sentences that the passages do not say."""
        return tuple(one for one in self.sentences if not one.supported)

    def to_dict(self) -> dict[str, Any]:
        """Give the answer as JSON-able data."""
        plain = {name: getattr(self, name) for name in ("question", "text", "found", "mode")}
        plain["grounded"] = self.grounded
        plain["citations"] = [one.to_dict() for one in self.citations]
        plain["sources"] = [one.to_dict() for one in self.sources]
        plain["sentences"] = [
            asdict(one) | {"cites": list(one.cites), "missing": list(one.missing)}
            for one in self.sentences
        ]
        plain["unknown"] = list(self.unknown)
        plain["draft"] = self.draft
        plain["relevance"] = self.relevance
        plain["context"] = self.context
        plain["left_out"] = list(self.left_out)
        plain["model"] = self.model
        plain["usage"] = self.usage and {
            "input_tokens": self.usage.input_tokens,
            "output_tokens": self.usage.output_tokens,
        }
        plain["masked"] = dict(self.masked)
        plain["search"] = self.search
        plain["skipped"] = dict(self.skipped)
        plain["ids"] = list(self.ids)
        plain["hidden"] = list(self.hidden)
        return plain

    def __str__(self) -> str:
        """Show the text, and below it what its numbers stand for."""
        return "\n".join([self.text, *([""] if self.citations else []), *map(str, self.citations)])
