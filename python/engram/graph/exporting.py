"""A graph for other programs: NetworkX, GraphML, Graphviz's language, a picture.

Owns: these forms. Invariant: all of one export is of one commit, and a file appears whole or not at
all. Pictures are drawn by `engram.graph.drawing`.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from engram.errors import InvalidInput, _missing_extra
from engram.files import open_text, replacing
from engram.graph.names import LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, TextIO

    from engram.edges import Edge
    from engram.reading import CollectionView
    from engram.records import Record
    from engram.types import Where

__all__ = ["Part", "export", "to_networkx"]

_FORMATS = {
    ".graphml": "graphml",
    ".dot": "dot",
    ".gv": "dot",
    ".png": "picture",
    ".svg": "picture",
    ".pdf": "picture",
}
_MOST_DRAWN = 500
_SHOWN = 40
"""Characters of a text that stand for a node in a picture."""

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML 1.0 cannot hold."""


class Part:
    """Some nodes of one commit, and every edge between any two of them."""

    def __init__(
        self, reading: CollectionView, where: Where | None, ids: Iterable[str] | None
    ) -> None:
        """Choose the nodes: those that match a filter, of these ids; all where neither is given."""
        self._reading = reading
        self._where = where
        self._ids = None if ids is None else frozenset(ids)
        self._whole = where is None and ids is None
        self._chosen = frozenset[str]() if self._whole else frozenset(r.id for r in self.records())

    def records(self) -> Iterator[Record]:
        """Go through the nodes."""
        found = self._reading.iterate(self._where, missing="ignore")
        return (one for one in found if self._ids is None or one.id in self._ids)

    def edges(self) -> Iterator[Edge]:
        """Go through the edges."""
        chosen = self._chosen
        for edge in self._reading.iterate_edges():
            if self._whole or (edge.source in chosen and edge.target in chosen):
                yield edge

    def count(self) -> int:
        """Count the nodes."""
        return self._reading.count() if self._whole else len(self._chosen)


def to_networkx(part: Part) -> Any:
    """Give a `networkx.MultiDiGraph`."""
    networkx = _networkx("a NetworkX graph")
    made = networkx.MultiDiGraph()
    for record in part.records():
        text = {} if record.text is None else {"text": record.text}
        made.add_node(record.id, **{**record.metadata, **text})
    for edge in part.edges():
        made.add_edge(edge.source, edge.target, key=edge.type, **edge.properties)
    return made


def export(part: Part, path: str | os.PathLike[str], format: str | None) -> int:
    """Write a file; `Graph.export` has the arguments."""
    name = os.fsdecode(path)
    suffix = Path(name).suffix.lower() if format is None else f".{format.lower()}"
    kind = _FORMATS.get(suffix)
    if kind is None:
        known = ", ".join(one[1:] for one in _FORMATS)
        raise InvalidInput(
            "input.invalid",
            f"{name!r} names no format of a graph"
            if format is None
            else f"unknown format {format!r}",
            f"one of: {known}, as the file's ending or format=",
        )
    if kind == "picture":
        _draw(part, name, suffix[1:])
    else:
        write = _write_graphml if kind == "graphml" else _write_dot
        with replacing(name) as temporary, open_text(temporary, "w", compressed=False) as out:
            write(part, out)
    return part.count()


def _draw(part: Part, name: str, format: str) -> None:
    """Draw a picture, where it would show anything."""
    if part.count() > _MOST_DRAWN:
        raise InvalidInput(
            "input.limit",
            f"{part.count():,} nodes make no picture: {_MOST_DRAWN} are the most",
            "give ids=graph.subgraph([...]).nodes, where=..., or write .dot or .graphml",
        )
    networkx = _networkx("drawing a graph")
    from engram.graph.drawing import draw

    made = networkx.MultiDiGraph()
    for record in sorted(part.records(), key=lambda record: record.id):
        made.add_node(record.id, shown=_shown(record), label=str(record.metadata.get(LABEL, "")))
    edges = sorted(part.edges(), key=lambda edge: edge.key)
    made.add_edges_from((edge.source, edge.target, edge.type) for edge in edges)
    with replacing(name) as temporary:
        draw(made, temporary, format)


