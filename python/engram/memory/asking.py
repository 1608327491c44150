"""Asking a memory questions.

Owns: `Asking`: `ask`, and which of its options belong to the search (those of `Memory.find`) and
which to the answer (`engram.answer.AskOptions`). Invariant: with ``mask_pii``
nothing of the question or the passages leaves the machine unmasked, whoever embeds or reranks.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from engram.embed.calling import embed_query
from engram.errors import InvalidInput
from engram.memory.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Unpack

    from engram.answer import Answer, AnswerStream, AskOptions, Masker
    from engram.answer.asking import Model
    from engram.memory.ask_options import MemoryAskOptions
    from engram.memory.finds import Finds
    from engram.types import Embedder

__all__ = ["Asking"]

_PASSAGES = 8
"""Passages that are looked for: about what fits into the context."""


class Asking(Finding):
    """The verb that answers."""

    @overload
    def ask(
        self,
        question: str,
        model: Model | None = None,
        *,
        stream: Literal[False] = False,
        **options: Unpack[MemoryAskOptions],
    ) -> Answer: ...
    @overload
    def ask(
        self,
        question: str,
        model: Model | None = None,
        *,
        stream: Literal[True],
        **options: Unpack[MemoryAskOptions],
    ) -> AnswerStream: ...
    def ask(
        self,
        question: str,
        model: Model | None = None,
        *,
        stream: bool = False,
        **options: Unpack[MemoryAskOptions],
    ) -> Answer | AnswerStream:
        """Answer a question from the passages that fit it, with citations.

        Args:
            question: What is asked.
            model: None for the best sentences of the passages, offline. ``"provider:model"`` as
                `engram.llm.get_llm` takes it, an `engram.llm.LLM`, or a function from prompt to
                answer.
            stream: Give the answer in pieces: iterate over it, then read its ``answer``.
            options: Those of `find` but for pages and snippets (``k`` is 8 unless given), and those
                of `engram.answer.AskOptions`: ``max_context``, ``max_tokens``, ``context_only``,
                ``return_sources``, ``mask_pii``, ``strict``, ``instructions`` and others.

        Returns:
            The answer; `Answer.search` says how its passages were searched. An `AnswerStream` with
            ``stream``.

        Raises:
            InvalidInput: As `find` and `engram.answer.ask`; ``input.invalid`` where a reranker of a
                provider would be sent what `mask_pii` is to keep here.
            NotFound: As `find`.
            MissingExtra: As `engram.answer.ask`.
            EngramError: ``remote.*``, ``llm.answer`` where the model does not answer.
        """
        _, pieces = self._asked(question, model, options, whole=not stream)
        return pieces if stream else pieces.answer

    def _asked(
        self,
        question: str,
        model: Model | None,
        options: Mapping[str, Any],
        *,
        whole: bool,
    ) -> tuple[Finds, AnswerStream]:
        """Search, and begin to answer; an answer in pieces sends nothing before the first."""
        from engram.answer.asking import masker_of
        from engram.answer.asking import stream as stream_answer

        search, telling = self._parted(options)
        masker = masker_of(telling.get("mask_pii", False))
        if masker is not None:
            search |= self._masked(question, search, masker)
        finds = self.find(question, **search)

        def finished(answer: Answer) -> Answer:
            return replace(
                answer,
                hidden=finds.hidden or (),
                search=finds.mode,
                skipped=tuple(finds.skipped.items()),
                ids=tuple(finds.ids),
            )

        pieces = stream_answer(
            question, finds, model, _whole=whole, _finished=finished, **cast("AskOptions", telling)
        )
        return finds, pieces

    def _parted(self, options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Part the options into those of the search and those of the answer."""
        from engram.answer import AskOptions

        ours = set(AskOptions.__annotations__)
        finding = set(inspect.signature(self.find).parameters) - _NOT_OURS
        for name in options:
            if name not in ours | finding:
                near = get_close_matches(name, sorted(ours | finding), 1)
                raise InvalidInput(
                    "input.invalid",
                    f"ask takes no {name!r}",
                    f"did you mean {near[0]}?" if near else "see help(engram.Memory.ask)",
                )
        telling = {name: value for name, value in options.items() if name in ours}
        search = {name: value for name, value in options.items() if name in finding}
        # An adaptive list is as long as its scores say.
        if not search.get("adaptive") and search.get("k") is None:
            search["k"] = _PASSAGES
        return {"snippet_chars": 0, **search}, telling

    def _masked(self, question: str, search: dict[str, Any], masker: Masker) -> dict[str, Any]:
        """Keep what a provider's embedder or reranker would be sent.

        The question is masked before it is embedded elsewhere; a reranker would be sent passages.
        """
        from engram.remote.model import RemoteModel

        rerank = search.get("rerank")
        rerankers = rerank if isinstance(rerank, (list, tuple)) else [rerank]
        if any(isinstance(one, RemoteModel) for one in rerankers):
            raise InvalidInput(
                "input.invalid",
                "mask_pii, and a reranker that a provider runs: it would be sent the passages",
                "rerank with a local model (engram.rerank.CrossEncoder), or leave mask_pii out",
            )
        if search.get("mode", "auto") in {"lex", "lexical"} or "query_embedding" in search:
            return {}
        try:
            by = search.get("embedder") or self.embedder
        except InvalidInput:
            return {}  # find says what is missing, or searches without
        if not isinstance(by, RemoteModel):
            return {}
        vector = embed_query(cast("Embedder", by), masker.mask(question))
        return {
            "query_embedding": vector,
            "query_embedding_identity": cast("Embedder", by).identity,
            "embedder": None,
        }


_NOT_OURS = {"query", "cursor", "snippet_chars", "snippets", "image", "kind"}
"""What of `find` makes no sense for an answer."""
