"""VecStore for Python, on engram: change the import, keep the code.

Owns: the names of VecStore (docs/reference/compat-vecstore.md), each a thin layer over the public
API. The names of its toolkit are those of `engram.rag` and `engram.evaluate`, and load when they
are asked for.
"""

from __future__ import annotations

from engram.compat.vecstore.databases import Collection, VecDatabase, VecStore
from engram.compat.vecstore.values import (
    HybridQuery,
    NameTaken,
    Query,
    SearchResult,
    Snapshot,
    UnknownName,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.evaluate import (
        AnswerCorrectness,
        AnswerFaithfulness,
        ContextRelevance,
        EvaluationInput,
        EvaluationReport,
        Evaluator,
        MetricResult,
    )
    from engram.rag import (
        CodeTextSplitter,
        ConversationMemory,
        MarkdownTextSplitter,
        MultiQueryRetrieval,
        PromptTemplate,
        RecursiveCharacterTextSplitter,
    )

__all__ = [
    "AnswerCorrectness",
    "AnswerFaithfulness",
    "CodeTextSplitter",
    "Collection",
    "ContextRelevance",
    "ConversationMemory",
    "EvaluationInput",
    "EvaluationReport",
    "Evaluator",
    "HybridQuery",
    "MarkdownTextSplitter",
    "MetricResult",
    "MultiQueryRetrieval",
    "NameTaken",
    "PromptTemplate",
    "Query",
    "RecursiveCharacterTextSplitter",
    "SearchResult",
    "Snapshot",
    "UnknownName",
    "VecDatabase",
    "VecStore",
]

_LATER = {
    **dict.fromkeys(
        (
            "AnswerCorrectness",
            "AnswerFaithfulness",
            "ContextRelevance",
            "EvaluationInput",
            "EvaluationReport",
            "Evaluator",
            "MetricResult",
        ),
        "engram.evaluate",
    ),
    **dict.fromkeys(
        (
            "CodeTextSplitter",
            "ConversationMemory",
            "MarkdownTextSplitter",
            "MultiQueryRetrieval",
            "PromptTemplate",
            "RecursiveCharacterTextSplitter",
        ),
        "engram.rag",
    ),
}
"""Names whose modules load when they are asked for."""


def __getattr__(name: str) -> object:
    """Load a name of `_LATER`."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_LATER[name]), name)
    globals()[name] = value
    return value
