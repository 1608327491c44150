"""What was said, one turn at a time: from messages to records and back.

Owns: `Turn`, how messages are read, ids, and the text by which a turn is found: its own and that of
its neighbours in the session, each with its speaker. Invariant: ids of a session sort by position,
and a position is never given twice while the session is remembered.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING

from engram.checks import optional_str, proper_str
from engram.enrich.dates import aware, iso
from engram.enrich.facts import statement_hash
from engram.errors import InvalidInput
from engram.filtering import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from engram.records import Record

__all__ = [
    "CLOSING",
    "DEFAULT_SESSION",
    "OPENING",
    "Scope",
    "Turn",
    "position_of",
    "read_messages",
    "record_of",
    "turn_id",
    "turn_of",
    "window",
]

DEFAULT_SESSION = "default"
OPENING, CLOSING = "<memory>", "</memory>"
"""What stands around recalled text, so that it is known again."""

_RECALLED = re.compile(rf"{OPENING}.*?{CLOSING}", re.DOTALL)
_KEYS = frozenset({"role", "content", "name", "speaker", "time", "timestamp", "id"})
_ID_BYTES = 12
_PLACES = 8


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that was said.

    Attributes:
        id: Its record's id.
        content: What was said.
        speaker: By whom.
        role: ``"user"``, ``"assistant"``, or any other name.
        time: When.
        session: In which session.
        user: Whose memory it is in, or None.
        agent: With which agent, or None.
        position: Its place in the session, from 0.
        score: How well it fits, where it was recalled.
        message: The id that its message had, or None.
    """

    id: str
    content: str
    speaker: str
    role: str
    time: datetime
    session: str
    user: str | None = None
    agent: str | None = None
    position: int = 0
    score: float = 0.0
    message: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give the attributes as a dict, the time as ISO 8601 text."""
        return {**asdict(self), "time": iso(self.time)}

    @property
    def line(self) -> str:
        """The turn as a line of a conversation."""
        return f"{self.speaker}: {self.content}"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose session it is."""

    user: str | None
    agent: str | None
    session: str

    @classmethod
    def of(cls, user: str | None, agent: str | None, session: str | None) -> Scope:
        """Check the three names."""
        optional_str(user, "user")
        optional_str(agent, "agent")
        chosen = DEFAULT_SESSION if session is None else proper_str(session, "session")
        return cls(user, agent, chosen)

    @property
    def key(self) -> str:
        """What tells it from every other session."""
        parts = ("" if name is None else f"={name}" for name in (self.user, self.agent))
        whole = "\0".join((*parts, self.session))
        return hashlib.blake2b(whole.encode(), digest_size=_ID_BYTES).hexdigest()

    def about(self) -> dict[str, str]:
        """What is known of it, for metadata."""
        given = {"user": self.user, "agent": self.agent, "session": self.session}
        return {name: value for name, value in given.items() if value is not None}


def scoped(
    user: str | None, agent: str | None, session: str | None, *, under: str = ""
) -> str | None:
    """Give the filter for what belongs to some of the three; None for everything."""
    tests = [
        f"{under}{name} = {quoted(proper_str(value, name))}"
        for name, value in (("user", user), ("agent", agent), ("session", session))
        if value is not None
    ]
    return " AND ".join(tests) or None


def turn_id(session_key: str, position: int) -> str:
    """Give the id of a turn."""
    return f"{session_key}#{position:0{_PLACES}d}"


def position_of(turn: str) -> tuple[str, int]:
    """Give the session's key and the position that a turn's id holds.

    Raises:
        InvalidInput: ``input.invalid`` where it is no id of a turn.
    """
    key, mark, number = turn.rpartition("#")
    if not mark or not number.isdecimal():
        raise InvalidInput("input.invalid", f"{turn!r} is no id of a turn", "Turn.id")
    return key, int(number)


