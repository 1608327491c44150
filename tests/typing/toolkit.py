"""Typed use of embedders, the retrieval toolkit and language models; nothing runs it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_type

import engram
from engram.embed import Dense, MultiVector, Static, default
from engram.llm import LLM, as_llm
from engram.rag import (
    Chunk,
    CodeTextSplitter,
    ConversationMemory,
    MarkdownTextSplitter,
    PromptTemplate,
    RecursiveCharacterTextSplitter,
)
from engram.rerank import Formula, Listwise, Recency, Reranker

# Embedders
static = Static()
assert_type(static.encode("a"), NDArray[np.float32])
assert_type(static.encode_batch(["a", "b"]), NDArray[np.float32])
assert_type(default(), Static)
embedder: engram.Embedder = static
embedder = Dense("folder")
tokens = MultiVector("folder")

# Texts
splitter = RecursiveCharacterTextSplitter(500, 50, length="tokens", separators=["\n\n", " "])
assert_type(splitter.split("text"), list[Chunk])
assert_type(splitter.split_text("text"), list[str])
assert_type(MarkdownTextSplitter().split("# text")[0].start, int)
assert_type(CodeTextSplitter(400).with_language("rust"), CodeTextSplitter)
memory = ConversationMemory(1000, summarizer=lambda prompt: prompt)
memory.add_message("user", "hello")
assert_type(memory.format_messages(), str)
assert_type(PromptTemplate("{x}").format({"x": 1}), str)


# Language models
class Model:
    """A model as a user writes it."""

    def complete(
        self,
        prompt: str,
        /,
        *,
        system: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
    ) -> str:
        """Answer."""
        del system, max_tokens, temperature
        return prompt


model: LLM = Model()
assert_type(as_llm(model), LLM)
assert_type(as_llm(lambda prompt: prompt).complete("x", max_tokens=3), str)


# Rerankers
class Mine:
    """A reranker as a user writes it."""

    def rerank(self, query: str | None, hits: Sequence[engram.Hit], /) -> Sequence[float]:
        """Score."""
        del query
        return [hit.score for hit in hits]


rerankers: list[Reranker] = [
    Mine(),
    Recency(timedelta(days=7)),
    Formula(lambda hit: hit.score),
    Listwise(model),
]
