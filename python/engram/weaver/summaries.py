"""Rolling summaries of chats.

Owns: `SummaryWork`, the kind ``summary`` of tasks, one for each chat whose messages changed. The
summary is a node of the label ``Summary`` with an edge ``SUMMARIZES`` to its chat. New messages
are summed up together with the summary before; where one that it covers has changed or is gone,
all are summed up anew. Invariant: ``covered`` messages, of the hash ``digest``, are in its text:
no message is in it twice, none is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from engram import _native
from engram.graph.edge_texts import forget_edges_of
from engram.graph.names import LABEL, SUMMARIZES, SUMMARY
from engram.weaver.enricher import model_of
from engram.weaver.ledger import messages_of
from engram.weaver.place import put_row, rows_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engram.transaction import Transaction
    from engram.weaver.enricher import Enricher
    from engram.weaver.keys import Task
    from engram.weaver.ledger import Done
    from engram.weaver.place import Place
    from engram.weaver.queue import Queue

__all__ = ["SummaryWork", "summary_id"]

_ID_BYTES = 1024
_STEP = 50
"""Most messages that are summed up at once."""


@dataclass(frozen=True, slots=True)
class Content:
    """A chat as a claim found it: its messages, and the summary that there is."""

    id: str
    mark: str
    chat: bool
    messages: int
    before: str
    new: tuple[str, ...]
    stays: bool


def summary_id(chat: str) -> str:
    """Give the id of the summary of a chat."""
    node = f"summary:{chat}"
    if len(node.encode()) <= _ID_BYTES:
        return node
    return f"summary:{blake2b(chat.encode(), digest_size=32).hexdigest()}"


class SummaryWork:
    """Keeps the summaries of chats."""

    kind = "summary"

    def __init__(self, place: Place, queue: Queue, enricher: Enricher) -> None:
        """Take the graph, its queue, and who sums up."""
        self._place = place
        self._queue = queue
        self._enricher = enricher

    def read(self, view: _native.View, tasks: Sequence[Task]) -> list[Content]:
        """Read the chats of tasks, and what is to be summed up."""
        return [self._content(view, task.node) for task in tasks]

    def _content(self, view: _native.View, chat: str) -> Content:
        nodes, done = self._place.nodes, messages_of(view, self._place.woven, chat)
        rows = rows_of(view, nodes, [chat, summary_id(chat)])
        mark = _digest(done)
        if rows[0] is None or not done:
            return Content(chat, mark, rows[0] is not None, 0, "", (), stays=rows[1] is None)
        covered, before = 0, ""
        if rows[1] is not None:
            values = rows[1][2]
            covered, before = int(values.get("covered", 0)), rows[1][1] or ""
            known = (values.get("digest"), values.get("model"))
            if known != (_digest(done[:covered]), model_of(self._enricher)):
                covered, before = 0, ""
        fresh = rows_of(view, nodes, [one.node for one in done[covered:]])
        texts = tuple(row[1] for row in fresh if row is not None and row[1])
        stays = rows[1] is not None and covered == len(done)
        return Content(chat, mark, True, len(done), before, texts, stays=stays)

    def work(self, contents: Sequence[Content], beat: Callable[[], None]) -> list[str | Exception]:
        """Sum up each chat; empty text for one that has nothing to sum up."""
        return [self._summed_up(one, beat) for one in contents]

    def _summed_up(self, content: Content, beat: Callable[[], None]) -> str | Exception:
        text = content.before
        try:
            for start in range(0, len(content.new), _STEP):
                beat()
                part = content.new[start : start + _STEP]
                text = self._enricher.summarize([text, *part] if text else list(part))
        except Exception as error:  # noqa: BLE001 - whatever a model raises is the task's
            return error
        return text

    def store(
        self,
        transaction: Transaction,
        tasks: Sequence[Task],
        contents: Sequence[Content],
        results: Sequence[str],
    ) -> list[bool]:
        """Store summaries with the removal of their tasks; say for each whether it was true."""
        stored = []
        for task, content, text in zip(tasks, contents, results, strict=True):
            now = self._content(transaction._open().view(), content.id)
            true = now == content and self._queue.finish(transaction, [task]) == [True]
            if not true:
                self._queue.give_back(transaction, [task])
            elif not content.stays:
                self._write(transaction, content, text)
            stored.append(true)
        return stored

    def _write(self, transaction: Transaction, content: Content, text: str) -> None:
        native, nodes = transaction._open(), self._place.nodes
        node = summary_id(content.id)
        if not text:
            # There is no chat, or nothing is said in it.
            forget_edges_of(native, nodes, [node])
            native.delete(nodes, [node])
        else:
            values = {
                LABEL: SUMMARY,
                "chat_id": content.id,
                "covered": content.messages,
                "digest": content.mark,
                "model": model_of(self._enricher),
                "woven": True,
            }
            put_row(native, nodes, node, text, values)
            _native.put_edges(native, nodes, [(node, SUMMARIZES, content.id, None)])
        # It is a node like others: its vector is made, or what is known of it goes.
        self._queue.enqueue(transaction, [node], derived=True)


def _digest(messages: Sequence[Done]) -> str:
    """Give a hash of messages in their order."""
    said = "\0".join(f"{one.node}\1{one.hash}" for one in messages)
    return blake2b(said.encode(), digest_size=12).hexdigest()
