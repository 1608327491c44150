"""How each provider wants to be asked for an answer, and how it answers.

Owns: `ChatWire`, one per protocol, and which provider speaks which. Functions named ``_*_body``
make a request; those named ``_*_read`` read a whole answer, those named ``_*_event`` one event of a
stream. Where an answer lacks something they raise what `Caller.reading` allows.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engram.llm.messages import Message

__all__ = ["CHAT_WIRES", "ChatAsk", "ChatWire", "Piece"]

_ANTHROPIC_MAX_TOKENS = 16_000
"""Anthropic asks for a bound. It holds what a model thinks, too, and is no price: only what is used
is paid."""


class ChatAsk(NamedTuple):
    """What is asked for in one request."""

    model: str
    messages: Sequence[Message]
    max_tokens: int | None
    temperature: float | None
    schema: Mapping[str, Any] | None
    """The JSON Schema that the provider is to hold the answer to."""
    stream: bool


class Piece(NamedTuple):
    """What an answer, or one event of it, says. None where it says nothing of that."""

    text: str | None = None
    stop: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class ChatWire(NamedTuple):
    """One protocol."""

    path: str
    body: Callable[[ChatAsk], dict[str, Any]]
    read: Callable[[Any], Piece]
    event: Callable[[Any], Piece]
    stream_path: str | None = None
    """Where streams are asked for, if elsewhere."""
    takes_temperature: bool = True


def _without_none(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _split(messages: Sequence[Message]) -> tuple[str | None, list[Message]]:
    """Take the system texts out of a conversation, for providers that want them apart."""
    system = [message["content"] for message in messages if message["role"] == "system"]
    rest = [message for message in messages if message["role"] != "system"]
    return "\n\n".join(system) or None, rest


def _text_of(content: Any) -> str:
    """Give the text of a content that may be a list of blocks, thoughts among them."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    return "".join(block["text"] for block in content if block.get("type") == "text")


def _is_strict(schema: Any) -> bool:
    """Say whether OpenAI's strict mode takes a schema: every object closed, every field required.

    https://platform.openai.com/docs/guides/structured-outputs, "Supported schemas".
    """
    if isinstance(schema, list):
        return all(map(_is_strict, schema))
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        fields = set(schema.get("properties", {}))
        if schema.get("additionalProperties") is not False or fields != set(
            schema.get("required", [])
        ):
            return False
    return all(map(_is_strict, schema.values()))


def _openai_body(
    ask: ChatAsk, bound: str = "max_tokens", *, stream_usage: bool = False
) -> dict[str, Any]:
    schema = None
    if ask.schema is not None:
        strict = _is_strict(ask.schema)
        schema = {"name": "answer", "schema": ask.schema, "strict": strict}
    return _without_none(
        {
            "model": ask.model,
            "messages": list(ask.messages),
            bound: ask.max_tokens,
            "temperature": ask.temperature,
            "response_format": schema and {"type": "json_schema", "json_schema": schema},
            "stream": ask.stream or None,
            "stream_options": {"include_usage": True} if ask.stream and stream_usage else None,
        }
    )


def _openai_piece(answer: Any, part: str) -> Piece:
    usage = answer.get("usage") or {}
    text = stop = None
    if answer["choices"]:  # the last event of a stream has the usage and no choice
        choice = answer["choices"][0]
        message = choice.get(part) or {}
        refused = bool(message.get("refusal"))
        text = message["refusal"] if refused else _text_of(message.get("content"))
        stop = "refused" if refused else choice.get("finish_reason")
    return Piece(text, stop, usage.get("prompt_tokens"), usage.get("completion_tokens"))


def _openai_read(answer: Any) -> Piece:
    if not answer["choices"]:
        raise ValueError("no choices")
    return _openai_piece(answer, "message")


def _openai_event(event: Any) -> Piece:
    return _openai_piece(event, "delta")


def _anthropic_body(ask: ChatAsk) -> dict[str, Any]:
    system, messages = _split(ask.messages)
    return _without_none(
        {
            "model": ask.model,
            "system": system,
            "messages": messages,
            "max_tokens": ask.max_tokens or _ANTHROPIC_MAX_TOKENS,
            "output_config": ask.schema
            and {"format": {"type": "json_schema", "schema": ask.schema}},
            "stream": ask.stream or None,
        }
    )


