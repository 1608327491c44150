"""The last part of a conversation, as much of it as a model is to read.

Owns: `ConversationMemory`. Invariants: the messages are within `max_tokens`, as the
memory's counter counts them; system messages are never dropped, others from the oldest on. With a
collection every change is one commit: what was added is in the file when the call returns, and what
was dropped stays there to be searched, marked. Opposite side: reopening with the same collection
and name reads it back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from uuid import uuid4

from engram.checks import proper_str
from engram.errors import InvalidInput
from engram.filtering import quoted
from engram.llm import as_llm
from engram.rag.lengths import as_counter
from engram.rag.splitters import RecursiveCharacterTextSplitter

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from engram.collection import Collection
    from engram.llm import LLM, Message
    from engram.rag.lengths import Length

__all__ = ["ConversationMemory"]

_SYSTEM, _SUMMARY = "system", "summary"
_BEFORE = "Summary so far: "
_SUMMARY_SHARE = 4
"""A summary takes a quarter of the tokens at most."""

_KEPT_SHARE = 2
"""With a summarizer, half of the tokens stay when something is dropped: it is asked less often."""

_LEAST_SUMMARY_TOKENS = 4

_SUMMARIZE = """\
Summarize the conversation below for somebody who has to go on with it. Keep names, numbers,
decisions, wishes and open questions. Write plain sentences, {limit} words at most, nothing else.

{said}"""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A message, or a summary, with its record."""

    id: str
    role: str
    content: str
    tokens: int

    @property
    def message(self) -> Message:
        """What a model is told."""
        role, content = self.role, self.content
        if role == _SUMMARY:
            role, content = _SYSTEM, f"{_BEFORE}{content}"
        # Other roles are the caller's affair: a provider may know them.
        return cast("Message", {"role": role, "content": content})


