"""The nodes that have classes of their own: chats, messages, entities, documents, summaries.

Owns: these classes, and what each is related to. Relations are read when they are asked for, along
the edge types of `engram.graph.names`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.graph.names import (
    CHAT,
    DOCUMENT,
    ENTITY,
    MENTIONS,
    MESSAGE,
    RELATED_TO,
    SUMMARIZES,
    SUMMARY,
)
from engram.graph.nodes import Attribute, Node

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["KINDS", "Chat", "Document", "Entity", "Message", "Summary"]


class _Mentioning(Node):
    """A node with a text in which entities are mentioned."""

    def entities(self) -> list[Entity]:
        """Give the entities that it mentions, by id."""
        found = self.neighbors(types=MENTIONS, direction="out", label=ENTITY)
        return [node for node in found if isinstance(node, Entity)]


class Message(_Mentioning):
    """One message of a chat; its text is what was said.

    Attributes:
        chat_id: Id of its chat.
        sender: Who said it.
        role: What they are: ``"user"``, ``"assistant"``, ``"system"``, ``"tool"``.
        timestamp: When, as ``2024-01-31T12:00:00.000000Z``; messages of a chat are in its order.
    """

    chat_id = Attribute(str)
    sender = Attribute(str)
    role = Attribute(str)
    timestamp = Attribute(str)

    @property
    def content(self) -> str:
        """What was said: its text, empty where it has none."""
        return self.text or ""

    @content.setter
    def content(self, content: str) -> None:
        self.text = content

    def chat(self) -> Chat | None:
        """Give its chat, or None where that is gone."""
        chat = None if self.chat_id is None else self._graph.get_node(self.chat_id)
        return chat if isinstance(chat, Chat) else None


class Chat(Node):
    """A conversation.

    Attributes:
        title: What it is called.
        topic: What it is about.
    """

    title = Attribute(str)
    topic = Attribute(str)

    def add_message(
        self,
        sender: str,
        content: str,
        role: str = "user",
        *,
        id: str | None = None,
        timestamp: str | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> Message:
        """Add a message at the end, in one commit with the edge that leads to it.

        Args:
            sender: Who said it.
            content: What was said.
            role: What they are: ``"user"``, ``"assistant"``, ``"system"``, ``"tool"``.
            id: The message's id; one is made where it is left out.
            timestamp: When it was said, in the form of `Message.timestamp`; now unless given.
            properties: More properties.

        Raises:
            NotFound: ``record.not_found`` where the chat is gone.
            Conflict: ``node.exists`` where there is a node of that id; ``graph.constraint``.
        """
        return self._graph.create_message(
            self.id, content, sender, role, id=id, timestamp=timestamp, properties=properties
        )

    def messages(self, *, role: str | None = None, limit: int | None = None) -> list[Message]:
        """Give its messages in their order.

        Args:
            role: Only those of this role.
            limit: Only the last so many.
        """
        return self._graph.messages(self.id, role=role, limit=limit)

    def entities(self) -> list[Entity]:
        """Give the entities that its messages mention, by id."""
        said = {message.id for message in self.messages()}
        if not said:
            return []
        collection = self._graph.collection
        found = {
            edge.target
            for one in sorted(said)
            for edge in collection.edges(one, direction="out", types=MENTIONS)
        }
        nodes = self._graph.get_nodes(sorted(found))
        return [node for node in nodes if isinstance(node, Entity)]

    def summaries(self) -> list[Summary]:
        """Give what sums it up, oldest first."""
        found = self.neighbors(types=SUMMARIZES, direction="in", label=SUMMARY)
        summaries = [node for node in found if isinstance(node, Summary)]
        return sorted(summaries, key=lambda node: (node.created, node.id))

    def export(self, format: str = "openai") -> Any:
        """Give it as another program writes it.

        Args:
            format: ``"openai"``: a list of messages with ``role`` and ``content``;
                ``"sharegpt"``: a dict with ``conversations``; ``"chatgpt"``: one conversation of
                ChatGPT's ``conversations.json``. What the same form said of it when it was
                imported is written again.

        Raises:
            InvalidInput: ``input.invalid`` for an unknown format.
        """
        from engram.graph.carrying import exported

        return exported(self, format)

    def delete(self) -> bool:
        """Delete it with its messages and summaries, in one commit; say whether it was there."""
        with self._graph._transaction():
            parts = [*self.messages(), *self.summaries()] if self.id in self._graph else []
            self._graph.delete_nodes(node.id for node in parts)
            return self._graph.delete_node(self.id)


class Entity(Node):
    """Somebody or something that texts mention; its text is its name, too.

    Attributes:
        kind: What it is: ``"PERSON"``, ``"ORG"``, ``"GPE"``, ...
        aliases: Other names of it.
    """

    kind = Attribute(str)
    aliases = Attribute(list)

    @property
    def name(self) -> str:
        """Its name, empty where it has none."""
        name: str = self.properties.get("name", "")
        return name

    @name.setter
    def name(self, name: str) -> None:
        self.text = self.properties["name"] = name

    def mentions(self) -> list[Node]:
        """Give what mentions it, by id: messages, documents and the like."""
        return self.neighbors(types=MENTIONS, direction="in")

    def related(self) -> list[Entity]:
        """Give the entities that it is related to, in either direction, by id."""
        found = self.neighbors(types=RELATED_TO, label=ENTITY)
        return [node for node in found if isinstance(node, Entity)]


class Document(_Mentioning):
    """A document; its text is what it says.

    Attributes:
        title: What it is called.
        uri: Where it is from.
    """

    title = Attribute(str)
    uri = Attribute(str)


class Summary(_Mentioning):
    """A summary; its text is what it says."""

    def subjects(self) -> list[Node]:
        """Give what it sums up, by id."""
        return self.neighbors(types=SUMMARIZES, direction="out")


KINDS: dict[str, type[Node]] = {
    CHAT: Chat,
    MESSAGE: Message,
    ENTITY: Entity,
    DOCUMENT: Document,
    SUMMARY: Summary,
}
"""Which class the object of a label is of."""
