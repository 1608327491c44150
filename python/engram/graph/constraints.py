"""What the nodes of a label must have: required, unique and typed properties.

Owns: `Constraints`, stored in the file as the record ``constraints`` of the collection
``<graph>.settings``. Invariant: they are read and checked within the write transaction of each
change, so they bind every process that writes through a `Graph`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.checks import proper_str
from engram.errors import Conflict, InvalidInput
from engram.filtering import list_text, quoted
from engram.graph.names import LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, TypeAlias

    from engram.collection import Collection

    Given: TypeAlias = Iterable[tuple[str, Mapping[str, Any]]]

__all__ = ["RECORD", "check", "declared"]

RECORD = "constraints"
"""The record of the settings that holds them, by label."""

_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list, tuple),
    "dict": (dict,),
}
_VALUES_PER_QUERY = 1000


def declared(
    unique: Iterable[str], required: Iterable[str], types: Mapping[str, str | type]
) -> dict[str, Any]:
    """Give the constraints of one label as they are stored; empty where there is none.

    Raises:
        InvalidInput: ``input.invalid``.
    """
    kinds = {_property(name): _kind(name, kind) for name, kind in types.items()}
    found: dict[str, Any] = {
        "unique": _properties(unique, "unique"),
        "required": _properties(required, "required"),
        "types": kinds,
    }
    return {key: value for key, value in found.items() if value}


def check(stored: Mapping[str, Any], nodes: Collection, given: Given) -> None:
    """Check nodes before they are put, within the transaction that puts them.

    Args:
        stored: The constraints by label.
        nodes: The nodes as the transaction sees them.
        given: Id and whole metadata of each; of equal ids the last counts.

    Raises:
        Conflict: ``graph.constraint``.
    """
    by_label: dict[str, dict[str, Mapping[str, Any]]] = {}
    for id_, metadata in dict(given).items():
        label = metadata.get(LABEL)
        if label in stored:
            by_label.setdefault(str(label), {})[id_] = metadata
    for label, found in by_label.items():
        rules = stored[label]
        for id_, metadata in found.items():
            _check_one(rules, label, id_, metadata)
        for name in rules.get("unique", ()):
            _check_unique(nodes, label, name, found)


def _check_one(rules: Mapping[str, Any], label: str, id_: str, metadata: Mapping[str, Any]) -> None:
    """Check what can be told from one node alone."""
    for name in rules.get("required", ()):
        if metadata.get(name) is None:
            raise _broken("required", label, id_, name, "is required and missing")
    for name, kind in rules.get("types", {}).items():
        value = metadata.get(name)
        wrong = not isinstance(value, _KINDS[kind])
        if value is not None and (wrong or (kind != "bool" and isinstance(value, bool))):
            raise _broken("types", label, id_, name, f"is {type(value).__name__}, not {kind}")


def _check_unique(
    nodes: Collection, label: str, name: str, given: Mapping[str, Mapping[str, Any]]
) -> None:
    """Check that no two nodes of a label have one value."""
    owners: dict[tuple[bool, Any], str] = {}
    for id_, metadata in given.items():
        value = metadata.get(name)
        if value is None:
            continue
        if not isinstance(value, (str, int, float)):
            what = f"is unique and a {type(value).__name__}: only texts, numbers and bools can be"
            raise _broken("unique", label, id_, name, what)
        other = owners.setdefault(_key(value), id_)
        if other != id_:
            raise _taken(label, id_, name, value, other)
    values = [value for _, value in owners]
    for first in range(0, len(values), _VALUES_PER_QUERY):
        part = list_text(values[first : first + _VALUES_PER_QUERY], name)
        where = f"{LABEL} = {quoted(label)} AND {_path(name)} IN {part}"
        for record in nodes.iterate(where, missing="ignore"):
            found = record.metadata.get(name)
            # A list matches by its elements; it is no value that a unique property has.
            owner = None if isinstance(found, (list, dict)) else owners.get(_key(found))
            if owner is not None and record.id not in given:
                raise _taken(label, owner, name, found, record.id)


def _key(value: Any) -> tuple[bool, Any]:
    """Tell values apart as filters do: true is no number."""
    return (isinstance(value, bool), value)


def _path(name: str) -> str:
    """Write the name of one property, dots and all, as a path of a filter."""
    return "`{}`".format(name.replace("`", "``"))


def _properties(names: Iterable[str], what: str) -> list[str]:
    if isinstance(names, str):
        raise InvalidInput(
            "input.invalid", f"{what} is one str, not several", f"{what}=[{names!r}]"
        )
    return sorted({_property(name) for name in names})


def _property(name: str) -> str:
    if proper_str(name, "a property") == LABEL:
        raise InvalidInput("input.invalid", "the label of a node is no property of it")
    return name


def _kind(name: str, kind: str | type) -> str:
    known = kind if isinstance(kind, str) else kind.__name__
    if known not in _KINDS:
        raise InvalidInput(
            "input.invalid", f"the type of {name} is {known!r}", f"one of: {', '.join(_KINDS)}"
        )
    return known


def _taken(label: str, id_: str, name: str, value: object, other: str) -> Conflict:
    return _broken(
        "unique", label, id_, name, f"is {value!r:.80}, as that of node {other!r}", other
    )


def _broken(
    rule: str, label: str, id_: str, name: str, what: str, other: str | None = None
) -> Conflict:
    details = {"id": id_, "label": label, "property": name, "constraint": rule}
    return Conflict(
        "graph.constraint",
        f"node {id_!r} ({label}): {name} {what}",
        "graph.constraints() lists them; graph.constrain(label, ...) changes those of a label",
        details | ({} if other is None else {"other": other}),
    )
