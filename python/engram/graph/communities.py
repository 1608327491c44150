"""Communities: sets of nodes that have more to do with each other than with the rest.

Owns: the call of the Leiden method (Traag, Waltman & van Eck, 2019) by modularity, as the package
graspologic-native has it. Invariant: the same edges, seed and resolution give the same communities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.checks import number, proper_str, str_ids
from engram.errors import InvalidInput, _missing_extra
from engram.graph.names import LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engram.edges import Edge
    from engram.reading import CollectionView

__all__ = ["communities"]


def communities(
    nodes: CollectionView,
    label: str | None,
    types: str | Iterable[str] | None,
    weight: str | None,
    resolution: float,
    seed: int,
) -> dict[str, int]:
    """Number the communities of nodes, the largest first; `Graph.communities` has the arguments."""
    try:
        from graspologic_native import leiden
    except ImportError as error:
        raise _missing_extra("graspologic-native", "graph", "finding communities") from error
    if not number(resolution, "resolution") > 0:
        raise InvalidInput("input.invalid", f"resolution is {resolution!r}, not above 0")
    if types is not None:
        types = {types} if isinstance(types, str) else set(str_ids(types))
    among = None
    if label is not None:
        where = {LABEL: proper_str(label, "the label")}
        among = {record.id for record in nodes.iterate(where, missing="ignore")}
    weights: dict[tuple[str, str], float] = {}
    for edge in nodes.iterate_edges():
        one, other = sorted((edge.source, edge.target))
        if one == other or (types is not None and edge.type not in types):
            continue
        if among is None or (one in among and other in among):
            weights[one, other] = weights.get((one, other), 0.0) + _weight(edge, weight)
    edges = [(one, other, value) for (one, other), value in sorted(weights.items()) if value]
    if not edges:
        return {}
    _, found = leiden(edges, resolution=float(resolution), seed=seed)
    members: dict[int, list[str]] = {}
    for id_ in sorted(found):
        members.setdefault(found[id_], []).append(id_)
    by_size = sorted(members.values(), key=lambda ids: (-len(ids), ids[0]))
    return {id_: rank for rank, ids in enumerate(by_size) for id_ in ids}


def _weight(edge: Edge, name: str | None) -> float:
    """Give what an edge counts."""
    if name is None:
        return 1.0
    value = edge.properties.get(name, 1.0)
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
    if not usable:
        raise InvalidInput(
            "input.invalid",
            f"{name} of the edge {edge!r:.120} is {value!r:.40}, no number of 0 or more",
        )
    return float(value)
