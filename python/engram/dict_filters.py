"""Filters as dicts in the style of MongoDB: ``{"year": {"$gte": 2020}, "tags": {"$in": ["x"]}}``.

Owns: the operators, and which of MongoDB's have no place here. A dict becomes filter text and means
what that means (docs/reference/filters.md): ``$ne`` and ``$nin`` need a value to be there.
"""

from __future__ import annotations

from engram.errors import InvalidInput
from engram.filtering import list_text, literal, path_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = ["dict_text"]

_MAX_DEPTH = 64
"""As deep as the core lets filters be."""

_COMPARISONS = {
    "$eq": "=",
    "$ne": "!=",
    "$gt": ">",
    "$gte": ">=",
    "$lt": "<",
    "$lte": "<=",
    "$contains": "CONTAINS",
    "$startswith": "STARTSWITH",
    "$like": "LIKE",
}
_LISTS = {
    "$in": "IN",
    "$nin": "NOT IN",
    "$contains_any": "CONTAINS ANY",
    "$contains_all": "CONTAINS ALL",
}
_JOINS = {"$and": " AND ", "$or": " OR ", "$nor": " OR "}
_OTHERS = ("$between", "$all", "$exists", "$not")
_INSTEAD = {
    "$regex": "use $like, $startswith or $contains, or a text query",
    "$elemMatch": "a path into a list of maps means any of them: {'authors.name': 'Ada'}",
    "$size": "store the length in a field of its own",
    "$type": "compare with a value of the type",
    "$text": "use query(text, where=...)",
    "$where": "write the condition with the operators of filters",
    "$expr": "compare with a value; fields cannot be compared with each other",
    "$mod": "store the remainder in a field of its own",
}


def dict_text(where: Mapping[str, Any]) -> str | None:
    """Give a dict filter as text; None for an empty dict, which every record matches.

    Raises:
        InvalidInput: ``filter.syntax`` for an unknown operator or a wrong shape;
            ``input.invalid`` for a value that no filter can hold.
    """
    return _conditions(where, 0) if where else None


def _wrong(message: str, hint: str) -> InvalidInput:
    return InvalidInput("filter.syntax", f"filter syntax: {message}", hint)


def _conditions(where: Any, depth: int) -> str:
    """Write all conditions of a dict, joined by AND."""
    if depth > _MAX_DEPTH:
        raise InvalidInput(
            "input.limit", f"the filter is nested deeper than {_MAX_DEPTH} levels", "flatten it"
        )
    if not hasattr(where, "keys") or not where:
        raise _wrong(
            f"a condition is {where!r:.60}, not a dict with something in it",
            "write {'year': {'$gte': 2020}}",
        )
    parts = [
        _joined(key, value, depth) if _is_operator(key) else _field(key, value, depth)
        for key, value in where.items()
    ]
    return " AND ".join(parts)


def _is_operator(key: Any) -> bool:
    return isinstance(key, str) and key.startswith("$")


def _joined(operator: str, value: Any, depth: int) -> str:
    """Write ``$and``, ``$or``, ``$nor`` and ``$not`` over whole conditions."""
    if operator == "$not":
        return f"NOT ({_conditions(value, depth + 1)})"
    if operator not in _JOINS:
        raise _unknown(operator, (*_JOINS, "$not"), "operator between conditions")
    if not isinstance(value, (list, tuple)) or not value:
        raise _wrong(
            f"{operator} takes a list of conditions, not {value!r:.60}",
            f"write {{'{operator}': [{{'year': 2020}}, {{'lang': 'en'}}]}}",
        )
    text = _JOINS[operator].join(f"({_conditions(part, depth + 1)})" for part in value)
    return f"NOT ({text})" if operator == "$nor" else f"({text})"


def _field(name: Any, value: Any, depth: int) -> str:
    """Write what is asked of one field."""
    path = path_text(name)
    if hasattr(value, "keys"):
        if not value or not all(map(_is_operator, value.keys())):
            raise _wrong(
                f"field {name!r} is compared with {value!r:.60}",
                "give operators ({'year': {'$gte': 2020}}); nested fields have dots: "
                "{'author.name': 'Ada'}",
            )
        tests = [_test(path, operator, operand, depth) for operator, operand in value.items()]
        return " AND ".join(tests)
    if isinstance(value, (list, tuple, set, frozenset)):
        raise _wrong(
            f"field {name!r} is compared with a whole list",
            "use {'$in': [...]} for one of them, {'$contains_all': [...]} for all of them",
        )
    return _equal(path, value)


def _equal(path: str, value: Any) -> str:
    return f"{path} IS NULL" if value is None else f"{path} = {literal(value)}"


def _test(path: str, operator: str, value: Any, depth: int) -> str:
    """Write one operator on one field."""
    if operator in {"$eq", "$ne"} and value is None:
        return f"{path} IS {'NOT ' if operator == '$ne' else ''}NULL"
    if operator in _COMPARISONS:
        return f"{path} {_COMPARISONS[operator]} {literal(value)}"
    if operator in _LISTS:
        return f"{path} {_LISTS[operator]} {list_text(value, operator)}"
    if operator not in _OTHERS:
        raise _unknown(operator, (*_COMPARISONS, *_LISTS, *_OTHERS), "operator on a field")
    return _SPECIAL[operator](path, value, depth)


def _between(path: str, value: Any, _: int) -> str:
    if not isinstance(value, (list, tuple)) or len(value) != 2:  # noqa: PLR2004 - two ends
        raise _wrong(f"$between takes two values, not {value!r:.60}", "write [1990, 1999]")
    return f"{path} BETWEEN {literal(value[0])} AND {literal(value[1])}"


def _all(path: str, value: Any, _: int) -> str:
    """Write ``$all``: every one of the values equals the value or an element; none of them, no."""
    list_text(value, "$all")
    values = list(value)
    if not values:
        return f"{path} IN []"
    return f"({' AND '.join(_equal(path, one) for one in values)})"


def _exists(path: str, value: Any, _: int) -> str:
    if not isinstance(value, bool):
        raise _wrong(f"$exists takes True or False, not {value!r:.60}", "write {'$exists': True}")
    return f"EXISTS {path}" if value else f"NOT EXISTS {path}"


def _not(path: str, value: Any, depth: int) -> str:
    if not hasattr(value, "keys") or not value:
        raise _wrong(f"$not takes operators, not {value!r:.60}", "write {'$not': {'$gt': 5}}")
    if depth > _MAX_DEPTH:
        return _conditions(value, depth)
    tests = [_test(path, operator, operand, depth + 1) for operator, operand in value.items()]
    return f"NOT ({' AND '.join(tests)})"


_SPECIAL: dict[str, Callable[[str, Any, int], str]] = {
    "$between": _between,
    "$all": _all,
    "$exists": _exists,
    "$not": _not,
}


def _unknown(operator: Any, known: tuple[str, ...], what: str) -> InvalidInput:
    """Make the error about an operator that is none here."""
    hint = _INSTEAD.get(operator)
    if hint is None and operator in (*_COMPARISONS, *_LISTS, *_OTHERS):
        hint = f"write {{'field': {{'{operator}': ...}}}}"
    elif hint is None and operator in _JOINS:
        hint = f"write {{'{operator}': [{{'year': 2020}}, ...]}}"
    return _wrong(f"{operator!r:.60} is no {what}", hint or f"there are: {', '.join(known)}")
