"""The converged query: properties, neighbourhood, meaning, words and time in one question.

Owns: `ConvergedQuery` and the checks of its parts that need no file. Opposite side:
`engram.graph.answering` runs it as one query of the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from engram._native import LIMITS
from engram.checks import number, optional_str, proper_str, str_ids
from engram.errors import InvalidInput
from engram.filtering import between
from engram.graph.names import LABEL
from engram.graph.operators import structural
from engram.nearness import Near

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import Any

    from typing_extensions import Self

    from engram.types import Missing, Vector

__all__ = ["ConvergedQuery", "as_converged"]

_GRAPH = ("start", "hops", "edge_types", "direction")
_SEMANTIC = ("text", "vector", "threshold", "space")
_LEXICAL = ("text",)
_TIME = ("since", "until", "as_of")
_DIRECTIONS = {"out": "out", "outgoing": "out", "in": "in", "incoming": "in", "both": "both"}


class ConvergedQuery:
    """A question to a graph, all parts of which hold for every result.

    It can be made at once, from a dict (`from_dict`), or part by part: each of `where`, `label`,
    `near`, `similar_to`, `matching`, `within` and `top` gives a new query.

    Example:
        >>> from engram.graph import ConvergedQuery
        >>> query = ConvergedQuery().where("age", "GreaterThan", 30).near("alice", hops=2).top(5)
        >>> query.graph_filter
        {'start': ['alice'], 'hops': 2, 'edge_types': None, 'direction': 'both'}
    """

    __slots__ = (
        "exact",
        "explain",
        "graph_filter",
        "lexical_query",
        "limit",
        "missing",
        "semantic_query",
        "structural_filters",
        "time",
    )

    structural_filters: list[dict[str, Any]]
    graph_filter: dict[str, Any] | None
    semantic_query: dict[str, Any] | None
    lexical_query: dict[str, Any] | None
    time: dict[str, Any] | None
    limit: int
    missing: Missing
    exact: bool
    explain: bool

    def __init__(  # noqa: PLR0913 - one question has this many sides
        self,
        structural_filters: Sequence[Mapping[str, Any]] | None = None,
        graph_filter: Mapping[str, Any] | None = None,
        semantic_query: Mapping[str, Any] | str | None = None,
        lexical_query: Mapping[str, Any] | str | None = None,
        time: Mapping[str, Any] | None = None,
        limit: int = 10,
        *,
        missing: Missing = "error",
        exact: bool = False,
        explain: bool = False,
    ) -> None:
        """Check and keep the parts.

        Args:
            structural_filters: ``{"property", "operator", "value"}`` each, and all of them hold. A
                property is a dotted path; ``label``, ``_id``, ``_text``, ``_created`` and
                ``_updated`` are the node's own. Operators: ``Equals``, ``NotEquals``,
                ``GreaterThan``, ``LessThan``, ``In``, ``Contains``, ``StartsWith``, ``Exists``,
                ``Between``.
            graph_filter: ``{"start", "hops", "edge_types", "direction"}``: only nodes within that
                many hops (1 unless given) of the start, an id or several, these included; along
                edges of these types (any), ``"out"``, ``"in"`` or ``"both"`` (both).
            semantic_query: ``{"text"}`` or ``{"vector"}``, and ``"threshold"``: the least
                similarity that a result has; ``"space"``: the vector space, where it is not that
                of embedded texts (for a vector: ``"vector"``). A str is the text.
            lexical_query: ``{"text"}``, or a str: words, ranked by BM25 beside the similarity.
            time: ``{"since", "until"}``: only nodes that were first put from that moment on, or
                before it; ``{"as_of"}``: the graph as it was, by a snapshot's name, a commit or an
                aware datetime.
            limit: Most results.
            missing: ``"error"`` refuses a property that no node has; ``"ignore"`` lets it match
                nothing.
            exact: Whether every vector is compared.
            explain: Whether the report tells what each test of the filters did.

        Raises:
            InvalidInput: ``input.invalid``, ``input.limit``.
        """
        if isinstance(structural_filters, (Mapping, str)):
            raise InvalidInput(
                "input.invalid",
                "structural_filters is one filter, not a list of them",
                "structural_filters=[{...}]",
            )
        for test in structural_filters or ():
            structural(test)
        self.structural_filters = [dict(test) for test in structural_filters or ()]
        self.graph_filter = _graph_part(graph_filter)
        self.semantic_query = _semantic_part(semantic_query)
        self.lexical_query = _text_part(lexical_query, "lexical_query", _LEXICAL)
        if self.lexical_query is not None and not self.lexical_query.get("text"):
            raise InvalidInput("input.invalid", "lexical_query has no text", 'give {"text": ...}')
        self.time = _part(time, "time", _TIME)
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= LIMITS["k"]:
            wrong = isinstance(limit, bool) or not isinstance(limit, int)
            raise InvalidInput(
                "input.invalid" if wrong else "input.limit",
                f"limit is {limit!r}, outside 1 to {LIMITS['k']}",
            )
        self.limit = limit
        self.missing = missing
        self.exact = exact
        self.explain = explain

    @classmethod
    def from_dict(cls, parts: Mapping[str, Any]) -> Self:
        """Make a query from a dict of its arguments, as `to_dict` gives it."""
        unknown = sorted(map(str, set(parts) - set(cls.__slots__)))
        if unknown:
            raise InvalidInput(
                "input.invalid",
                f"unknown parts of a query: {', '.join(unknown)}",
                f"one of: {', '.join(cls.__slots__)}",
            )
        return cls(**parts)

    def to_dict(self) -> dict[str, Any]:
        """Give the arguments that differ from the defaults."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        usual = {"limit": 10, "missing": "error", "exact": False, "explain": False}
        return {name: part for name, part in plain.items() if part and part != usual.get(name)}

    def where(self, property: str, operator: str, value: Any = ...) -> Self:
        """Add a structural filter; `value` is left out with ``Exists`` alone."""
        test = {"property": property, "operator": operator}
        given = {} if value is ... else {"value": value}
        return self._with(structural_filters=[*self.structural_filters, test | given])

    def label(self, label: str) -> Self:
        """Ask for nodes of a label."""
        return self.where(LABEL, "Equals", label)

    def near(
        self,
        start: str | Sequence[str],
        hops: int = 1,
        edge_types: str | Sequence[str] | None = None,
        direction: str = "both",
    ) -> Self:
        """Ask for nodes within some hops of others; the arguments are those of `graph_filter`."""
        given = (start, hops, edge_types, direction)
        return self._with(graph_filter=dict(zip(_GRAPH, given, strict=True)))

    def similar_to(
        self,
        text: str | None = None,
        *,
        vector: Vector | None = None,
        threshold: float | None = None,
        space: str | None = None,
    ) -> Self:
        """Ask for nodes by meaning; the arguments are those of `semantic_query`."""
        given = (text, vector, threshold, space)
        return self._with(semantic_query=dict(zip(_SEMANTIC, given, strict=True)))

    def matching(self, text: str) -> Self:
        """Ask for nodes by words."""
        return self._with(lexical_query={"text": text})

    def within(
        self,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        *,
        as_of: str | int | datetime | None = None,
    ) -> Self:
        """Ask for nodes by time; the arguments are those of `time`."""
        return self._with(time=dict(zip(_TIME, (since, until, as_of), strict=True)))

    def top(self, limit: int) -> Self:
        """Ask for so many results at most."""
        return self._with(limit=limit)

    def _with(self, **parts: Any) -> Self:
        """Give a query with some parts set."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return type(self)(**(plain | parts))

    @property
    def filter(self) -> str | None:
        """Its structural filters and times as a filter of the engine; None where it has none."""
        parts = [structural(test) for test in self.structural_filters]
        time = self.time or {}
        if time.get("since") is not None or time.get("until") is not None:
            created = between(None, time.get("since"), time.get("until"))
            parts.append(created)
        return " AND ".join(parts) or None

    @property
    def neighbourhood(self) -> Near | None:
        """Its graph filter as the engine takes it."""
        if self.graph_filter is None:
            return None
        start, hops, types, direction = (self.graph_filter[key] for key in _GRAPH)
        return Near(start, hops, types=types, direction=direction)

    def __eq__(self, other: object) -> bool:
        """Compare the parts."""
        if not isinstance(other, ConvergedQuery):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Show the parts that differ from the defaults."""
        parts = (f"{name}={part!r}" for name, part in self.to_dict().items())
        return f"ConvergedQuery({', '.join(parts)})"


