"""A memory as tools of frameworks and language models.

Owns: the three tools (put, find, ask), as JSON schemas for OpenAI and as objects of LangChain and
LlamaIndex.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engram.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KINDS", "functions_of", "query_engine_of", "tools_of"]

KINDS = ("basic", "openai", "langchain", "llamaindex")
"""What `use` can make of a file."""

_TEXT = {"type": "string"}
_TOOLS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "memvid_put": (
        "Store a document in the memory.",
        {"text": _TEXT, "title": _TEXT, "label": _TEXT},
        ["text"],
    ),
    "memvid_find": (
        "Find passages of the memory by words and meaning.",
        {"query": _TEXT, "k": {"type": "integer", "minimum": 1}},
        ["query"],
    ),
    "memvid_ask": (
        "Answer a question from the memory, with its sources.",
        {"question": _TEXT},
        ["question"],
    ),
}


def functions_of() -> list[dict[str, Any]]:
    """Give the tools as OpenAI's function schemas."""
    return [
        {
            "name": name,
            "description": description,
            "parameters": {
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": False,
            },
        }
        for name, (description, properties, required) in _TOOLS.items()
    ]


def _calls(memory: Any) -> dict[str, Callable[..., Any]]:
    """Give what each tool calls."""

    def memvid_put(text: str, title: str | None = None, label: str | None = None) -> str:
        frame: str = memory.put(title, label, text=text)
        return frame

    def memvid_find(query: str, k: int = 5) -> list[dict[str, Any]]:
        hits = memory.find(query, k=k)["hits"]
        return [{name: hit[name] for name in ("title", "uri", "score", "snippet")} for hit in hits]

    def memvid_ask(question: str) -> str:
        answer: str = memory.ask(question)["text"]
        return answer

    return {"memvid_put": memvid_put, "memvid_find": memvid_find, "memvid_ask": memvid_ask}


def tools_of(memory: Any, kind: str) -> list[Any]:
    """Give the tools as objects of a framework.

    Raises:
        MissingExtra: ``extra.missing`` where the framework is not installed.
    """
    calls = _calls(memory)
    if kind == "langchain":
        try:
            from langchain_core.tools import StructuredTool
        except ImportError as cause:
            raise _missing("langchain-core", "langchain") from cause
        return [
            StructuredTool.from_function(calls[name], name=name, description=_TOOLS[name][0])
            for name in calls
        ]
    try:
        from llama_index.core.tools import FunctionTool
    except ImportError as cause:
        raise _missing("llama-index-core", "llamaindex") from cause
    return [
        FunctionTool.from_defaults(calls[name], name=name, description=_TOOLS[name][0])
        for name in calls
    ]


def query_engine_of(memory: Any) -> Any:
    """Give the memory as a query engine of LlamaIndex."""
    try:
        from llama_index.core.base.response.schema import Response
        from llama_index.core.query_engine import CustomQueryEngine
    except ImportError as cause:
        raise _missing("llama-index-core", "llamaindex") from cause

    class Engine(CustomQueryEngine):  # type: ignore[misc, unused-ignore]
        """Answers by `Memvid.ask`."""

        def custom_query(self, query_str: str) -> Response:
            """Answer a question."""
            return Response(response=memory.ask(query_str)["text"])

    return Engine()


def _missing(package: str, extra: str) -> MissingExtra:
    return MissingExtra(
        "extra.missing", f"{package} is not installed", f"pip install 'engram[{extra}]'"
    )
