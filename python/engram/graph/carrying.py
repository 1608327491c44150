"""Chats in and out of a graph.

Owns: `Carrying`, mixed into `Graph`. Invariant: a chat that is imported is one commit, and one with
an id of its own replaces what was imported under that id before.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from engram.errors import Conflict
from engram.graph.changes import of_batch
from engram.graph.names import CHAT, HAS_MESSAGE, MESSAGE
from engram.graph.storing import given
from engram.graph.talking import Talking
from engram.graph.talks import Said, Talk, seconds_of, stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from engram.graph.changes import Change
    from engram.graph.kinds import Chat, Message
    from engram.graph.nodes import Node
    from engram.ingest import Batch
    from engram.transaction import Transaction

__all__ = ["Carrying", "exported"]

_SOURCE = "source"
"""The property that keeps what a form says beyond what engram understands."""


class Carrying(Talking):
    """Imports and exports of chats."""

    def import_chats(
        self, source: str | os.PathLike[str] | list[Any] | dict[str, Any], format: str | None = None
    ) -> list[Chat]:
        """Store conversations that other programs wrote.

        Of the tree of a conversation in ChatGPT's export the branch is stored that ChatGPT shows.
        What a form says beyond role, name, text and time is kept in the property ``source``.

        Args:
            source: A file (``.json``, ``.jsonl``, ``.jsonl.gz``, ChatGPT's ``.zip``), or what it
                holds: one conversation or a list of them.
            format: ``"openai"`` (messages with ``role`` and ``content``), ``"sharegpt"``,
                ``"chatgpt"``; found by the keys unless given.

        Returns:
            The chats. One with an id in the form has that id here, and replaces a chat of that id.

        Raises:
            InvalidInput: ``input.invalid`` where it is no such conversation; those before it are
                in the file.
            Io: ``file.not_found``, ``io.failed``.
        """
        from engram.graph.chat_files import load
        from engram.graph.chat_formats import checked_format, read

        kind = None if format is None else checked_format(format)
        values = load(source) if isinstance(source, (str, os.PathLike)) else [source]
        return [self._store_talk(talk) for value in values for talk in read(value, kind)]

    def export_chats(
        self,
        path: str | os.PathLike[str],
        format: str = "openai",
        *,
        chats: Iterable[Chat] | None = None,
    ) -> int:
        """Write chats to a file for other programs.

        Args:
            path: The file. ChatGPT's form is one list of conversations, as its
                ``conversations.json``; the others are JSON Lines: ``{"messages": [...]}`` or
                ``{"conversations": [...]}``.
            format: ``"openai"``, ``"sharegpt"`` or ``"chatgpt"``.
            chats: Which; all, oldest first, unless given.

        Returns:
            How many chats were written.

        Raises:
            InvalidInput: ``input.invalid`` for an unknown format.
            Io: Where the file cannot be written.
        """
        from engram.graph.chat_files import save
        from engram.graph.chat_formats import checked_format

        kind = checked_format(format)

        def written() -> Iterator[Any]:
            for chat in self.chats() if chats is None else chats:
                data = exported(chat, kind)
                yield {"messages": data} if kind == "openai" else data

        return save(path, written(), lines=kind != "chatgpt")

    def _store_talk(self, talk: Talk) -> Chat:
        """Store one conversation as a chat, with its messages and edges."""
        id_ = talk.id or self._new_id(CHAT)
        named = {} if talk.title is None else {"title": talk.title}
        source = {_SOURCE: {"form": talk.form, "extra": json.dumps(talk.extra)}}
        rows: list[dict[str, Any]] = [
            {"label": CHAT, "id": id_, "text": talk.title or None, "properties": named | source}
        ]
        last = 0.0
        for number, one in enumerate(talk.said):
            last = self._moment(one, last)
            rows.append(_message_row(id_, talk.form, number, one, last))

        def before(transaction: Transaction, batch: Batch | None) -> None:
            if id_ in given(batch).ids:
                self._make_room(id_)
            self._check_batch(transaction, batch)

        def after(_: Transaction, batch: Batch | None) -> list[Change]:
            ids = [message for message in given(batch).ids if message != id_]
            self.collection.put_edges((id_, HAS_MESSAGE, message) for message in ids)
            return of_batch(given(batch))

        prepared = (self._row(row, index) for index, row in enumerate(rows))
        self._writer(before, after).put_many(prepared)
        return self.get_node(id_, must=True)  # type: ignore[return-value]  # the label says so

    def _make_room(self, id: str) -> None:
        """Delete the messages of the chat that is to be replaced."""
        there = self.get_node(id)
        if there is not None and there.label != CHAT:
            raise Conflict(
                "node.exists",
                f"node {id!r} is no chat, and has the id of one that is imported",
                "import into a graph of its own: engram.Graph(db, name)",
                {"id": id},
            )
        self.delete_nodes(message.id for message in self.messages(id))

    def _moment(self, one: Said, last: float) -> float:
        """Give a message a moment later than that of the one before."""
        found = one.seconds
        if found is None:
            found = last or self._moment_us() / 1e6
        return max(found, last + 1e-6)


def exported(chat: Chat, format: str) -> Any:
    """Give a chat as another program writes it; `Chat.export` has the arguments."""
    from engram.graph.chat_formats import checked_format, write

    kind = checked_format(format)
    messages = chat.messages()
    said = [_said(message, kind) for message in messages]
    talk = Talk(kind, said, chat.id, chat.title, _extra(_kept(chat, kind)))
    return write(talk, [one.id or "" for one in said], kind)


def _kept(node: Node, form: str) -> dict[str, Any]:
    """Give what a form said of a node when it was imported."""
    source = node.get(_SOURCE)
    of_form = isinstance(source, dict) and source.get("form") == form
    return source if of_form else {}


def _extra(kept: dict[str, Any]) -> dict[str, Any]:
    """Give what else a form said; it is kept as text, for nobody asks for its parts."""
    extra = json.loads(kept["extra"]) if isinstance(kept.get("extra"), str) else {}
    return extra if isinstance(extra, dict) else {}


def _said(message: Message, form: str) -> Said:
    """Give a message as a form is to write it."""
    kept = _kept(message, form)
    role = message.role or "user"
    return Said(
        role,
        message.text,
        message.sender or role,
        seconds_of(message.timestamp),
        kept.get("id") or message.id,
        _extra(kept),
    )


def _message_row(chat: str, form: str, number: int, one: Said, seconds: float) -> dict[str, Any]:
    """Give a message as a row of a bulk call."""
    properties: dict[str, Any] = {
        "chat_id": chat,
        "role": one.role,
        "sender": one.sender,
        "timestamp": stamp_of(seconds),
    }
    if one.extra or one.id is not None:
        properties[_SOURCE] = {"form": form, "id": one.id, "extra": json.dumps(one.extra)}
    id_ = f"{chat}:{one.id if one.id is not None else f'{number:06d}'}"
    return {"label": MESSAGE, "id": id_, "text": one.text, "properties": properties}