def read_messages(
    messages: Sequence[Mapping[str, Any]], scope: Scope, when: datetime | None
) -> list[Turn]:
    """Read messages as OpenAI's chat models take them; their ids and positions come later.

    Raises:
        InvalidInput: ``input.invalid`` with ``details["index"]`` where one is no message.
    """
    if isinstance(messages, (str, Mapping)) or not hasattr(messages, "__iter__"):
        raise InvalidInput(
            "input.invalid",
            f"messages is {type(messages).__name__}, not a list of messages",
            '[{"role": "user", "content": "..."}]',
        )
    now = aware(when) if when is not None else datetime.now(timezone.utc)
    return [_located(index, message, scope, now) for index, message in enumerate(messages)]


def _located(index: int, message: Mapping[str, Any], scope: Scope, now: datetime) -> Turn:
    """Read a message; an error says which one it was."""
    try:
        return _turn(message, scope, now)
    except InvalidInput as error:
        error.details["index"] = str(index)
        raise


def _turn(message: Mapping[str, Any], scope: Scope, now: datetime) -> Turn:
    if not isinstance(message, Mapping) or "content" not in message:
        raise InvalidInput(
            "input.invalid", f"no message: {message!r:.80}", '{"role": "user", "content": "..."}'
        )
    unknown = sorted(set(message) - _KEYS)
    if unknown:
        raise InvalidInput(
            "input.invalid",
            f"a message has {', '.join(map(repr, unknown))}",
            f"its keys are {', '.join(sorted(_KEYS))}",
        )
    role = proper_str(message.get("role", "user"), "the role")
    said = message.get("speaker", message.get("name"))
    speaker = proper_str(said, "the speaker") if said is not None else None
    if speaker is None:
        own = {"user": scope.user, "assistant": scope.agent}.get(role)
        speaker = own or role
    named = message.get("id")
    return Turn(
        id="",
        content=_RECALLED.sub("", _content(message["content"])).strip(),
        speaker=speaker,
        role=role,
        time=_time(message.get("time", message.get("timestamp")), now),
        session=scope.session,
        user=scope.user,
        agent=scope.agent,
        message=None if named is None else proper_str(named, "the message's id"),
    )


def _content(content: object) -> str:
    """Give the text of a message; of parts, those that are text."""
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, Mapping)]
        content = "\n".join(text for text in texts if isinstance(text, str))
    return proper_str("" if content is None else content, "the content")


def _time(given: object, now: datetime) -> datetime:
    if given is None:
        return now
    if isinstance(given, datetime):
        return aware(given)
    if isinstance(given, date):
        return datetime(given.year, given.month, given.day, tzinfo=timezone.utc)
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        return datetime.fromtimestamp(given, timezone.utc)
    try:
        return aware(datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", proper_str(given, "time"))))
    except ValueError as cause:
        raise InvalidInput(
            "input.invalid",
            f"time is {given!r:.80}",
            "an aware datetime, ISO 8601 text, or seconds since 1970",
        ) from cause


def window(turn: Turn, before: Turn | None, after: Turn | None) -> str:
    """Give the text that a turn is found by."""
    return "\n".join(one.line for one in (before, turn, after) if one is not None)


def record_of(turn: Turn, text: str, names: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """Give a turn as a record.

    Args:
        turn: The turn.
        text: Its `window`.
        names: The entities in it, as label, text and key.
    """
    given = list(names)
    metadata: dict[str, Any] = {
        "content": turn.content,
        "speaker": turn.speaker,
        "role": turn.role,
        "time": iso(turn.time),
        "session": turn.session,
        "position": turn.position,
        "mark": statement_hash(turn.content),
        "names": [[label, name] for label, name, _ in given],
        "entities": sorted({key for _, _, key in given}),
    }
    for name in ("user", "agent", "message"):
        if getattr(turn, name) is not None:
            metadata[name] = getattr(turn, name)
    return {"id": turn.id, "text": text, "metadata": metadata}


def turn_of(record: Record, score: float = 0.0) -> Turn:
    """Read a turn from its record, or from a hit."""
    held = record.metadata or {}
    return Turn(
        id=record.id,
        content=held["content"],
        speaker=held["speaker"],
        role=held["role"],
        time=datetime.fromisoformat(held["time"][:-1] + "+00:00"),
        session=held["session"],
        user=held.get("user"),
        agent=held.get("agent"),
        position=held["position"],
        score=score,
        message=held.get("message"),
    )
