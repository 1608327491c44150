"""What happened, for whoever wants to know.

Owns: `Event`, `Events` (callbacks, streams and the last event) and `EventStream`. Invariant: a
callback that raises stops nothing: the error is logged, counted, and told to the others as the
event ``callback_failed``.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from threading import Condition, Lock
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from engram.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from engram.weaver.clock import Clock

    Callback: TypeAlias = "Callable[[Event], object]"

__all__ = ["EVENTS", "Event", "EventName", "EventStream", "Events"]

EventName: TypeAlias = Literal[
    "started", "done", "stale", "failed", "dead", "level", "error", "callback_failed", "stopped"
]
"""What can happen: workers start, a task is done, its result is dropped since its node changed, it
fails and will be tried again, it is given up, the activity level changes, the file refuses, a
callback raises, workers stop."""

EVENTS: tuple[EventName, ...] = get_args(EventName)
"""Every event."""

_ANY = "*"
_log = logging.getLogger("engram.weaver")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        name: What.
        kind: The kind of the task; empty where it is about none.
        node: The node of the task.
        worker: Which worker of this process.
        message: An error, or the new level.
        at: When, seconds since 1970-01-01 UTC.
    """

    name: EventName
    kind: str = ""
    node: str = ""
    worker: int | None = None
    message: str = ""
    at: float = 0.0

    def __str__(self) -> str:
        """Say it in one line."""
        parts = [self.name, self.kind, self.node]
        line = " ".join(part for part in parts if part)
        return f"{line}: {self.message}" if self.message else line


class Events:
    """Tells events to callbacks and streams."""

    def __init__(self, clock: Clock) -> None:
        """Start with nobody who listens."""
        self._clock = clock
        self._lock = Lock()
        self._callbacks: list[tuple[str, Callback]] = []
        self._streams: list[EventStream] = []
        self.last: Event | None = None
        self.callback_errors = 0

    def on(self, event: str, callback: Callback) -> Callable[[], None]:
        """Call a function with each event of a name, or with ``"*"`` each event.

        Returns:
            A function that ends it.
        """
        if event != _ANY and event not in EVENTS:
            raise InvalidInput(
                "input.invalid", f"no event: {event!r}", f"one of: *, {', '.join(EVENTS)}"
            )
        entry = (event, callback)
        with self._lock:
            self._callbacks.append(entry)

        def end() -> None:
            with self._lock:
                if entry in self._callbacks:
                    self._callbacks.remove(entry)

        return end

    def stream(self, limit: int) -> EventStream:
        """Give a stream of the events from now on."""
        made = EventStream(self, limit)
        with self._lock:
            self._streams.append(made)
        return made

    def tell(
        self,
        name: EventName,
        *,
        kind: str = "",
        node: str = "",
        worker: int | None = None,
        message: str = "",
    ) -> None:
        """Tell everybody that something happened."""
        self._tell(Event(name, kind, node, worker, message, self._clock.now()), None)

    def end(self) -> None:
        """End all streams."""
        with self._lock:
            streams, self._streams = self._streams, []
        for stream in streams:
            stream.close()

    def _tell(self, event: Event, but: Callback | None) -> None:
        with self._lock:
            self.last = event
            callbacks = [call for name, call in self._callbacks if name in (_ANY, event.name)]
            streams = list(self._streams)
        for stream in streams:
            stream._add(event)
        for callback in callbacks:
            if callback is but:
                continue
            try:
                callback(event)
            except Exception as error:  # noqa: BLE001 - of whoever listens, not of the weaver
                _log.exception("a callback of the event %s failed", event.name)
                with self._lock:
                    self.callback_errors += 1
                if but is None:
                    message = f"{type(error).__name__}: {error}"
                    failed = Event(
                        "callback_failed", event.kind, event.node, event.worker, message, event.at
                    )
                    self._tell(failed, callback)

    def _leave(self, stream: EventStream) -> None:
        with self._lock:
            if stream in self._streams:
                self._streams.remove(stream)


class EventStream:
    """An iterator over events as they happen; it ends with the weaver, or by `close`.

    Attributes:
        dropped: How many events were lost since nobody took them: the oldest ones.
    """

    def __init__(self, events: Events, limit: int) -> None:
        """Start empty; `Weaver.events` does this for you."""
        if limit < 1:
            raise InvalidInput("input.invalid", f"limit is {limit}, below 1")
        self._events = events
        self._waiting: deque[Event] = deque(maxlen=limit)
        self._condition = Condition()
        self._open = True
        self.dropped = 0

    def close(self) -> None:
        """End the stream; events that are there already can still be taken."""
        self._events._leave(self)
        with self._condition:
            self._open = False
            self._condition.notify_all()

    def _add(self, event: Event) -> None:
        with self._condition:
            self.dropped += len(self._waiting) == self._waiting.maxlen
            self._waiting.append(event)
            self._condition.notify()

    def __iter__(self) -> Self:
        """Iterate."""
        return self

    def __next__(self) -> Event:
        """Wait for the next event."""
        with self._condition:
            while not self._waiting and self._open:
                self._condition.wait()
            if not self._waiting:
                raise StopIteration
            return self._waiting.popleft()

    def __enter__(self) -> Self:
        """Use it in a with statement that closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()
