"""What the weaver did to each node, so that it can be done once, changed and undone.

Owns: `Done`, one record of the collection ``<graph>.woven`` for each node that was enriched. It is
written in the commit of the result. Everything derived is a function of these records, which is
how tests, and `Weaver` after a change of models, know what is right.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from engram.filtering import quoted
from engram.weaver.place import hash_of, put_row, rows_of, scan_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from engram import _native

__all__ = ["Done", "as_done", "done_of", "forget", "is_current", "messages_of", "remember"]


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a node.

    Attributes:
        node: Its id.
        label: Its label.
        hash: Of the content that was looked at.
        model: Who looked.
        entities: The nodes of the entities that it mentions.
        related: Those of them that were related to each other.
        chats: The chats whose message it is.
        at: Its timestamp, by which messages are in order.
    """

    node: str
    label: str
    hash: str
    model: str
    entities: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    chats: tuple[str, ...] = ()
    at: str = ""


def is_current(done: Done | None, row: _native.Row, model: str) -> bool:
    """Say whether what came of a node is what would come of it now."""
    return done is not None and (done.hash, done.model) == (hash_of(row), model)


def done_of(view: _native.View, woven: str, nodes: Sequence[str]) -> list[Done | None]:
    """Give what came of nodes, None for each that was not looked at."""
    return [None if row is None else as_done(row) for row in rows_of(view, woven, nodes)]


def messages_of(view: _native.View, woven: str, chat: str) -> list[Done]:
    """Give what came of the messages of a chat, in their order."""
    found = [as_done(row) for row in scan_rows(view, woven, f"chats = {quoted(chat)}")]
    return sorted(found, key=lambda done: (done.at, done.node))


def remember(native: _native.Transaction, woven: str, done: Done) -> None:
    """Store what came of a node."""
    values = {name: value for name, value in asdict(done).items() if name != "node"}
    for name in ("entities", "related", "chats"):
        values[name] = list(values[name])
    put_row(native, woven, done.node, None, values)


def forget(native: _native.Transaction, woven: str, node: str) -> None:
    """Drop what is known of a node."""
    native.delete(woven, [node])


def as_done(row: _native.Row) -> Done:
    """Read what came of a node from its row."""
    values = row[2]
    return Done(
        node=row[0],
        label=values["label"],
        hash=values["hash"],
        model=values["model"],
        entities=tuple(values["entities"]),
        related=tuple(values["related"]),
        chats=tuple(values["chats"]),
        at=values["at"],
    )
