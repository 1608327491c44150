"""How a task is written as a record, and read back.

Owns: `Task`, the id of its record (`key_of`) and its metadata. Opposite side:
`engram.weaver.queue`.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from engram import _native

__all__ = ["OPEN", "Task", "as_task", "claimable", "is_claimable", "key_of", "task_values"]

_ID_BYTES = 1024
_MARK = "\x1f"
"""Starts the id of every task that is not of the kind ``weave``, whose id is the node's."""

OPEN = "NOT state = 'dead'"
"""Which tasks have not been given up."""


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work.

    Attributes:
        key: The id of its record.
        kind: What is to be done.
        node: To which node.
        since_us: When it was queued first, microseconds since 1970-01-01 UTC.
        changed_us: When its record was written last.
        state: ``queued``, ``running``, ``waiting`` (to be tried again) or ``dead``.
        owner: Who has it on a lease; empty where nobody has.
        fence: The number of the claim; later claims have larger ones; 0 for none.
        until_us: When the lease ends.
        tries: How often it failed.
        mark: Of the content that the claim found: a hash, with the model that looks at it.
        error: Why it failed last.
        failed_us: When it failed last.
        due_us: When it may be tried again.
    """

    key: str
    kind: str
    node: str
    since_us: int = 0
    changed_us: int = 0
    state: str = "queued"
    owner: str = ""
    fence: int = 0
    until_us: int = 0
    tries: int = 0
    mark: str = ""
    error: str = ""
    failed_us: int = 0
    due_us: int = 0


def key_of(kind: str, node: str) -> str:
    """Give the id of the record of a task."""
    if kind == "weave":
        return node
    key = f"{_MARK}{kind}{_MARK}{node}"
    if len(key.encode()) <= _ID_BYTES:
        return key
    return f"{_MARK}{kind}{_MARK}{blake2b(node.encode(), digest_size=32).hexdigest()}"


def as_task(row: _native.Row) -> Task:
    """Read a task from the row of its record."""
    key, _, values, created, updated, _ = row
    if not values:
        return Task(key, "weave", key, created, updated)
    return Task(
        key,
        values.get("kind", "weave"),
        values.get("node", key),
        created,
        updated,
        values.get("state", "queued"),
        values.get("owner", ""),
        values.get("fence", 0),
        values.get("until_us", 0),
        values.get("tries", 0),
        values.get("mark", ""),
        values.get("error", ""),
        values.get("failed_us", 0),
        values.get("due_us", 0),
    )


def task_values(task: Task, *, state: str = "running") -> dict[str, Any]:
    """Give the metadata of a task in a state; only one that runs has a lease."""
    values: dict[str, Any] = {"state": state}
    if task.kind != "weave":
        values |= {"kind": task.kind, "node": task.node}
    if state == "running":
        values |= {"owner": task.owner, "fence": task.fence, "until_us": task.until_us}
    for name in ("tries", "mark", "error", "failed_us", "due_us"):
        value = getattr(task, name)
        if value:
            values[name] = value
    # A filter asks for it, so a task that is to be tried has it whatever it is.
    return {**values, "due_us": task.due_us} if state == "waiting" else values


def claimable(now_us: int) -> str:
    """Give the filter of the tasks that may be claimed."""
    return (
        "NOT EXISTS state"
        f" OR (state = 'waiting' AND due_us <= {now_us})"
        f" OR (state = 'running' AND until_us <= {now_us})"
    )


def is_claimable(task: Task, now_us: int) -> bool:
    """Say whether a task is one that the filter of `claimable` finds."""
    if task.state == "waiting":
        return task.due_us <= now_us
    return task.state == "queued" or (task.state == "running" and task.until_us <= now_us)
