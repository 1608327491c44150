"""Haystack's filters as filters of engram.

Owns: what each operator means, as Haystack's protocol has it: a field that is not there is None, so
``!=`` and ``not in`` hold for it. Two things are engram's own: a test of a list holds where it does
for an element, and dates compare as the texts that they are.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from haystack.errors import FilterError

from engram.errors import InvalidInput
from engram.filtering import list_text, literal, path_text

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["filter_errors", "filter_of", "meta_path"]

_ORDERINGS = (">", ">=", "<", "<=")
_OPERATORS = ("==", "!=", *_ORDERINGS, "in", "not in")
_FIELDS = {"id": "_id", "content": "_text"}
_UNASKED = ("blob", "embedding", "score", "sparse_embedding", "meta")


@contextmanager
def filter_errors() -> Iterator[None]:
    """Raise what engram says about a filter as Haystack's `FilterError`."""
    try:
        yield
    except InvalidInput as error:
        if error.code.startswith("filter."):
            raise FilterError(str(error)) from error
        raise


def filter_of(filters: dict[str, Any] | None) -> str | None:
    """Give a filter as text; None where it asks for nothing.

    Raises:
        FilterError: Where it is malformed, or asks for what cannot be asked.
    """
    if not filters:
        return None
    try:
        return _condition(filters)
    except InvalidInput as error:
        raise FilterError(str(error)) from error


def meta_path(field: str) -> str:
    """Give the path of a field of the metadata, with or without ``meta.`` before it."""
    return path_text(field.removeprefix("meta."))


def _condition(given: Any) -> str:
    if not isinstance(given, dict):
        raise FilterError(f"A condition is {given!r:.80}, not a dictionary")
    return _comparison(given) if "field" in given else _logic(given)


def _logic(given: dict[str, Any]) -> str:
    for key in ("operator", "conditions"):
        if key not in given:
            raise FilterError(f"'{key}' key missing in {given!r:.200}")
    operator, conditions = given["operator"], given["conditions"]
    if operator not in {"AND", "OR", "NOT"}:
        raise FilterError(f"Unknown logical operator {operator!r}. There are: AND, OR, NOT")
    if not isinstance(conditions, list) or not conditions:
        raise FilterError(f"'conditions' is {conditions!r:.80}, not a list of conditions")
    tests = [f"({_condition(one)})" for one in conditions]
    if operator == "NOT":
        return f"NOT ({' AND '.join(tests)})"
    return f" {operator} ".join(tests)


def _comparison(given: dict[str, Any]) -> str:
    for key in ("operator", "value"):
        if key not in given:
            raise FilterError(f"'{key}' key missing in {given!r:.200}")
    operator, value = given["operator"], given["value"]
    if operator not in _OPERATORS:
        known = ", ".join(_OPERATORS)
        raise FilterError(f"Unknown comparison operator {operator!r}. There are: {known}")
    path = _path(given["field"])
    if operator in {"==", "!="}:
        test = _equal(path, value)
        return test if operator == "==" else f"NOT ({test})"
    if operator in _ORDERINGS:
        return _ordered(path, operator, value)
    test = _among(path, operator, value)
    return test if operator == "in" else f"NOT ({test})"


def _path(field: Any) -> str:
    if not isinstance(field, str):
        raise FilterError(f"'field' is {field!r:.80}, not a name")
    if field in _UNASKED:
        raise FilterError(f"Filters cannot ask for {field!r}. Use id, content or meta.<name>")
    return _FIELDS.get(field) or meta_path(field)


def _equal(path: str, value: Any) -> str:
    if value is None:
        return f"NOT {path} IS NOT NULL"
    if isinstance(value, (list, dict)):
        raise FilterError(
            f"A field cannot be compared with a whole {type(value).__name__}. "
            "Use 'in' for one of several values, or name the field within: meta.author.name"
        )
    return f"{path} = {literal(value)}"


def _ordered(path: str, operator: str, value: Any) -> str:
    if value is None:
        return f"{path} IN []"
    if isinstance(value, str) and not _is_moment(value):
        raise FilterError(
            f"{operator!r} compares numbers and ISO 8601 dates, and {value!r:.80} is none of them"
        )
    if not isinstance(value, (str, int, float, date)):
        raise FilterError(f"{operator!r} cannot compare with a {type(value).__name__}")
    return f"{path} {operator} {literal(value)}"


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def _among(path: str, operator: str, values: Any) -> str:
    if not isinstance(values, list):
        raise FilterError(f"{operator!r} takes a list, not a {type(values).__name__}")
    test = f"{path} IN {list_text([one for one in values if one is not None], operator)}"
    return f"{test} OR {_equal(path, None)}" if None in values else test
