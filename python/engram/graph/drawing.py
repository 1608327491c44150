"""A picture of a small graph.

Owns: how nodes and edges look. Where they are is found by NetworkX's spring layout (Fruchterman &
Reingold, 1991), always from the same seed; Matplotlib draws, without its state for a whole process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engram.errors import _missing_extra

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

__all__ = ["draw"]

_SIZE = 9.0
"""Inches of either side."""

_NODE, _TEXT, _EDGE_TEXT = 220.0, 8, 6
_SEED = 7
_COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb")
"""Tol's bright scheme, which the colour-blind can tell apart."""


def draw(graph: Any, path: Path, format: str) -> None:
    """Draw a `networkx.MultiDiGraph` whose nodes have `shown` and `label`.

    Raises:
        MissingExtra: ``extra.missing`` without Matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise _missing_extra("matplotlib", "graph", "drawing a graph") from error
    import networkx as nx

    at = nx.spring_layout(graph, seed=_SEED)
    figure = Figure(figsize=(_SIZE, _SIZE), layout="constrained")
    axes = figure.add_subplot()
    axes.set_axis_off()
    arrow = {"arrowstyle": "-|>", "color": "#888888", "shrinkA": 9, "shrinkB": 9}
    for source, target, type_ in graph.edges(keys=True):
        (x0, y0), (x1, y1) = at[source], at[target]
        axes.annotate("", (x1, y1), (x0, y0), arrowprops=arrow)
        place = ((x0 + x1) / 2, (y0 + y1) / 2)
        axes.text(*place, _plain(type_), fontsize=_EDGE_TEXT, color="#666666", ha="center")
    labels = sorted({data["label"] for _, data in graph.nodes(data=True)})
    for rank, label in enumerate(labels):
        chosen = [name for name, data in graph.nodes(data=True) if data["label"] == label]
        xs, ys = zip(*(at[name] for name in chosen), strict=True)
        colour = _COLOURS[rank % len(_COLOURS)]
        axes.scatter(xs, ys, s=_NODE, color=colour, label=_plain(label) or "(none)", zorder=2)
    for name, data in graph.nodes(data=True):
        axes.annotate(
            _plain(data["shown"]), at[name], (0, 10), textcoords="offset points", fontsize=_TEXT,
            ha="center",
        )  # fmt: skip
    if labels:
        axes.legend(fontsize=_TEXT, frameon=False)
    figure.savefig(path, format=format, dpi=150)


def _plain(text: str) -> str:
    """Keep Matplotlib from reading mathematics."""
    return text.replace("$", r"\$")
