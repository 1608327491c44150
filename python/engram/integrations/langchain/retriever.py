"""The LangChain retriever.

Owns: `EngramRetriever`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from engram.integrations.langchain.store import EngramVectorStore
from engram.types import Mode

if TYPE_CHECKING:
    from langchain_core.callbacks import (
        AsyncCallbackManagerForRetrieverRun,
        CallbackManagerForRetrieverRun,
    )
    from langchain_core.documents import Document

__all__ = ["EngramRetriever"]


class EngramRetriever(BaseRetriever):
    """A LangChain retriever that looks at vectors and words together, with all of engram's options.

    ``store.as_retriever()`` is LangChain's own retriever over the same store.

    Attributes:
        store: Where to look.
        k: Most documents.
        mode: ``"hybrid"`` unless given: vectors and words, their scores joined.
        filter: Only documents whose metadata matches.
        options: More arguments of `engram.Query`: ``{"hop": 0.3, "weights": {"lexical": 0.6}}``.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    store: EngramVectorStore
    k: int = 4
    mode: Mode = "hybrid"
    filter: Any = None
    options: dict[str, Any] = Field(default_factory=dict)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        del run_manager
        return self.store.similarity_search(query, **self._arguments(kwargs))

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        del run_manager
        return await self.store.asimilarity_search(query, **self._arguments(kwargs))

    def _arguments(self, given: dict[str, Any]) -> dict[str, Any]:
        own = {"k": self.k, "mode": self.mode, "filter": self.filter}
        return {**own, **self.options, **given}
