"""What EmbeddedDB hands out and takes in.

Owns: its query, entities and embeddings, and the ids of edges and embeddings, which are JSON lists
of what names them in engram.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from engram.errors import InvalidInput
from engram.graph import ConvergedQuery as _ConvergedQuery
from engram.graph import Entity as _Entity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["ConvergedQuery", "Embedding", "Entity"]

OWN = frozenset({"id", "label", "text", "properties"})
"""Keys of the dict of a node that are no properties."""


class ConvergedQuery(_ConvergedQuery):
    """`engram.graph.ConvergedQuery`, for which a property that no node has matches nothing."""

    __slots__ = ()

    def __init__(self, *parts: Any, missing: Any = "ignore", **named: Any) -> None:
        """Take the parts of the original, and those that engram adds."""
        super().__init__(*parts, missing=missing, **named)


class Entity(_Entity):
    """An entity whose `label` is its name, and whose `entity_type` is what it is."""

    @property
    def label(self) -> str:
        """Its name."""
        return self.name

    @property
    def entity_type(self) -> str | None:
        """What it is: ``PERSON``, ``GPE``, ..."""
        return self.kind


class Embedding(NamedTuple):
    """The embedding of a node: its own ``id``, the ``node_id``, and the ``vector``."""

    id: str
    node_id: str
    vector: list[float]


def properties_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Give the properties among the keys of a dict."""
    loose = {key: value for key, value in given.items() if key not in OWN}
    return {**loose, **(given.get("properties") or {})}


def as_id(*parts: str) -> str:
    """Make the id of an edge or an embedding."""
    return json.dumps(parts, ensure_ascii=False)


def parts_of(id_: str, count: int) -> list[str]:
    """Take an id apart.

    Raises:
        InvalidInput: ``input.invalid`` where it is none.
    """
    try:
        parts = json.loads(id_)
    except (TypeError, ValueError):
        parts = None
    if not isinstance(parts, list) or len(parts) != count:
        what = "an edge" if count > 2 else "an embedding"  # noqa: PLR2004 - source, type, target
        raise InvalidInput(
            "input.invalid", f"{id_!r:.80} is no id of {what}", "use what create_... gave"
        )
    return parts
