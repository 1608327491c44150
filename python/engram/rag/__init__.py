"""Text for retrieval: sources read with their offsets, and split into chunks."""

from __future__ import annotations

from engram.rag.chunks import Chunk
from engram.rag.lengths import Length, estimate_tokens
from engram.rag.markdown import MarkdownTextSplitter
from engram.rag.memory import ConversationMemory, Message
from engram.rag.prompts import PromptTemplate
from engram.rag.semantic import SemanticTextSplitter
from engram.rag.sources import Source, read_source
from engram.rag.splitters import RecursiveCharacterTextSplitter, TextSplitter, TokenTextSplitter
from engram.rag.syntax import CodeTextSplitter

__all__ = [
    "Chunk",
    "CodeTextSplitter",
    "ConversationMemory",
    "Length",
    "MarkdownTextSplitter",
    "Message",
    "PromptTemplate",
    "RecursiveCharacterTextSplitter",
    "SemanticTextSplitter",
    "Source",
    "TextSplitter",
    "TokenTextSplitter",
    "estimate_tokens",
    "read_source",
]
