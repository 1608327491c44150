"""Filters as text: what the core parses, whatever form they were given in.

Owns: writing values and paths so that the core reads back exactly these, and the choice by form.
Invariant: text, dict and expression become text of one language, so they have one meaning
(docs/reference/filters.md). The dict form is `engram.dict_filters`, the expression form
`engram.expressions`.
"""

from __future__ import annotations

from engram.checks import proper_str
from engram.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from engram.types import Where

__all__ = ["filter_text", "list_text", "literal", "path_text", "quoted"]

_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_NUMBER_KINDS = frozenset({"b", "i", "u", "f"})
_KEYWORDS = frozenset(
    ("and", "or", "not", "in", "contains", "startswith", "exists", "is", "null", "true", "false")
)


def between(where: Where | None, since: object, until: object) -> str:
    """Give a filter that also asks when a record was first put: from `since`, before `until`."""
    from datetime import date

    from engram.expressions import F

    created, tests = F["_created"], []
    for moment, test in ((since, created.__ge__), (until, created.__lt__)):
        if isinstance(moment, (str, date)):
            tests.append(str(test(moment)))
        elif moment is not None:
            raise InvalidInput(
                "input.invalid",
                f"since or until is {type(moment).__name__}, not a moment: {moment!r:.80}",
                "pass an aware datetime, or text like '2024-01-31'",
            )
    given = filter_text(where)
    return " AND ".join([*([] if given is None else [f"({given})"]), *tests])


def filter_text(where: Where | None) -> str | None:
    """Give a filter as text; None where it asks for nothing.

    Raises:
        InvalidInput: ``input.invalid``, ``filter.syntax``.
    """
    if where is None:
        return None
    if isinstance(where, str):
        return proper_str(where, "where")
    from engram.expressions import Condition

    if isinstance(where, Condition):
        return str(where)
    if hasattr(where, "keys"):
        from engram.dict_filters import dict_text

        return dict_text(where)
    raise InvalidInput(
        "input.invalid",
        f"where is {type(where).__name__}, not a filter: {where!r:.80}",
        "pass text (\"year >= 2020\"), a dict ({'year': {'$gte': 2020}}) or an expression "
        "(F.year >= 2020)",
    )


def quoted(text: str) -> str:
    """Write a text as a filter literal, whatever quotes and backslashes it holds."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def literal(value: Any) -> str:
    """Write a value as a filter literal.

    Dates and times become text as `isoformat` gives it; an aware time becomes UTC with a ``Z``, the
    form of ``_created`` and ``_updated``.

    Raises:
        InvalidInput: ``input.invalid`` where no filter can hold it.
    """
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, str):
        return quoted(proper_str(value, "a value of the filter"))
    if isinstance(value, (int, float)):
        return _int_literal(int(value)) if isinstance(value, int) else _float_literal(float(value))
    if hasattr(value, "isoformat"):
        return quoted(_moment(value))
    if getattr(getattr(value, "dtype", None), "kind", "") in _NUMBER_KINDS and value.ndim == 0:
        return literal(value.item())
    raise InvalidInput(
        "input.invalid",
        f"a filter cannot compare with a {type(value).__name__}: {value!r:.80}",
        "use None, bool, int, float, str, or a date or time",
    )


def _int_literal(value: int) -> str:
    if _INT_MIN <= value <= _INT_MAX:
        return str(value)
    raise InvalidInput(
        "input.invalid",
        f"the integer {value:.6g} of the filter does not fit 64 bits",
        "compare with a float, such as 1e20",
    )


def _float_literal(value: float) -> str:
    if value - value == 0.0:
        return repr(value)
    raise InvalidInput(
        "input.invalid", f"the filter compares with {value!r}", "only finite numbers are stored"
    )


def _moment(value: Any) -> str:
    """Write a date or time."""
    offset = value.utcoffset() if hasattr(value, "utcoffset") else None
    if offset is None or not hasattr(value, "astimezone"):
        return str(value.isoformat())
    return f"{(value - offset).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def list_text(values: Iterable[Any], what: str) -> str:
    """Write values as a filter list.

    Raises:
        InvalidInput: ``input.invalid`` where they are no list, or a value is none of a filter.
    """
    if (
        isinstance(values, (str, bytes))
        or hasattr(values, "keys")
        or not hasattr(values, "__iter__")
    ):
        raise InvalidInput(
            "input.invalid",
            f"{what} takes a list of values, not {type(values).__name__}: {values!r:.80}",
            "write ['en', 'de']",
        )
    return f"[{', '.join(map(literal, values))}]"


def path_text(path: str) -> str:
    """Write a dotted path; a part with a dot in its name stands in back quotes.

    Raises:
        InvalidInput: ``input.invalid`` where it is no text or a back quote has no partner.
    """
    proper_str(path, "a field")
    parts, rest = [], path
    while True:
        name, rest, more = _first_part(rest, path)
        plain = name.isascii() and name.isidentifier() and name.lower() not in _KEYWORDS
        parts.append(name if plain else "`{}`".format(name.replace("`", "``")))
        if not more:
            return ".".join(parts)


def _first_part(rest: str, path: str) -> tuple[str, str, bool]:
    """Split off the first part of a path: its name, what follows the dot, whether one follows."""
    if not rest.startswith("`"):
        name, dot, rest = rest.partition(".")
        return name, rest, bool(dot)
    at = 1
    while True:
        at = rest.find("`", at)
        if at < 0:
            break
        if rest[at : at + 2] == "``":
            at += 2
            continue
        name, rest = rest[1:at].replace("``", "`"), rest[at + 1 :]
        if rest and not rest.startswith("."):
            break
        return name, rest[1:], bool(rest)
    raise InvalidInput(
        "input.invalid",
        f"the field {path!r:.80} has a back quote without its partner",
        "write back quotes around a whole part: `first.name`.x",
    )
