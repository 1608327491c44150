"""Structural filters: properties compared with values, written as filters of the engine.

Owns: the operators by name and what each becomes (docs/reference/filters.md has their meaning).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.checks import proper_str
from engram.errors import InvalidInput
from engram.filtering import list_text, literal, path_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = ["OPERATORS", "structural"]

_KEYS = frozenset({"property", "operator", "value"})
_FORM = '{"property": "age", "operator": "GreaterThan", "value": 30}'


def _between(path: str, value: Any) -> str:
    ends = list(value) if isinstance(value, (list, tuple)) else []
    if len(ends) != 2:  # noqa: PLR2004 - both ends
        raise InvalidInput(
            "input.invalid", f"Between takes both ends, not {value!r:.80}", "[low, high]"
        )
    return f"{path} BETWEEN {literal(ends[0])} AND {literal(ends[1])}"


def _exists(path: str, value: Any) -> str:
    if not isinstance(value, bool):
        raise InvalidInput(
            "input.invalid", f"Exists takes true or false, not {value!r:.80}", "leave value out"
        )
    return f"{path} EXISTS" if value else f"NOT {path} EXISTS"


def _comparing(sign: str) -> Callable[[str, Any], str]:
    return lambda path, value: f"{path} {sign} {literal(value)}"


OPERATORS: dict[str, Callable[[str, Any], str]] = {
    "Equals": _comparing("="),
    "NotEquals": _comparing("!="),
    "GreaterThan": _comparing(">"),
    "LessThan": _comparing("<"),
    "In": lambda path, value: f"{path} IN {list_text(value, 'In')}",
    "Contains": _comparing("CONTAINS"),
    "StartsWith": _comparing("STARTSWITH"),
    "Exists": _exists,
    "Between": _between,
}
"""What each operator becomes."""


def structural(test: Mapping[str, Any]) -> str:
    """Give one structural filter as text.

    Raises:
        InvalidInput: ``input.invalid``.
    """
    if not hasattr(test, "keys"):
        raise InvalidInput(
            "input.invalid", f"a structural filter is no {type(test).__name__}: {test!r:.80}", _FORM
        )
    unknown = sorted(map(str, set(test) - _KEYS))
    if unknown or not {"property", "operator"} <= set(test):
        what = f"has unknown keys: {', '.join(unknown)}" if unknown else "lacks a key"
        raise InvalidInput("input.invalid", f"a structural filter {what}: {test!r:.80}", _FORM)
    operator = proper_str(test["operator"], "the operator")
    if operator not in OPERATORS:
        raise InvalidInput(
            "input.invalid", f"unknown operator {operator!r}", f"one of: {', '.join(OPERATORS)}"
        )
    if operator != "Exists" and "value" not in test:
        raise InvalidInput("input.invalid", f"{operator} needs a value: {test!r:.80}", _FORM)
    return OPERATORS[operator](path_text(test["property"]), test.get("value", True))