def as_converged(query: ConvergedQuery | Mapping[str, Any] | None, options: Any) -> ConvergedQuery:
    """Give the query that the arguments of `Graph.query` spell."""
    if isinstance(query, ConvergedQuery):
        if options:
            raise InvalidInput(
                "input.invalid", f"a ConvergedQuery goes alone, without {', '.join(options)}"
            )
        return query
    return ConvergedQuery.from_dict({**(query or {}), **options})


def _part(given: Mapping[str, Any] | None, name: str, keys: Iterable[str]) -> dict[str, Any] | None:
    """Check the keys of one part; one that says nothing is None."""
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise InvalidInput("input.invalid", f"{name} is {type(given).__name__}, not a dict")
    unknown = sorted(map(str, set(given) - set(keys)))
    if unknown:
        raise InvalidInput(
            "input.invalid",
            f"{name} has unknown keys: {', '.join(unknown)}",
            f"its keys: {', '.join(keys)}",
        )
    found = {key: value for key, value in given.items() if value is not None}
    return found or None


def _text_part(
    given: Mapping[str, Any] | str | None, name: str, keys: Iterable[str]
) -> dict[str, Any] | None:
    part = _part({"text": given} if isinstance(given, str) else given, name, keys)
    if part is not None:
        optional_str(part.get("text"), f"the text of {name}")
    return part


def _graph_part(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    part = _part(given, "graph_filter", _GRAPH)
    if part is None:
        return None
    start, types = part.get("start"), part.get("edge_types")
    starts = [start] if isinstance(start, str) else str_ids(start or ())
    if not starts:
        raise InvalidInput("input.invalid", "graph_filter has no start", "give an id, or several")
    direction = proper_str(part.get("direction", "both"), "direction").lower()
    if direction not in _DIRECTIONS:
        raise InvalidInput("input.invalid", f"direction is {direction!r}", "one of: out, in, both")
    if types is not None:
        types = [types] if isinstance(types, str) else str_ids(types)
    checked = Near(starts, part.get("hops", 1), types=types)
    values = (starts, checked.hops, types, _DIRECTIONS[direction])
    return dict(zip(_GRAPH, values, strict=True))


def _semantic_part(given: Mapping[str, Any] | str | None) -> dict[str, Any] | None:
    part = _text_part(given, "semantic_query", _SEMANTIC)
    if part is None:
        return None
    if ("text" in part) == ("vector" in part):
        raise InvalidInput(
            "input.invalid", "semantic_query takes either a text or a vector", '{"text": ...}'
        )
    if "threshold" in part:
        part["threshold"] = number(part["threshold"], "threshold")
    optional_str(part.get("space"), "the space of semantic_query")
    return part