def _anthropic_usage(usage: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Add up the input, counted in three parts: fresh, written to a cache, read from it."""
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    told = usage.get("input_tokens") is not None
    return sum(usage.get(name) or 0 for name in names) if told else None, usage.get("output_tokens")


def _anthropic_read(answer: Any) -> Piece:
    sent, answered = _anthropic_usage(answer.get("usage") or {})
    return Piece(_text_of(answer["content"]), answer["stop_reason"], sent, answered)


def _anthropic_event(event: Any) -> Piece:
    kind = event["type"]
    if kind == "content_block_delta":
        return Piece(event["delta"].get("text"))
    if kind == "message_start":
        sent, answered = _anthropic_usage(event["message"].get("usage") or {})
        return Piece(None, None, sent, answered)
    if kind == "message_delta":
        sent, answered = _anthropic_usage(event.get("usage") or {})
        return Piece(None, event["delta"].get("stop_reason"), sent, answered)
    return Piece()


def _gemini_body(ask: ChatAsk) -> dict[str, Any]:
    system, messages = _split(ask.messages)
    config = _without_none(
        {
            "maxOutputTokens": ask.max_tokens,
            "temperature": ask.temperature,
            "responseMimeType": "application/json" if ask.schema is not None else None,
            "responseJsonSchema": ask.schema,
        }
    )
    contents = [
        {
            "role": "model" if message["role"] == "assistant" else "user",
            "parts": [{"text": message["content"]}],
        }
        for message in messages
    ]
    instruction = None if system is None else {"role": "user", "parts": [{"text": system}]}
    return _without_none(
        {
            "contents": contents,
            "systemInstruction": instruction,
            "generationConfig": config or None,
        }
    )


def _gemini_event(answer: Any) -> Piece:
    usage = answer.get("usageMetadata") or {}
    thought = usage.get("thoughtsTokenCount") or 0
    answered = usage.get("candidatesTokenCount")
    if answered is not None:
        answered += thought
    text, stop = None, None
    if answer.get("candidates"):
        candidate = answer["candidates"][0]
        parts = (candidate.get("content") or {}).get("parts") or []
        text = "".join(part.get("text", "") for part in parts if not part.get("thought"))
        stop = candidate.get("finishReason")
    elif answer.get("promptFeedback"):
        text, stop = "", "refused"
    return Piece(text, stop, usage.get("promptTokenCount"), answered)


def _gemini_read(answer: Any) -> Piece:
    piece = _gemini_event(answer)
    if piece.text is None:
        raise ValueError("no candidates")
    return piece


def _cohere_body(ask: ChatAsk) -> dict[str, Any]:
    return _without_none(
        {
            "model": ask.model,
            "messages": list(ask.messages),
            "max_tokens": ask.max_tokens,
            "temperature": ask.temperature,
            "response_format": ask.schema and {"type": "json_object", "json_schema": ask.schema},
            "stream": ask.stream,
        }
    )


def _cohere_usage(usage: Mapping[str, Any] | None) -> tuple[int | None, int | None]:
    tokens = (usage or {}).get("tokens") or {}
    return tokens.get("input_tokens"), tokens.get("output_tokens")


def _cohere_read(answer: Any) -> Piece:
    text = _text_of(answer["message"]["content"])
    return Piece(text, answer["finish_reason"], *_cohere_usage(answer.get("usage")))


def _cohere_event(event: Any) -> Piece:
    if event["type"] == "content-delta":
        return Piece(event["delta"]["message"]["content"].get("text"))
    if event["type"] == "message-end":
        delta = event["delta"]
        return Piece(None, delta["finish_reason"], *_cohere_usage(delta.get("usage")))
    return Piece()


def _ollama_body(ask: ChatAsk) -> dict[str, Any]:
    options = _without_none({"num_predict": ask.max_tokens, "temperature": ask.temperature})
    return _without_none(
        {
            "model": ask.model,
            "messages": list(ask.messages),
            "options": options or None,
            "format": ask.schema,
            "stream": ask.stream,
        }
    )


def _ollama_read(answer: Any) -> Piece:
    stop = answer.get("done_reason", "stop") if answer["done"] else None
    return Piece(
        answer["message"]["content"],
        stop,
        answer.get("prompt_eval_count"),
        answer.get("eval_count"),
    )


def _openai_like(path: str, bound: str, *, stream_usage: bool) -> ChatWire:
    body = partial(_openai_body, bound=bound, stream_usage=stream_usage)
    return ChatWire(path, body, _openai_read, _openai_event)


# OpenAI has replaced max_tokens, which its newer models refuse; the others know only that one.
_OPENAI = _openai_like("chat/completions", "max_completion_tokens", stream_usage=True)

CHAT_WIRES: dict[str, ChatWire] = {
    "openai": _OPENAI,
    "azure": _OPENAI,
    "nvidia": _openai_like("chat/completions", "max_tokens", stream_usage=True),
    "anthropic": ChatWire(
        "messages",
        _anthropic_body,
        _anthropic_read,
        _anthropic_event,
        # API version 2026-10-21 removed it.
        takes_temperature=False,
    ),
    "gemini": ChatWire(
        "models/{model}:generateContent",
        _gemini_body,
        _gemini_read,
        _gemini_event,
        "models/{model}:streamGenerateContent?alt=sse",
    ),
    # Mistral tells the usage of a stream unasked, and refuses fields that it does not know.
    "mistral": _openai_like("chat/completions", "max_tokens", stream_usage=False),
    "cohere": ChatWire("chat", _cohere_body, _cohere_read, _cohere_event),
    "ollama": ChatWire("api/chat", _ollama_body, _ollama_read, _ollama_read),
    "huggingface": _openai_like("v1/chat/completions", "max_tokens", stream_usage=True),
    "compatible": _openai_like("chat/completions", "max_tokens", stream_usage=False),
}
"""By provider. Its keys are the providers of language models."""
