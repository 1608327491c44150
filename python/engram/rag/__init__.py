"""Text for retrieval: documents in, prompts out.

Owns: the public names of reading and splitting texts, storing their chunks, asking in several
ways, packing what was found into a prompt, and remembering a conversation. Whatever needs a model
takes one as an argument.
"""

from __future__ import annotations

from engram.rag.chunks import Chunk
from engram.rag.context import Citation, PackedContext, pack_context
from engram.rag.fusion import MultiQueryRetrieval
from engram.rag.hyde import HyDE
from engram.rag.indexing import chunk_of, chunk_records
from engram.rag.lengths import Length, estimate_tokens
from engram.rag.markdown import MarkdownTextSplitter
from engram.rag.memory import ConversationMemory, Message
from engram.rag.parents import Parent, ParentDocuments
from engram.rag.pdf import read_pdf
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
    "Message",
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
    "read_pdf",
    "read_source",
]
