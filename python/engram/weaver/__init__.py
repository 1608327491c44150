"""Work in the background: what is derived from the nodes of a graph, kept in step with them.

Owns: the public names.
"""

from __future__ import annotations

from engram.weaver.clock import SYSTEM, Clock
from engram.weaver.keys import Task
from engram.weaver.owners import owner
from engram.weaver.queue import Policy, Queue

__all__ = ["SYSTEM", "Clock", "Policy", "Queue", "Task", "owner"]
