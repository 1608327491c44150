"""A question about passages, and its answer.

Owns: `ask`, `stream`, `AskOptions`, `AnswerStream`, and the rule for "not in memory": an extractive
answer is found where the relevance of the passages reaches `RELEVANT`; a generated one where the
model gives one and at least one of its sentences is supported by a passage. A model is not asked
where there are no passages. Every passage is data: see `prompting` and `context`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from engram.answer.context import packed
from engram.answer.extracting import Material
from engram.answer.grounding import ground, numbers_cited
from engram.answer.nearness import relevant
from engram.answer.passages import as_passages
from engram.answer.prompting import NOT_IN_MEMORY, is_sentinel, prompt_for
from engram.answer.results import Answer
from engram.answer.telling import Teller, as_teller
from engram.checks import proper_str
from engram.errors import InvalidInput
from engram.rag import Chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from engram.answer.masking import Masker
    from engram.answer.results import AnswerMode
    from engram.llm import LLM
    from engram.rag import Length
    from engram.remote import Usage

    Model = str | LLM | Callable[[str], str]

__all__ = ["AnswerStream", "AskOptions", "ask", "masker_of", "stream"]

MAX_CONTEXT = 3_000
"""Tokens of context unless told otherwise: a dozen passages, and room for them in small models."""
_SENTENCES = 3


class AskOptions(TypedDict, total=False):
    """How a question is answered, once its passages are found.

    Attributes:
        sentences: Sentences of an extractive answer at most, 1 or more; 3 unless told otherwise.
        max_context: Length of the context at most, in the unit of `length`; 3,000 tokens unless
            told otherwise. Passages that do not fit are in `Answer.left_out`.
        length: How the context is measured; see `engram.rag.TextSplitter`.
        max_tokens: Tokens of a generated answer at most; None for the model's own limit.
        temperature: 0 unless told otherwise; see `engram.llm.LLM.complete`.
        instructions: What else the model is told: tone, form, length.
        strict: Whether a generated answer of which no sentence is supported counts as not found
            (`Answer.draft` then holds it). Answers in another language than the passages need
            False, since their words cannot be compared.
        context_only: Only pack the context; ask no model.
        return_sources: Whether `Answer.sources` lists every passage of the context.
        mask_pii: Replace e-mail addresses, phone numbers and such before anything is sent, and put
            them back into the answer. A `Masker` decides which.
    """

    sentences: int
    max_context: int
    length: Length
    max_tokens: int | None
    temperature: float | None
    instructions: str | None
    strict: bool
    context_only: bool
    return_sources: bool
    mask_pii: bool | Masker


def ask(
    question: str,
    passages: Iterable[Any],
    model: Model | None = None,
    **options: Unpack[AskOptions],
) -> Answer:
    """Answer a question from passages.

    Args:
        question: What is asked.
        passages: What a search found, best first: hits, records, `Passage` objects, or dicts with
            ``text`` and what is known of ``id, uri, title, page, start``.
        model: None for the best sentences of the passages, which needs no model and no network.
            ``"provider:model"`` as `engram.llm.get_llm` takes it, an `LLM`, or a function from
            prompt to answer.
        options: See `AskOptions`.

    Returns:
        The answer with its citations, and how far they bear it.

    Raises:
        InvalidInput: ``query.empty``, ``input.invalid``; ``input.limit`` where the context has no
            room for a passage; ``provider.unknown``, ``remote.key``, ``llm.invalid``.
        MissingExtra: For `mask_pii` without ``engram[pii]``.
        EngramError: ``remote.*``, ``llm.answer`` where the model does not answer.

    Example:
        >>> from engram.answer import ask
        >>> print(ask("When was the tower built?", [{"text": "The tower was built in 1889."}]))
        The tower was built in 1889. [1]
        <BLANKLINE>
        [1] 1
    """
    return stream(question, passages, model, _whole=True, **options).answer


def stream(
    question: str,
    passages: Iterable[Any],
    model: Model | None = None,
    *,
    _whole: bool = False,
    _finished: Callable[[Answer], Answer] | None = None,
    **options: Unpack[AskOptions],
) -> AnswerStream:
    """Answer as `ask` does, in pieces.

    Nothing is sent before the first piece is asked for. Pieces come as the model gives them, before
    they can be checked: what they come to is in `AnswerStream.answer`.

    Raises:
        InvalidInput: At once as `ask` does; what a model raises comes with its pieces.
    """
    asked = _Asked(question, passages, model, options, whole=_whole)
    return AnswerStream(asked.run(), _finished)


class AnswerStream:
    """An answer in pieces: iterate over it, then read `answer`.

    Leaving early and `close` end the connection.
    """

    def __init__(
        self,
        pieces: Generator[str, None, Answer],
        finished: Callable[[Answer], Answer] | None = None,
    ) -> None:
        """Take the pieces, and what is to be done to the whole; `stream` does this for you."""
        self._pieces = pieces
        self._finished = finished
        self._answer: Answer | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            return next(self._pieces)
        except StopIteration as end:
            if self._answer is None and end.value is not None:
                done = self._finished
                self._answer = end.value if done is None else done(end.value)
        raise StopIteration

    @property
    def answer(self) -> Answer:
        """The whole answer; what was not yet read of the pieces is read first.

        Raises:
            InvalidInput: ``input.invalid`` where the stream was closed, or failed, before its end.
        """
        for _ in self:
            pass
        if self._answer is None:
            raise InvalidInput("input.invalid", "the answer was closed before its end", "ask again")
        return self._answer

    def close(self) -> None:
        """End it here. May be called twice."""
        self._pieces.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class _Said:
    """What came of the question, before it is checked."""

    text: str
    mode: AnswerMode
    found: bool
    usage: Usage | None = None
    chunks: list[Chunk] | None = None
    """Its sentences, where they are known."""


class _Asked:
    """One question under way."""

    def __init__(
        self,
        question: str,
        passages: Iterable[Any],
        model: Model | None,
        options: AskOptions,
        *,
        whole: bool,
    ) -> None:
        self.question = proper_str(question, "the question")
        if not question.strip():
            raise InvalidInput("query.empty", "the question is empty", "ask something")
        unknown = sorted(set(options) - set(AskOptions.__annotations__))
        if unknown:
            raise InvalidInput(
                "input.invalid",
                f"ask takes no {', '.join(unknown)}",
                f"one of: {', '.join(AskOptions.__annotations__)}",
            )
        self.options = options
        self.whole = whole
        self.most = _count(options.get("sentences", _SENTENCES), "sentences")
        self.context = packed(
            as_passages(passages),
            options.get("max_context", MAX_CONTEXT),
            options.get("length", "tokens"),
        )
        self.material = Material(self.context, question)
        wants_model = model is not None and not options.get("context_only", False)
        self.teller: Teller | None = as_teller(model) if wants_model and model else None
        self.masker = masker_of(options.get("mask_pii", False))
        self.shown = self.masker.mask(self.context.text) if self.masker else self.context.text

    def run(self) -> Generator[str, None, Answer]:
        """Give the pieces, then the answer."""
        if self.options.get("context_only", False):
            return self._answer(_Said("", "context", found=bool(self.context.citations)))
        if self.teller is None:
            said = self._extracted()
            yield said.text
        elif not self.context.citations:
            said = _Said(NOT_IN_MEMORY, "generated", found=False)
            yield said.text
        else:
            said = yield from self._generated(self.teller)
        return self._answer(said)

    def _extracted(self) -> _Said:
        if self.material.relevance() < relevant(self.question):
            return _Said(NOT_IN_MEMORY, "extractive", found=False)
        parts = self.material.best(self.most)
        text, chunks = "", []
        for part in parts:
            gap = " " if text else ""
            said = f"{' '.join(part.chunk.text.split())} [{part.number}]"
            start = len(text) + len(gap)
            chunks.append(Chunk(said, start, start + len(said)))
            text += gap + said
        return _Said(text, "extractive", found=True, chunks=chunks)

    def _generated(self, teller: Teller) -> Generator[str, None, _Said]:
        masker, extra = self.masker, self.options.get("instructions")
        prompt = prompt_for(
            masker.mask(self.question) if masker else self.question,
            self.shown,
            masked=masker is not None,
            instructions=masker.mask(extra) if masker and extra else extra,
        )
        told = teller.tell(
            prompt,
            max_tokens=self.options.get("max_tokens"),
            temperature=self.options.get("temperature", 0.0),
            whole=self.whole,
        )
        restore = masker.restore if masker else None
        text, usage = yield from told.pieces(restore)
        found = not is_sentinel(text)
        return _Said(text if found else NOT_IN_MEMORY, "generated", found, usage)

    def _answer(self, said: _Said) -> Answer:
        context = self.context
        sentences = (
            ground(said.text, self.material, said.chunks) if said.found and said.text else []
        )
        text, draft, found = said.text, None, said.found
        strict = said.mode == "generated" and self.options.get("strict", True)
        if found and strict and not any(one.supported for one in sentences):
            text, draft, found = NOT_IN_MEMORY, said.text, False
        named = numbers_cited(text)
        known = {one.number: one for one in context.citations}
        return Answer(
            question=self.question,
            text=text,
            found=found,
            mode=said.mode,
            citations=tuple(known[number] for number in named if number in known),
            sources=context.citations if self.options.get("return_sources", False) else (),
            sentences=tuple(sentences),
            unknown=tuple(number for number in named if number not in known),
            draft=draft,
            relevance=round(self.material.relevance(), 4),
            context=self.shown,
            left_out=context.left_out,
            model=self.teller.name if self.teller and context.citations else None,
            usage=said.usage,
            masked=self.masker.counts if self.masker else (),
        )


def masker_of(choice: bool | Masker) -> Masker | None:  # noqa: FBT001 - as it was given
    """Give a masker that has masked nothing; None where nothing is to be masked.

    Raises:
        InvalidInput: ``input.invalid`` where it is neither a bool nor a `Masker`.
    """
    if choice is False:
        return None
    from engram.answer.masking import Masker

    if choice is True:
        return Masker()
    if not isinstance(choice, Masker):
        raise InvalidInput(
            "input.invalid",
            f"mask_pii is {type(choice).__name__}",
            "True, False, or an engram.answer.Masker",
        )
    return choice.fresh()


def _count(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidInput("input.invalid", f"{name} is {value!r}, not 1 or more")
    return value
