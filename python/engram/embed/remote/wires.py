"""How each provider wants to be asked for embeddings, and how it answers.

Owns: `Wire`, one per protocol, and which provider speaks which. Functions named ``_*_body`` make a
request, those named ``_*_read`` give the rows of an answer in the order of the texts, and the
tokens it counted. Where an answer lacks something they raise what `Caller.reading` allows.
"""

from __future__ import annotations

import base64
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from engram.remote.budget import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["WIRES", "Ask", "Role", "Wire"]

Role: TypeAlias = Literal["query", "document"]
Read: TypeAlias = tuple[list[Any], Usage | None]


class Ask(NamedTuple):
    """What is asked for in one request."""

    model: str
    texts: Sequence[str]
    role: Role
    dimensions: int | None
    truncate: bool


class Wire(NamedTuple):
    """One protocol. The limits are those that the provider documents, or that it is known for."""

    path: str
    body: Callable[[Ask], dict[str, Any]]
    read: Callable[[Any], Read]
    most_texts: int
    most_tokens: int | None = None
    shortens: bool = True
    """Whether it takes `dimensions`."""
    truncates: bool = True
    """Whether it cuts texts that are too long, where it is asked to."""
    known: Mapping[str, int] = {}
    """Models whose dimension needs no question."""


def _indexed(rows: list[Any], index: str, value: str) -> list[Any]:
    """Put rows that name their place in order; each place has to be there once."""
    by_place = {row[index]: row[value] for row in rows}
    return [by_place[place] for place in range(len(rows))]


