"""LlamaIndex's metadata filters as filters of engram.

Owns: what each operator means. It is what LlamaIndex's own in-memory store does (a test compares
them), with two differences: nested filters work, and a test of a list holds where it does for an
element, as everywhere in engram.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilters,
)

from engram.errors import InvalidInput
from engram.filtering import list_text, literal, path_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llama_index.core.vector_stores.types import MetadataFilter

__all__ = ["filter_of"]

_COMPARISONS = {
    FilterOperator.EQ: "=",
    FilterOperator.GT: ">",
    FilterOperator.GTE: ">=",
    FilterOperator.LT: "<",
    FilterOperator.LTE: "<=",
    FilterOperator.CONTAINS: "CONTAINS",
    FilterOperator.TEXT_MATCH: "CONTAINS",
}
_LISTS = {
    FilterOperator.IN: "IN",
    FilterOperator.ANY: "CONTAINS ANY",
    FilterOperator.ALL: "CONTAINS ALL",
}
_FLOAT_MAX = 1.7976931348623157e308


def filter_of(
    filters: MetadataFilters | None,
    *,
    node_ids: Sequence[str] | None = None,
    doc_ids: Sequence[str] | None = None,
) -> str | None:
    """Give a filter as text: what `filters` asks, among these nodes, of these documents.

    Raises:
        InvalidInput: ``filter.syntax`` for what cannot be asked; ``input.invalid`` for a value
            that no filter can hold.
    """
    parts = []
    if filters is not None and filters.filters:
        parts.append(f"({_joined(filters)})")
    if node_ids is not None:
        parts.append(f"_id IN {list_text(node_ids, 'node_ids')}")
    if doc_ids is not None:
        parts.append(f"ref_doc_id IN {list_text(doc_ids, 'doc_ids')}")
    return " AND ".join(parts) if parts else None


def _joined(filters: MetadataFilters) -> str:
    """Write filters with the condition between them; without one, all of them have to hold."""
    tests = [
        f"({_joined(one) if isinstance(one, MetadataFilters) else _test(one)})"
        for one in filters.filters
    ]
    if not tests:
        raise _wrong("there are no filters within the filters", "leave the inner ones out")
    if filters.condition is FilterCondition.NOT:
        return f"NOT ({' OR '.join(tests)})"
    return (" OR " if filters.condition is FilterCondition.OR else " AND ").join(tests)


def _test(one: MetadataFilter) -> str:
    path, operator, value = path_text(one.key), one.operator, one.value
    if operator is FilterOperator.IS_EMPTY:
        return _empty(path)
    if operator is FilterOperator.NE:
        return f"{path} IS NOT NULL" if value is None else f"NOT {path} = {_single(one)}"
    if operator is FilterOperator.EQ and value is None:
        return f"NOT {path} IS NOT NULL"
    if operator in _COMPARISONS:
        return f"{path} {_COMPARISONS[operator]} {_single(one)}"
    if operator in _LISTS:
        return f"{path} {_LISTS[operator]} {_several(one)}"
    if operator is FilterOperator.NIN:
        return f"NOT {path} IN {_several(one)}"
    raise _wrong(
        f"{operator.value!r} is no operator of engram",
        "filters tell upper from lower case: keep a lower-case copy of the field, and use "
        "'text_match' on that"
        if operator is FilterOperator.TEXT_MATCH_INSENSITIVE
        else f"there are: {', '.join(known.value for known in _known())}",
    )


def _known() -> list[FilterOperator]:
    others = [FilterOperator.NE, FilterOperator.NIN, FilterOperator.IS_EMPTY]
    return [*_COMPARISONS, *_LISTS, *others]


def _empty(path: str) -> str:
    """Hold where the field is not there, null, an empty text, or a list of nothing else.

    A map counts as empty too: its fields have paths of their own.
    """
    something = f"{path} > '' OR {path} >= -{_FLOAT_MAX} OR {path} IN [true, false]"
    return f"NOT ({something})"


def _single(one: MetadataFilter) -> str:
    value: Any = one.value
    if isinstance(value, list) or value is None:
        raise _wrong(
            f"{one.key!r} is compared ({one.operator.value}) with {value!r:.60}",
            "compare with one value, or use the operators 'in', 'any' or 'all'",
        )
    return literal(value)


def _several(one: MetadataFilter) -> str:
    if not isinstance(one.value, list):
        raise _wrong(
            f"{one.operator.value!r} on {one.key!r} takes a list, not {one.value!r:.60}",
            "give a list of values",
        )
    return list_text(one.value, one.operator.value)


def _wrong(message: str, hint: str) -> InvalidInput:
    return InvalidInput("filter.syntax", f"filter syntax: {message}", hint)