class ConversationMemory:
    """Keeps the last messages of a conversation, and its system messages.

    Example:
        >>> from engram.rag import ConversationMemory
        >>> memory = ConversationMemory(max_tokens=12)
        >>> memory.add_message("system", "Be brief.")
        >>> memory.add_message("user", "Hello there!")
        >>> memory.add_message("assistant", "Hi.")
        >>> print(memory.format_messages())
        system: Be brief.
        <BLANKLINE>
        assistant: Hi.
    """

    def __init__(
        self,
        max_tokens: int,
        *,
        length: Length = "tokens",
        summarizer: LLM | Callable[[str], str] | None = None,
        collection: Collection | None = None,
        conversation: str = "default",
    ) -> None:
        """Start a memory, or open one that a collection holds.

        Args:
            max_tokens: Tokens of all messages together at most, 1 or more, with their roles.
            length: How tokens are counted; see `TextSplitter`.
            summarizer: A language model, or a function from prompt to answer, that sums up what is
                dropped, and the summary before; None to drop without. The summary stands behind the
                system messages, and takes a quarter of `max_tokens` at most: what is longer is cut.
            collection: Where to keep every message, as a record each: ``text``, and in its metadata
                ``conversation``, ``role`` and ``dropped``. None for memory only.
            conversation: The name of this conversation in the collection.

        Raises:
            InvalidInput: ``input.invalid`` where an argument is none; ``input.limit`` where a
                stored
                conversation's system messages alone are more than `max_tokens`.
        """
        if not isinstance(max_tokens, int) or isinstance(max_tokens, bool) or max_tokens < 1:
            raise InvalidInput("input.invalid", f"max_tokens is {max_tokens!r}, not 1 or more")
        self._max_tokens = max_tokens
        self._length = length
        self._count = as_counter(length)
        self._summarizer = None if summarizer is None else as_llm(summarizer)
        if self._summarizer is not None and self._summary_room() < _LEAST_SUMMARY_TOKENS:
            raise InvalidInput(
                "input.invalid", f"{max_tokens} tokens are too few to hold a summary", "allow more"
            )
        self._collection = collection
        self._conversation = proper_str(conversation, "the conversation")
        self._entries: list[_Entry] = []
        self._summary: _Entry | None = None
        self._unmarked: list[_Entry] = []
        self._last_ns = 0
        if collection is not None:
            self._restore(collection)

    @property
    def max_tokens(self) -> int:
        """Tokens at most."""
        return self._max_tokens

    @property
    def tokens(self) -> int:
        """Tokens of the messages it holds, as `format_messages` writes them."""
        return sum(entry.tokens for entry in self._held())

    @property
    def messages(self) -> list[Message]:
        """The messages in order, as `LLM` and chat models take them.

        A summary of dropped ones is a system message behind the first system messages.
        """
        return [entry.message for entry in self._held()]

    def add_message(self, role: str, content: str) -> None:
        """Add a message, and drop the oldest ones that have no room any more.

        Args:
            role: Who says it: ``user``, ``assistant``, ``system``, or any other name.
            content: What is said.

        Raises:
            InvalidInput: ``input.limit`` where the message and the system messages are more than
                `max_tokens` by themselves; ``input.invalid`` where something is no text;
                ``llm.answer`` where the summarizer says nothing. The memory is then what it was
                before, and so it is where the summarizer or the disk fails.
        """
        if not proper_str(role, "the role") or role == _SUMMARY:
            raise InvalidInput("input.invalid", f"{role!r} is no role", '"user", "assistant"')
        self._last_ns = max(self._last_ns + 1, time.time_ns())
        # Ids sort by time; what follows keeps apart what two processes add in one moment.
        key = f"{self._conversation}/{self._last_ns:020d}-{uuid4().hex[:8]}"
        entry = self._entry(key, role, proper_str(content, "the content"))
        kept, dropped = self._fitted([*self._entries, entry], entry)
        dropped = [*self._unmarked, *dropped]
        summary = self._summed_up(dropped) if dropped and self._summarizer else self._summary
        if self._collection is not None:
            changed = [entry, *dropped]
            if summary is not None and summary is not self._summary:
                changed.append(summary)
            gone = {one.id for one in dropped}
            self._collection.put_many([self._record(one, one.id in gone) for one in changed])
        self._entries, self._summary, self._unmarked = kept, summary, []

    def format_messages(self) -> str:
        """Give the messages as one text: ``role: content``, with blank lines between."""
        return "\n\n".join(f"{one['role']}: {one['content']}" for one in self.messages)

    def clear(self) -> None:
        """Forget all messages, those in the collection that were dropped before too."""
        if self._collection is not None:
            self._collection.delete_where(self._where(), missing="ignore")
        self._entries, self._summary, self._unmarked = [], None, []

    def _held(self) -> list[_Entry]:
        if self._summary is None:
            return self._entries
        first = next((n for n, one in enumerate(self._entries) if one.role != _SYSTEM), None)
        place = len(self._entries) if first is None else first
        return [*self._entries[:place], self._summary, *self._entries[place:]]

    def _entry(self, key: str, role: str, content: str) -> _Entry:
        return _Entry(key, role, content, self._count(_line(role, content)))

    def _fitted(
        self, entries: list[_Entry], newest: _Entry | None = None
    ) -> tuple[list[_Entry], list[_Entry]]:
        """Part entries into those that stay and those that are dropped, the oldest."""
        summarized = self._summarizer is not None or self._summary is not None
        room = self._max_tokens - (self._max_tokens // _SUMMARY_SHARE if summarized else 0)
        fixed = [one for one in entries if one is newest or one.role == _SYSTEM]
        needed = sum(one.tokens for one in fixed)
        if needed > room:
            raise InvalidInput(
                "input.limit",
                f"the system messages{' and this one' if newest else ''} take {needed} tokens, "
                f"there is room for {room}",
                "shorten or split the message, or allow more tokens",
                {"tokens": str(needed), "room": str(room)},
            )
        present = self._summary.tokens if self._summary is not None else 0
        if present + sum(one.tokens for one in entries) <= self._max_tokens:
            return entries, []
        spare = (self._max_tokens // _KEPT_SHARE if self._summarizer is not None else room) - needed
        stay = {one.id for one in fixed}
        for one in reversed(entries):
            if one.id not in stay:
                spare -= one.tokens
                if spare < 0:
                    break
                stay.add(one.id)
        return (
            [one for one in entries if one.id in stay],
            [one for one in entries if one.id not in stay],
        )

    def _summary_room(self) -> int:
        """Give the tokens that a summary's own words may take."""
        return self._max_tokens // _SUMMARY_SHARE - self._count(_line(_SUMMARY, ""))

    def _summed_up(self, dropped: list[_Entry]) -> _Entry:
        """Ask for a summary of what is dropped, and of the summary before."""
        assert self._summarizer is not None
        before = [] if self._summary is None else [self._summary]
        lines = [f"{one.role}: {one.content}" for one in (*before, *dropped)]
        room = self._summary_room()
        # Three quarters of a word make a token in English.
        prompt = _SUMMARIZE.format(limit=max(room * 3 // 4, 1), said="\n\n".join(lines))
        answer = self._summarizer.complete(prompt, max_tokens=room, temperature=0.0).strip()
        if not answer:
            raise InvalidInput("llm.answer", "the summarizer returned no words")
        return self._summary_entry(answer)

    def _summary_entry(self, text: str) -> _Entry:
        """Make the entry of a summary, cut where it has no room."""
        splitter = RecursiveCharacterTextSplitter(max(self._summary_room(), 1), length=self._length)
        kept = splitter.split_text(text)[0].rstrip()
        return self._entry(f"{self._conversation}/{_SUMMARY}", _SUMMARY, kept)

    def _record(self, entry: _Entry, dropped: bool) -> dict[str, Any]:  # noqa: FBT001 - private
        about = {"conversation": self._conversation, "role": entry.role, "dropped": dropped}
        return {"id": entry.id, "text": entry.content, "metadata": about}

    def _where(self) -> str:
        return f"conversation = {quoted(self._conversation)}"

    def _restore(self, collection: Collection) -> None:
        """Read back what a collection holds; what has no room is marked by the next add."""
        found = collection.iterate(f"{self._where()} AND dropped = false", missing="ignore")
        entries = []
        for record in sorted(found, key=lambda one: one.id):
            role, content = str(record.metadata["role"]), record.text or ""
            if role == _SUMMARY:
                self._summary = self._summary_entry(content)
            else:
                entries.append(self._entry(record.id, role, content))
                self._last_ns = int(record.id.rpartition("/")[2].partition("-")[0])
        self._entries, self._unmarked = self._fitted(entries)

    def __len__(self) -> int:
        """Give the number of messages."""
        return len(self._held())

    def __repr__(self) -> str:
        """Show how full it is."""
        held = f"{len(self)} messages, {self.tokens} of {self._max_tokens} tokens"
        return f"ConversationMemory({held})"


def _line(role: str, content: str) -> str:
    """Give a message as `format_messages` writes it."""
    if role == _SUMMARY:
        role, content = _SYSTEM, f"{_BEFORE}{content}"
    return f"{role}: {content}\n\n"
