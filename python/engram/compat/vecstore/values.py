"""What goes into VecStore's calls and comes out of them.

Owns: queries, results, snapshots, and the errors that are ValueErrors too, as VecStore's are.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from engram.errors import Conflict, InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engram.types import Vector, Where

__all__ = [
    "HybridQuery",
    "Name",
    "NameTaken",
    "Query",
    "SearchResult",
    "Snapshot",
    "UnknownName",
    "value_errors",
    "whole_query",
]

_Q = TypeVar("_Q", "Query", "HybridQuery")


class UnknownName(NotFound, ValueError):
    """What was named is not there; a ValueError too, as VecStore raises it."""


class NameTaken(Conflict, ValueError):
    """What was to be made is there already; a ValueError too, as VecStore raises it."""


@dataclass
class Query:
    """A search by vector: the `k` nearest records that match `filter`."""

    vector: Vector
    k: int = 10
    filter: Where | None = None


@dataclass
class HybridQuery:
    """A search by vector and keywords; `alpha`, 0 to 1, is the vector's share."""

    vector: Vector
    keywords: str
    k: int = 10
    alpha: float = 0.7
    filter: Where | None = None


@dataclass(frozen=True)
class SearchResult:
    """One hit. A higher `score` is better; an identical vector has 1.0."""

    id: str
    score: float
    metadata: dict[str, Any]

    def __repr__(self) -> str:
        """Show id and score."""
        return f"SearchResult(id={self.id!r}, score={self.score:.3f})"


class Snapshot(NamedTuple):
    """A snapshot: a tuple, as in VecStore's bindings, that equals its name, as in its plans."""

    name: str
    created_at: str
    record_count: int

    def __eq__(self, other: object) -> bool:
        """Compare with a name, or with another snapshot."""
        return self.name == other if isinstance(other, str) else tuple.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        """Compare with a name, or with another snapshot."""
        return not self == other

    def __hash__(self) -> int:
        """Hash the name."""
        return hash(self.name)


class Name(str):
    """A name that can be called, too: ``collection.name`` and ``collection.name()``."""

    __slots__ = ()

    def __call__(self) -> str:
        """Give the name."""
        return str(self)


def whole_query(kind: type[_Q], first: object, **rest: object) -> _Q:
    """Make a query of the arguments of a call, or give the one that was passed alone."""
    given = {name: value for name, value in rest.items() if value is not None}
    if not isinstance(first, kind):
        if isinstance(first, (Query, HybridQuery)):
            raise InvalidInput(
                "input.invalid",
                f"this takes a vector or a {kind.__name__}, not a {type(first).__name__}",
                "query() takes a Query, hybrid_query() a HybridQuery",
            )
        missing = "keywords" in rest and "keywords" not in given
        if missing:
            raise InvalidInput("input.invalid", "hybrid_query needs keywords", "keywords='...'")
        return kind(first, **given)  # type: ignore[arg-type]
    if given:
        raise InvalidInput(
            "input.invalid", f"a {kind.__name__} goes alone, without {', '.join(given)}"
        )
    return first


@contextmanager
def value_errors(message: str | None = None) -> Iterator[None]:
    """Turn errors about names into such that are ValueErrors too."""
    try:
        yield
    except NotFound as error:
        said = message or error.message
        raise UnknownName(error.code, said, error.hint, error.details) from error
    except Conflict as error:
        raise NameTaken(error.code, error.message, error.hint, error.details) from error
