"""House rules that a machine can check."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "python").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
BANNED = {"utils", "util", "common", "helpers", "helper", "misc", "manager"}
LAYERS = [
    ["errors", "types", "processors", "pdfium", "json_values"],
    [
        "checks",
        "records",
        "files",
        "filtering",
        "dict_filters",
        "expressions",
        "faceting",
        "access",
    ],
    ["remote"],
    ["llm"],
    ["embed", "reports", "rag", "snippets", "results", "spaces", "nearness", "edges", "extract"],
    ["enrich"],
    ["tables"],
    ["paging", "settings"],
    ["ingest", "query", "reranking"],
    ["planning", "recall", "edge_reading"],
    ["frames"],
    ["transfer_edges", "edge_writing", "reembedding"],
    ["transfer"],
    ["reading"],
    ["collection"],
    ["transaction", "past"],
    ["database"],
    ["opening"],
    ["sealing"],
    ["tables", "access", "sealing"],
    ["graph"],
    ["rerank", "evaluate", "importers", "integrations"],
    ["weaver"],
    ["answer", "sessions"],
    ["memory"],
    ["agent"],
    ["compat", "testing"],
    ["cli"],
    ["__main__"],
]


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_is_short_and_named_for_what_it_holds(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    assert path.stem not in BANNED
    assert not re.search(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))", text.replace("TODO|FIXME|XXX", ""))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_says_what_it_owns(path):
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert doc.splitlines()
    if path.name != "__init__.py":
        assert "Owns: " in doc


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_at_the_top_of_a_module_point_one_way(path):
    """Imports within functions, and those for types only, may point back."""
    parts = path.relative_to(ROOT / "python" / "engram").with_suffix("").parts
    if parts == ("__init__",):
        return
    rank = {name: n for n, layer in enumerate(LAYERS) for name in layer}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engram."):
            imported = node.module.split(".")[1]
            assert imported == "_native" or rank[imported] <= rank[parts[0]], imported


def test_no_source_names_a_place_of_one_machine():
    for path in [*SOURCES, *TESTS, *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w.])/(?:work|home|root)/\w", text), path
