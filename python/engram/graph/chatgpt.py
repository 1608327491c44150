"""ChatGPT's export: conversations whose messages are a tree.

Owns: reading and writing one conversation of ``conversations.json``. Each entry of its ``mapping``
has a parent and children; edited and regenerated messages are branches, and ``current_node`` is the
end of the branch that ChatGPT shows, which is the one that is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.graph.talks import Said, Talk, bad

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

__all__ = ["read_chatgpt", "write_chatgpt"]

_KEPT_BESIDE = ("author", "content", "metadata", "status", "recipient", "weight", "create_time")


def read_chatgpt(data: Mapping[str, Any]) -> Talk:
    """Read the branch that ChatGPT shows."""
    mapping = data.get("mapping")
    if not isinstance(mapping, dict):
        raise bad("chatgpt", "it has no mapping")
    said = [one for entry in _branch(data, mapping) if (one := _said(entry)) is not None]
    id_ = data.get("conversation_id") or data.get("id")
    title = data.get("title")
    kept = {k: v for k, v in data.items() if k not in {"mapping", "title", "current_node"}}
    return Talk(
        "chatgpt",
        said,
        id_ if isinstance(id_, str) else None,
        title if isinstance(title, str) else None,
        kept,
    )


def _branch(data: Mapping[str, Any], mapping: Mapping[str, Any]) -> list[Any]:
    """Give the entries from the root to the current node."""
    at = data.get("current_node")
    if not isinstance(at, str) or at not in mapping:
        leaves = [key for key, entry in mapping.items() if not _of(entry, "children")]
        at = max(leaves, key=lambda key: _time(mapping[key]) or 0.0, default=None)
    found: list[Any] = []
    seen: set[str] = set()
    while isinstance(at, str) and at in mapping and at not in seen:
        seen.add(at)
        found.append(mapping[at])
        at = _of(mapping[at], "parent")
    return found[::-1]


def _of(entry: Any, key: str) -> Any:
    return entry.get(key) if isinstance(entry, dict) else None


def _time(entry: Any) -> float | None:
    found = _of(_of(entry, "message"), "create_time")
    usable = isinstance(found, (int, float)) and not isinstance(found, bool)
    return float(found) if usable else None


def _said(entry: Any) -> Said | None:
    """Read one message; None where the entry has none, or one that nobody sees."""
    message = _of(entry, "message")
    if not isinstance(message, dict):
        return None
    role = _of(message.get("author"), "role")
    if not isinstance(role, str):
        raise bad("chatgpt", f"a message has no role: {message!r:.80}")
    text = _text(message.get("content"))
    if not text and (message.get("weight") == 0 or role == "system"):
        return None
    name = _of(message.get("author"), "name")
    id_ = message.get("id")
    kept = {key: message[key] for key in _KEPT_BESIDE if message.get(key) is not None}
    return Said(
        role,
        text,
        name if isinstance(name, str) and name else role,
        _time(entry),
        id_ if isinstance(id_, str) else None,
        kept,
    )


def _text(content: Any) -> str | None:
    """Give what content says in words; None where it says nothing in words."""
    if isinstance(content, str):
        return content
    if not isinstance(content, dict):
        return None
    given = content.get("parts")
    parts = [
        *(given if isinstance(given, list) else []),
        *(content.get(key) for key in ("text", "result")),
    ]
    thoughts = content.get("thoughts")
    parts += [_of(one, "content") for one in thoughts] if isinstance(thoughts, list) else []
    said = [part if isinstance(part, str) else _of(part, "text") for part in parts]
    words = [part for part in said if isinstance(part, str) and part]
    return "\n".join(words) or None


def write_chatgpt(talk: Talk, ids: Sequence[str]) -> dict[str, Any]:
    """Write a conversation whose messages are one branch.

    Args:
        talk: What to write.
        ids: The id of each message.
    """
    root = f"{talk.id}-root"
    mapping: dict[str, Any] = {
        root: {"id": root, "message": None, "parent": None, "children": [*ids[:1]]}
    }
    for at, (id_, one) in enumerate(zip(ids, talk.said, strict=True)):
        mapping[id_] = {
            "id": id_,
            "message": _message(id_, one),
            "parent": ids[at - 1] if at else root,
            "children": [*ids[at + 1 : at + 2]],
        }
    times = [one.seconds for one in talk.said if one.seconds is not None]
    known = {"create_time": min(times, default=None), "update_time": max(times, default=None)}
    return {
        **known,
        "conversation_id": talk.id,
        **talk.extra,
        "title": talk.title,
        "mapping": mapping,
        "current_node": ids[-1] if ids else root,
    }


def _message(id_: str, one: Said) -> dict[str, Any]:
    """Write one message; what was read with it goes first, as long as it says the same."""
    content = one.extra.get("content")
    if content is None or _text(content) != one.text:
        content = {"content_type": "text", "parts": [one.text or ""]}
    author = {"role": one.role, "name": one.sender if one.sender != one.role else None}
    kept = one.extra.get("author")
    if isinstance(kept, dict) and _of(kept, "role") == one.role:
        author = kept if (kept.get("name") or one.role) == one.sender else author
    return {
        "create_time": one.seconds,
        **one.extra,
        "id": id_,
        "author": author,
        "content": content,
    }
