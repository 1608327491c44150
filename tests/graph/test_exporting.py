"""A graph in the forms of other programs."""

import re
import sys
import xml.etree.ElementTree as ET

import pytest

networkx = pytest.importorskip("networkx")

HOSTILE = 'quo"te \\ <tag> & \x1b\ufffe é\nnew line'


def test_networkx_gets_nodes_edges_and_their_properties(people):
    made = people.to_networkx()
    assert isinstance(made, networkx.MultiDiGraph)
    assert dict(made.nodes["alice"]) == {
        "label": "Person", "age": 34, "text": "Alice builds engines",
    }  # fmt: skip
    assert made.edges["alice", "bob", "KNOWS"] == {"since": 2019}
    assert (made.number_of_nodes(), made.number_of_edges()) == (4, 3)
    assert set(people.to_networkx(where="label = 'Person'").nodes) == {"alice", "bob", "carol"}
    part = people.to_networkx(ids=people.subgraph(["acme"]).nodes)
    assert set(part.edges(keys=True)) == {("carol", "acme", "WORKS_AT")}


def test_graphml_reads_back_in_networkx(people, tmp_path):
    properties = {HOSTILE: HOSTILE, "age": 1.5, "ok": True, "no": None}
    people.put_node("Odd", HOSTILE, text=HOSTILE, properties=properties)
    people.put_edge(HOSTILE, "KNOWS", "alice", {"deep": {"a": [1]}, "since": "long"})
    file = tmp_path / "g.graphml"
    assert people.export(file) == 5
    read = networkx.read_graphml(file, force_multigraph=True)
    clean = re.sub("[\x1b\ufffe]", "\ufffd", HOSTILE)
    assert set(read.nodes) == {"alice", "bob", "carol", "acme", clean}
    odd = read.nodes[clean]
    assert (odd["text"], odd[clean], odd["age"], odd["ok"]) == (clean, clean, 1.5, True)
    assert "no" not in odd
    assert read.nodes["alice"]["age"] == 34.0
    assert read.nodes["carol"]["tags"] == '["a", "b"]'
    edges = {(one, other): data for one, other, data in read.edges(data=True)}
    assert edges["alice", "bob"] == {"type": "KNOWS", "since": "2019"}
    assert edges[clean, "alice"] == {"type": "KNOWS", "since": "long", "deep": '{"a": [1]}'}


def test_dot_names_every_node_and_edge(people, tmp_path):
    people.put_node("Odd", 'q"\\', text="two\nlines")
    assert people.export(tmp_path / "g.dot", where="label IN ['Person', 'Odd']") == 4
    lines = (tmp_path / "g.dot").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "digraph {"
    assert '  "alice" -> "bob" [label="KNOWS"];' in lines
    assert r'  "q\"\\" [label="Odd\ntwo\nlines"];' in lines
    assert "acme" not in "".join(lines)
    assert people.export(tmp_path / "other", "gv") == 5


def test_a_picture_is_drawn(people, tmp_path):
    pytest.importorskip("matplotlib")
    people.put_node("Odd", "$x^2$", text="costs $5 and $6")
    assert people.export(tmp_path / "g.svg") == 5
    root = ET.parse(tmp_path / "g.svg").getroot()
    assert root.tag.endswith("svg")
    assert people.export(tmp_path / "g.png", ids=["alice", "bob"]) == 2
    assert (tmp_path / "g.png").read_bytes().startswith(b"\x89PNG")
    assert "matplotlib.pyplot" not in sys.modules


def test_what_cannot_be_written_is_refused(people, tmp_path, code):
    assert code(people.export, tmp_path / "g.xyz") == "input.invalid"
    assert code(people.export, tmp_path / "g.dot", "xyz") == "input.invalid"
    assert code(people.export, tmp_path / "nowhere" / "g.dot") == "file.not_found"
    people.put_nodes({"label": "A"} for _ in range(500))
    assert code(people.export, tmp_path / "g.png") == "input.limit"
    assert list(tmp_path.glob("g*")) == []
    assert people.export(tmp_path / "g.dot") == 504
