"""Conversations as other programs write them: OpenAI's messages, ShareGPT, ChatGPT's export.

Owns: which form data are of, and OpenAI's and ShareGPT's. Invariant: what a form says of a message
beyond role, text and time is kept beside it, and written again in the same form. Opposite side:
`engram.graph.chat_files` finds conversations in files, `Graph.import_chats` stores them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engram.errors import InvalidInput
from engram.graph.chatgpt import read_chatgpt, write_chatgpt
from engram.graph.talks import Said, Talk, bad

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["FORMATS", "checked_format", "read", "write"]

FORMATS = ("openai", "sharegpt", "chatgpt")

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What OpenAI takes for the name of who speaks."""

_TO_ROLE = {
    "human": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "model": "assistant",
    "function_call": "assistant",
    "observation": "tool",
    "function": "tool",
}
_FROM_ROLE = {"user": "human", "assistant": "gpt", "tool": "observation"}


def checked_format(format: str) -> str:
    """Give a form back where it is one.

    Raises:
        InvalidInput: ``input.invalid``.
    """
    if format not in FORMATS:
        raise InvalidInput(
            "input.invalid", f"unknown form of chats {format!r}", f"one of: {', '.join(FORMATS)}"
        )
    return format


def read(data: Any, format: str | None) -> list[Talk]:
    """Read all conversations of some JSON data.

    Args:
        data: One conversation, or a list of them.
        format: Its form; found by its keys unless given.

    Raises:
        InvalidInput: ``input.invalid``.
    """
    many = data if isinstance(data, list) and not _are_messages(data) else [data]
    return [_read_one(one, format) for one in many]


def _read_one(data: Any, format: str | None) -> Talk:
    """Read one conversation."""
    kind = _form(data) if format is None else format
    if kind == "chatgpt" and isinstance(data, dict):
        return read_chatgpt(data)
    if kind == "sharegpt" and isinstance(data, dict):
        return _read_sharegpt(data)
    if kind == "openai":
        return _read_openai(data)
    raise bad(kind, f"{type(data).__name__} {data!r:.60}")


def write(talk: Talk, ids: Sequence[str], format: str) -> Any:
    """Write a conversation; `ids` are those of its messages."""
    if format == "chatgpt":
        return write_chatgpt(talk, ids)
    if format == "openai":
        return [_openai_message(one) for one in talk.said]
    turns = [_sharegpt_turn(one) for one in talk.said]
    return {"id": talk.id, **talk.extra, "conversations": turns}


def _are_messages(data: list[Any]) -> bool:
    """Say whether a list is the messages of one conversation."""
    return bool(data) and all(isinstance(one, dict) and "role" in one for one in data)


def _form(data: Any) -> str:
    """Find out which form data are of."""
    if isinstance(data, list):
        return "openai"
    if isinstance(data, dict):
        for key, form in (("mapping", "chatgpt"), ("conversations", "sharegpt")):
            if key in data:
                return form
        if "messages" in data:
            return "openai"
    raise InvalidInput(
        "input.invalid",
        f"this is no conversation of a known form: {data!r:.80}",
        "OpenAI's messages, ShareGPT ({'conversations': [...]}), or ChatGPT's conversations.json",
    )


def _read_openai(data: Any) -> Talk:
    messages = data.get("messages") if isinstance(data, dict) else data
    if not isinstance(messages, list):
        raise bad("openai", "it has no list of messages")
    extra = {k: v for k, v in data.items() if k != "messages"} if isinstance(data, dict) else {}
    return Talk("openai", [_openai_said(one) for one in messages], extra=extra)


def _openai_said(one: Any) -> Said:
    """Read a message; one whose content is in parts keeps them."""
    role = one.get("role") if isinstance(one, dict) else None
    if not isinstance(role, str):
        raise bad("openai", f"a message has no role: {one!r:.80}")
    content = one.get("content")
    extra = {key: value for key, value in one.items() if key not in {"role", "content"}}
    if not isinstance(content, str):
        extra["content"] = content
    text = _parts_text(content) if isinstance(content, list) else content
    if text is not None and not isinstance(text, str):
        raise bad("openai", f"the content of a message is {type(content).__name__}")
    name = one.get("name")
    return Said(role, text, name if isinstance(name, str) and name else role, extra=extra)


def _parts_text(parts: list[Any]) -> str | None:
    """Give the texts among the parts of a message."""
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return "\n".join(text for text in texts if isinstance(text, str)) or None


def _openai_message(one: Said) -> dict[str, Any]:
    """Write a message; parts are written while they say what the text says."""
    extra = dict(one.extra)
    content: Any = one.text
    if "content" in extra:
        parts = extra.pop("content")
        said = _parts_text(parts) if isinstance(parts, list) else parts
        content = parts if said == one.text else one.text
    extra.pop("name", None)
    named = one.sender != one.role and _NAME.fullmatch(one.sender)
    return {
        "role": one.role,
        "content": content,
        **({"name": one.sender} if named else {}),
        **extra,
    }


def _read_sharegpt(data: dict[str, Any]) -> Talk:
    turns = data.get("conversations")
    if not isinstance(turns, list):
        raise bad("sharegpt", "it has no list of conversations")
    # Its ids number the conversations of one file: no two files mean the same by them.
    extra = {key: value for key, value in data.items() if key != "conversations"}
    return Talk("sharegpt", [_sharegpt_said(one) for one in turns], extra=extra)


def _sharegpt_said(one: Any) -> Said:
    speaker = one.get("from", one.get("role")) if isinstance(one, dict) else None
    text = one.get("value", one.get("content")) if isinstance(one, dict) else None
    if not isinstance(speaker, str) or not isinstance(text, str):
        raise bad("sharegpt", f"a turn has no 'from' and 'value': {one!r:.80}")
    role = _TO_ROLE.get(speaker, speaker)
    used = {"from", "role", "value", "content"}
    extra = {key: value for key, value in one.items() if key not in used}
    if _FROM_ROLE.get(role, role) != speaker:
        extra["from"] = speaker
    return Said(role, text, role, extra=extra)


def _sharegpt_turn(one: Said) -> dict[str, Any]:
    speaker = _FROM_ROLE.get(one.role, one.role)
    return {"from": speaker, "value": one.text or "", **one.extra}
