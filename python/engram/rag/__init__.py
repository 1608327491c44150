"""Text for retrieval: documents in, prompts out.

Owns: the public names of reading and splitting texts, storing their chunks, asking in several
ways, packing what was found into a prompt, and remembering a conversation. Whatever needs a model
takes one as an argument.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.rag.chunks import Chunk
    from engram.rag.context import Citation, PackedContext, pack_context
    from engram.rag.fusion import MultiQueryRetrieval
    from engram.rag.hyde import HyDE
    from engram.rag.indexing import chunk_of, chunk_records
    from engram.rag.lengths import Length, estimate_tokens
    from engram.rag.markdown import MarkdownTextSplitter
    from engram.rag.memory import ConversationMemory
    from engram.rag.parents import Parent, ParentDocuments
    from engram.rag.prompts import PromptTemplate
    from engram.rag.semantic import SemanticTextSplitter
    from engram.rag.sources import Source, read_source
    from engram.rag.splitters import RecursiveCharacterTextSplitter, TextSplitter, TokenTextSplitter
    from engram.rag.syntax import CodeTextSplitter

__all__ = [
    "Chunk",
    "Citation",
    "CodeTextSplitter",
    "ConversationMemory",
    "HyDE",
    "Length",
    "MarkdownTextSplitter",
    "MultiQueryRetrieval",
    "PackedContext",
    "Parent",
    "ParentDocuments",
    "PromptTemplate",
    "RecursiveCharacterTextSplitter",
    "SemanticTextSplitter",
    "Source",
    "TextSplitter",
    "TokenTextSplitter",
    "chunk_of",
    "chunk_records",
    "estimate_tokens",
    "pack_context",
    "read_source",
]

_HOMES = {
    "Chunk": "chunks",
    "Citation": "context",
    "CodeTextSplitter": "syntax",
    "ConversationMemory": "memory",
    "HyDE": "hyde",
    "Length": "lengths",
    "MarkdownTextSplitter": "markdown",
    "MultiQueryRetrieval": "fusion",
    "PackedContext": "context",
    "Parent": "parents",
    "ParentDocuments": "parents",
    "PromptTemplate": "prompts",
    "RecursiveCharacterTextSplitter": "splitters",
    "SemanticTextSplitter": "semantic",
    "Source": "sources",
    "TextSplitter": "splitters",
    "TokenTextSplitter": "splitters",
    "chunk_of": "indexing",
    "chunk_records": "indexing",
    "estimate_tokens": "lengths",
    "pack_context": "context",
    "read_source": "sources",
}
"""The module of each name; it loads when the name is asked for."""


def __getattr__(name: str) -> object:
    """Load a name of `_HOMES`."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
