"""Filters as Python expressions: ``(F.year >= 2020) & F.tags.contains("travel")``.

Owns: `F`, the fields it gives, and the conditions that comparing them makes. A condition is filter
text (docs/reference/filters.md) and knows how tightly its outermost operator binds, so that joining
conditions adds only the parentheses that are needed.
"""

from __future__ import annotations

from engram.errors import InvalidInput
from engram.filtering import list_text, literal, path_text, quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn

__all__ = ["Condition", "F", "Field"]

_LEAF, _AND, _OR = 2, 1, 0


class Condition:
    """A filter made of an expression. Join conditions with ``&`` and ``|``, negate with ``~``."""

    __slots__ = ("_text", "_tightness")

    def __init__(self, text: str, tightness: int = _LEAF) -> None:
        """Keep the text; `F` makes conditions for you."""
        self._text = text
        self._tightness = tightness

    def __and__(self, other: Condition) -> Condition:
        """Hold where both do."""
        if not isinstance(other, Condition):
            return NotImplemented
        parts = [f"({c})" if c._tightness == _OR else str(c) for c in (self, other)]
        return Condition(" AND ".join(parts), _AND)

    def __or__(self, other: Condition) -> Condition:
        """Hold where one of them does."""
        if not isinstance(other, Condition):
            return NotImplemented
        return Condition(f"{self} OR {other}", _OR)

    def __invert__(self) -> Condition:
        """Hold where this does not; a record without the field included."""
        text = self._text if self._tightness == _LEAF else f"({self._text})"
        return Condition(f"NOT {text}")

    def __bool__(self) -> NoReturn:
        """Refuse ``and``, ``or``, ``not``, chained comparisons, which Python does not hand on."""
        raise InvalidInput(
            "input.invalid",
            "a filter expression has no truth value of its own",
            "join conditions with & | ~, each in parentheses; between(1, 9) is a range",
        )

    def __str__(self) -> str:
        """Give the filter as text."""
        return self._text

    def __repr__(self) -> str:
        """Show the filter as text."""
        return f"<Condition {self._text}>"


class Field:
    """A field of the records: metadata, or ``_id``, ``_text``, ``_created``, ``_updated``.

    Comparing it makes a `Condition`. ``F.author.name`` is a nested field; one whose name is that of
    a method, or no Python name, is ``F["author.exists"]``.
    """

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        """Keep the path, as the filter language writes it; `F` makes fields for you."""
        self._path = path

    def __getattr__(self, name: str) -> Field:
        """Give the field `name` of the map at this one."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Field(f"{self._path}.{path_text(name)}")

    def __getitem__(self, path: str) -> Field:
        """Give the field at a dotted path below this one."""
        return Field(f"{self._path}.{path_text(path)}")

    def _compare(self, operator: str, value: Any) -> Condition:
        return Condition(f"{self._path} {operator} {literal(value)}")

    def __eq__(self, value: object) -> Condition:  # type: ignore[override]
        """Hold where the value, or an element of the list, equals `value`."""
        return self.is_null() if value is None else self._compare("=", value)

    def __ne__(self, value: object) -> Condition:  # type: ignore[override]
        """Hold where there is a value and it, or every element, is another one."""
        return self.not_null() if value is None else self._compare("!=", value)

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, value: Any) -> Condition:
        """Hold where the value, or an element, is below `value`."""
        return self._compare("<", value)

    def __le__(self, value: Any) -> Condition:
        """Hold where the value, or an element, is `value` or below."""
        return self._compare("<=", value)

    def __gt__(self, value: Any) -> Condition:
        """Hold where the value, or an element, is above `value`."""
        return self._compare(">", value)

    def __ge__(self, value: Any) -> Condition:
        """Hold where the value, or an element, is `value` or above."""
        return self._compare(">=", value)

    def between(self, low: Any, high: Any) -> Condition:
        """Hold where the value, or an element, lies from `low` to `high`, both included."""
        return Condition(f"{self._path} BETWEEN {literal(low)} AND {literal(high)}")

    def isin(self, values: Iterable[Any]) -> Condition:
        """Hold where the value, or an element, equals one of `values`."""
        return Condition(f"{self._path} IN {list_text(values, 'isin')}")

    def notin(self, values: Iterable[Any]) -> Condition:
        """Hold where there is a value and none of `values` equals it, or an element."""
        return Condition(f"{self._path} NOT IN {list_text(values, 'notin')}")

    def contains(self, value: Any) -> Condition:
        """Hold where the list has that element, or the text that part."""
        return self._compare("CONTAINS", value)

    def contains_any(self, values: Iterable[Any]) -> Condition:
        """Hold where `contains` does for one of `values`."""
        text = f"{self._path} CONTAINS ANY {list_text(values, 'contains_any')}"
        return Condition(text)

    def contains_all(self, values: Iterable[Any]) -> Condition:
        """Hold where `contains` does for each of `values`."""
        text = f"{self._path} CONTAINS ALL {list_text(values, 'contains_all')}"
        return Condition(text)

    def startswith(self, prefix: str) -> Condition:
        """Hold where the text, or an element, begins so."""
        return self._compare("STARTSWITH", prefix)

    def endswith(self, suffix: str) -> Condition:
        """Hold where the text, or an element, ends so."""
        return Condition(f"{self._path} LIKE {quoted('%' + like_escaped(suffix))}")

    def like(self, pattern: str) -> Condition:
        """Hold where the text, or an element, fits: ``%`` is any text, ``_`` any character."""
        return self._compare("LIKE", pattern)

    def exists(self) -> Condition:
        """Hold where there is a value, null included."""
        return Condition(f"EXISTS {self._path}")

    def is_null(self) -> Condition:
        """Hold where the value, or an element, is null."""
        return Condition(f"{self._path} IS NULL")

    def not_null(self) -> Condition:
        """Hold where there is a value and it is not null."""
        return Condition(f"{self._path} IS NOT NULL")

    def __iter__(self) -> NoReturn:
        """Refuse to be gone through: ``x in F.tags`` reads like a test and is none."""
        raise TypeError("a field has no values of its own; use F.tags.contains(x)")

    def __str__(self) -> str:
        """Give the path as the filter language writes it."""
        return self._path

    def __repr__(self) -> str:
        """Show the path."""
        return f"F[{self._path!r}]"


class _Fields:
    """Gives fields by name: ``F.year``, ``F["first name"]``, ``F["author.name"]``."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Field:
        """Give the field of that name."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Field(path_text(name))

    def __getitem__(self, path: str) -> Field:
        """Give the field at a dotted path; a part with a dot in it stands in back quotes."""
        return Field(path_text(path))

    def __repr__(self) -> str:
        """Show what it is."""
        return "F"


F = _Fields()
"""The fields of records, for filters: ``(F.year >= 2020) & F.tags.contains("travel")``."""


def like_escaped(text: str) -> str:
    """Write a text as the pattern that it alone fits."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