def _networkx(purpose: str) -> Any:
    try:
        import networkx as nx
    except ImportError as error:
        raise _missing_extra("networkx", "graph", purpose) from error
    return nx


def _shown(record: Record) -> str:
    """Give what stands for a node in a picture."""
    text = record.text or record.id
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _write_dot(part: Part, out: TextIO) -> None:
    """Write Graphviz's language, DOT."""
    out.write("digraph {\n")
    for record in part.records():
        label = record.metadata.get(LABEL, "")
        shown = f"{label}\n{_shown(record)}" if label else _shown(record)
        out.write(f"  {_dot(record.id)} [label={_dot(shown)}];\n")
    out.writelines(
        f"  {_dot(edge.source)} -> {_dot(edge.target)} [label={_dot(edge.type)}];\n"
        for edge in part.edges()
    )
    out.write("}\n")


def _dot(text: str) -> str:
    """Quote a text for DOT; a backslash in it means itself."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\0", "")
    return f'"{quoted}"'


class _Columns:
    """The attributes of nodes or of edges in GraphML: their keys and types."""

    def __init__(self, of: str, prefix: str, rows: Iterable[Mapping[str, Any]]) -> None:
        kinds: dict[str, set[str]] = {}
        for row in rows:
            for name, value in row.items():
                if value is not None:
                    kinds.setdefault(name, set()).add(_xml_kind(value))
        self._of = of
        self._kinds = {name: _common(kinds[name]) for name in sorted(kinds)}
        self._keys = {name: f"{prefix}{n}" for n, name in enumerate(self._kinds)}

    def declare(self, out: TextIO) -> None:
        """Write the declarations."""
        for name, key in self._keys.items():
            attributes = f"attr.name={_xml_name(name)} attr.type={_xml_name(self._kinds[name])}"
            out.write(f'  <key id="{key}" for="{self._of}" {attributes}/>\n')

    def write(self, out: TextIO, row: Mapping[str, Any]) -> None:
        """Write the values of one node or edge."""
        for name, value in sorted(row.items()):
            if value is not None:
                text = escape(_NO_XML.sub("\ufffd", _xml_value(value)))
                out.write(f'      <data key="{self._keys[name]}">{text}</data>\n')


def _write_graphml(part: Part, out: TextIO) -> None:
    """Write GraphML; values that it has no type for are written as JSON."""
    nodes = _Columns("node", "n", map(_node_row, part.records()))
    edges = _Columns("edge", "e", map(_edge_row, part.edges()))
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write('<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
    nodes.declare(out)
    edges.declare(out)
    out.write('  <graph edgedefault="directed">\n')
    for record in part.records():
        out.write(f"    <node id={_xml_name(record.id)}>\n")
        nodes.write(out, _node_row(record))
        out.write("    </node>\n")
    for edge in part.edges():
        ends = f"source={_xml_name(edge.source)} target={_xml_name(edge.target)}"
        out.write(f"    <edge {ends}>\n")
        edges.write(out, _edge_row(edge))
        out.write("    </edge>\n")
    out.write("  </graph>\n</graphml>\n")


def _node_row(record: Record) -> dict[str, Any]:
    return record.metadata | ({} if record.text is None else {"text": record.text})


def _edge_row(edge: Edge) -> dict[str, Any]:
    return edge.properties | {"type": edge.type}


def _xml_name(text: str) -> str:
    return quoteattr(_NO_XML.sub("\ufffd", text))


def _xml_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    kinds = {int: "long", float: "double"}
    return kinds.get(type(value), "string")


def _common(kinds: set[str]) -> str:
    """Give the type that values of several types have in common."""
    if len(kinds) == 1:
        return next(iter(kinds))
    return "double" if kinds == {"long", "double"} else "string"


def _xml_value(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=_base64)


def _base64(value: object) -> str:
    """Write bytes as JSON can hold them."""
    if not isinstance(value, bytes):
        raise TypeError(type(value).__name__)
    return b64encode(value).decode("ascii")
