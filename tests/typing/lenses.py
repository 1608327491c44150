"""Documents and graphs, as type checkers see them."""

from typing_extensions import assert_type

import engram
from engram.memory import Finds, Found, Put, Stored


def documents(memory: engram.Memory) -> None:
    """Put, find and give back."""
    assert_type(memory.put("Tents keep you dry.", access={"roles": ["crew"]}), Put)
    who = engram.AccessContext(roles=["crew"])
    finds = memory.find("dry", access=who)
    assert_type(finds, Finds)
    assert_type(finds[0], Found)
    assert_type(memory.get(finds[0].document.id), Stored | None)


def graphs(db: engram.Database) -> None:
    """The two lenses of a database."""
    assert_type(db.graph, engram.Graph)
    assert_type(db.memory, engram.Memory)


def sealed(path: str, password: str) -> None:
    """Seal a file, and open it again."""
    assert_type(engram.lock(path, password), engram.Sealed)
    assert_type(engram.unlock(path, password), engram.Sealed)


def agents(db: engram.Database) -> None:
    """What an agent remembers."""
    assert_type(engram.AgentMemory(db), engram.AgentMemory)
