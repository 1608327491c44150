"""How chats and their messages are made and read.

Owns: `Talking`, mixed into `Graph`. Invariants: a message, and the edge that leads to it from its
chat, are one commit; messages have the order of their timestamps, which one process gives strictly
ascending.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.checks import optional_str, proper_str, str_ids
from engram.filtering import quoted
from engram.graph.kinds import Chat, Entity, Message
from engram.graph.moments import moment_since
from engram.graph.names import CHAT, ENTITY, HAS_MESSAGE, MESSAGE
from engram.graph.storing import NodeStore
from engram.records import _iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

__all__ = ["Talking"]

_FEW = 50
"""Messages that are read beside those that are wanted."""


class Talking(NodeStore):
    """Conversations."""

    def create_chat(
        self,
        title: str | None = None,
        topic: str | None = None,
        *,
        id: str | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> Chat:
        """Make a chat.

        Args:
            title: What it is called.
            topic: What it is about.
            id: Its id; one is made where it is left out.
            properties: More properties.

        Raises:
            Conflict: ``node.exists``, ``graph.constraint``.
        """
        named = {"title": optional_str(title, "title"), "topic": optional_str(topic, "topic")}
        known = {key: value for key, value in named.items() if value is not None}
        text = "\n".join(known.values()) or None
        whole = {**(properties or {}), **known}
        node = self._put(CHAT, id, text, whole, None, None, new=True)
        assert isinstance(node, Chat), "the label says so"
        return node

    def create_message(  # noqa: PLR0913 - a message has this many sides
        self,
        chat_id: str,
        content: str,
        sender: str | None = None,
        role: str = "user",
        *,
        id: str | None = None,
        timestamp: str | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> Message:
        """Add a message to a chat; `Chat.add_message` has the arguments and errors.

        Args:
            chat_id: Id of the chat.
            content: What was said.
            sender: Who said it; nobody in particular unless given.
            role: What they are.
            id: The message's id.
            timestamp: When it was said.
            properties: More properties.
        """
        when = _iso(self._moment_us()) if timestamp is None else proper_str(timestamp, "timestamp")
        known = {"chat_id": proper_str(chat_id, "the chat's id"), "timestamp": when}
        known["role"] = proper_str(role, "the role")
        if sender is not None:
            known["sender"] = proper_str(sender, "the sender")

        def also(key: str) -> None:
            self.collection.put_edge(chat_id, HAS_MESSAGE, key)

        whole = {**(properties or {}), **known}
        text = proper_str(content, "the content")
        node = self._put(MESSAGE, id, text, whole, None, None, new=True, also=also)
        assert isinstance(node, Message), "the label says so"
        return node

    def chats(self) -> list[Chat]:
        """Give all chats, oldest first."""
        found = [node for node in self.nodes(CHAT) if isinstance(node, Chat)]
        return sorted(found, key=lambda chat: (chat.created, chat.id))

    def messages(
        self, chat_id: str, *, role: str | None = None, limit: int | None = None
    ) -> list[Message]:
        """Give the messages of a chat in their order; `Chat.messages` has the arguments."""
        where = f"chat_id = {quoted(proper_str(chat_id, 'the chat'))}"
        if role is not None:
            where += f" AND role = {quoted(proper_str(role, 'the role'))}"
        if limit is not None and self.count(MESSAGE, where) > limit + _FEW:
            where += f" AND timestamp >= {quoted(self._since_when(where, limit))}"
        found = [node for node in self.nodes(MESSAGE, where) if isinstance(node, Message)]
        found.sort(key=lambda message: (message.timestamp or "", message.id))
        return found if limit is None else found[max(len(found) - limit, 0) :]

    def _since_when(self, where: str, limit: int) -> str:
        """Give a moment since which there are at least so many messages, and not many more."""

        def since(us: int) -> int:
            return self.count(MESSAGE, f"{where} AND timestamp >= {quoted(_iso(us))}")

        return _iso(moment_since(since, limit, _FEW)) if since(0) >= limit else ""

    def create_entity(
        self,
        name: str,
        kind: str | None = None,
        *,
        aliases: Iterable[str] = (),
        id: str | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> Entity:
        """Make an entity.

        Args:
            name: Its name, which is also its text.
            kind: What it is: ``"PERSON"``, ``"ORG"``, ``"GPE"``, ...
            aliases: Other names of it.
            id: Its id; one is made where it is left out.
            properties: More properties.

        Raises:
            Conflict: ``node.exists``, ``graph.constraint``.
        """
        known: dict[str, Any] = {"name": proper_str(name, "the name")}
        known |= {} if kind is None else {"kind": proper_str(kind, "the kind")}
        others = str_ids(aliases)
        known |= {"aliases": others} if others else {}
        whole = {**(properties or {}), **known}
        node = self._put(ENTITY, id, name, whole, None, None, new=True)
        assert isinstance(node, Entity), "the label says so"
        return node

    def find_entity(self, name: str, kind: str | None = None) -> Entity | None:
        """Give the entity of a name, or None where there is none.

        Args:
            name: Its name as it is stored, or one of its aliases.
            kind: Only one of this kind.
        """
        of_name = f"name = {quoted(proper_str(name, 'the name'))} OR aliases = {quoted(name)}"
        where = of_name if kind is None else f"({of_name}) AND kind = {quoted(kind)}"
        found = [node for node in self.nodes(ENTITY, where) if isinstance(node, Entity)]
        return min(found, key=lambda entity: entity.id, default=None)