def _without_none(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _openai_body(ask: Ask, encoding: str = "float") -> dict[str, Any]:
    return _without_none(
        {
            "model": ask.model,
            "input": list(ask.texts),
            "encoding_format": encoding,
            "dimensions": ask.dimensions,
        }
    )


def _numbers(value: Any) -> Any:
    """Give the numbers of a vector, which base64 makes a third as long to read as JSON does."""
    if not isinstance(value, str):
        return value
    import numpy as np

    return np.frombuffer(base64.b64decode(value, validate=True), dtype="<f4")


def _openai_read(answer: Any) -> Read:
    usage = answer.get("usage") or {}
    # Mistral and Voyage count in total_tokens what OpenAI counts in both.
    tokens = usage.get("prompt_tokens") or usage.get("total_tokens")
    rows = [_numbers(row) for row in _indexed(answer["data"], "index", "embedding")]
    return rows, None if tokens is None else Usage(tokens)


def _nvidia_body(ask: Ask) -> dict[str, Any]:
    return {
        **_openai_body(ask),
        "input_type": "query" if ask.role == "query" else "passage",
        "truncate": "END" if ask.truncate else "NONE",
    }


def _mistral_body(ask: Ask) -> dict[str, Any]:
    body = _openai_body(ask._replace(dimensions=None))
    return _without_none({**body, "output_dimension": ask.dimensions})


def _voyage_body(ask: Ask) -> dict[str, Any]:
    return _without_none(
        {
            "model": ask.model,
            "input": list(ask.texts),
            "input_type": ask.role,
            "truncation": ask.truncate,
            "output_dimension": ask.dimensions,
            "encoding_format": "base64",
        }
    )


def _cohere_body(ask: Ask) -> dict[str, Any]:
    return _without_none(
        {
            "model": ask.model,
            "texts": list(ask.texts),
            "input_type": f"search_{ask.role}",
            "embedding_types": ["float"],
            "output_dimension": ask.dimensions,
            "truncate": "END" if ask.truncate else "NONE",
        }
    )


def _cohere_read(answer: Any) -> Read:
    tokens = answer.get("meta", {}).get("billed_units", {}).get("input_tokens")
    return list(answer["embeddings"]["float"]), None if tokens is None else Usage(tokens)


def _gemini_body(ask: Ask) -> dict[str, Any]:
    shared = _without_none(
        {
            "model": f"models/{ask.model}",
            "taskType": f"RETRIEVAL_{ask.role.upper()}",
            "outputDimensionality": ask.dimensions,
        }
    )
    return {
        "requests": [
            {**shared, "content": {"role": "user", "parts": [{"text": text}]}} for text in ask.texts
        ]
    }


def _gemini_read(answer: Any) -> Read:
    tokens = answer.get("usageMetadata", {}).get("promptTokenCount")
    rows = [row["values"] for row in answer["embeddings"]]
    return rows, None if tokens is None else Usage(tokens)


def _ollama_body(ask: Ask) -> dict[str, Any]:
    return _without_none(
        {
            "model": ask.model,
            "input": list(ask.texts),
            "truncate": ask.truncate,
            "dimensions": ask.dimensions,
        }
    )


def _ollama_read(answer: Any) -> Read:
    tokens = answer.get("prompt_eval_count")
    return list(answer["embeddings"]), None if tokens is None else Usage(tokens)


def _huggingface_body(ask: Ask) -> dict[str, Any]:
    return {"inputs": list(ask.texts), "normalize": True, "truncate": ask.truncate}


def _huggingface_read(answer: Any) -> Read:
    if not isinstance(answer, list):
        raise TypeError(f"{type(answer).__name__} instead of a list of vectors")
    return answer, None


_OPENAI = Wire(
    "embeddings",
    partial(_openai_body, encoding="base64"),
    _openai_read,
    most_texts=2048,
    most_tokens=300_000,
    truncates=False,
    known={
        "text-embedding-3-small": 1536,
        "text-embedding-3-large": 3072,
        "text-embedding-ada-002": 1536,
    },
)

WIRES: dict[str, Wire] = {
    "openai": _OPENAI,
    # A deployment may have any name; one that is named for its model is known.
    "azure": _OPENAI,
    "nvidia": Wire(
        "embeddings",
        _nvidia_body,
        _openai_read,
        most_texts=64,
        known={
            "nvidia/nv-embedqa-e5-v5": 1024,
            "nvidia/llama-3.2-nv-embedqa-1b-v2": 2048,
            "baai/bge-m3": 1024,
        },
    ),
    "cohere": Wire(
        "embed",
        _cohere_body,
        _cohere_read,
        most_texts=96,
        known={
            "embed-v4.0": 1536,
            "embed-english-v3.0": 1024,
            "embed-multilingual-v3.0": 1024,
            "embed-english-light-v3.0": 384,
            "embed-multilingual-light-v3.0": 384,
        },
    ),
    "voyage": Wire(
        "embeddings",
        _voyage_body,
        _openai_read,
        most_texts=1000,
        most_tokens=120_000,  # the least of its models
        known={
            "voyage-3-large": 1024,
            "voyage-3.5": 1024,
            "voyage-3.5-lite": 1024,
            "voyage-code-3": 1024,
            "voyage-finance-2": 1024,
            "voyage-law-2": 1024,
        },
    ),
    "gemini": Wire(
        "models/{model}:batchEmbedContents",
        _gemini_body,
        _gemini_read,
        most_texts=100,
        truncates=False,
        known={"gemini-embedding-001": 3072},
    ),
    "mistral": Wire(
        "embeddings",
        _mistral_body,
        _openai_read,
        most_texts=128,
        most_tokens=16_000,
        truncates=False,
        known={"mistral-embed": 1024, "codestral-embed": 1536},
    ),
    "ollama": Wire("api/embed", _ollama_body, _ollama_read, most_texts=64),
    "huggingface": Wire(
        "hf-inference/models/{model}/pipeline/feature-extraction",
        _huggingface_body,
        _huggingface_read,
        most_texts=32,
        shortens=False,
    ),
    "compatible": Wire("embeddings", _openai_body, _openai_read, most_texts=64, truncates=False),
}
"""By provider. Its keys are the providers of embeddings."""
