"""``engram import SYSTEM`` on the command line."""

import datetime as dt
import json

import numpy as np
import pytest
from typer.testing import CliRunner

import engram
from engram.cli.commands import app

faiss = pytest.importorskip("faiss")


@pytest.fixture
def folder(tmp_path, monkeypatch, vectors):
    monkeypatch.chdir(tmp_path)
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(vectors)
    faiss.write_index(index, "docs.faiss")
    lines = [json.dumps({"id": f"d{i}", "text": f"number {i}"}) for i in range(len(vectors))]
    (tmp_path / "docs.jsonl").write_text("\n".join(lines))
    return tmp_path


def run(*args, code=0):
    result = CliRunner().invoke(app, list(args))
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result.stdout if code == 0 else result.stderr


def test_an_index_is_imported(folder):
    shown = run("import", "faiss", "n.engram", "docs.faiss", "--records", "docs.jsonl")
    assert shown == (
        "imported 230 records of 'docs' into 'docs' (l2; 230 texts; vectors: vector 230)\n"
    )
    with engram.open("n.engram", create=False) as db:
        assert db.collection("docs").get("d7").text == "number 7"


def test_the_report_is_one_json_document(folder):
    shown = run("import", "faiss", "n.engram", "docs.faiss", "-c", "mine", "--json")
    report = json.loads(shown)
    assert (report["source"], report["records"]) == ("faiss", 230)
    assert report["collections"][0]["collection"] == "mine"


def test_what_did_not_come_over_is_shown(folder):
    index = faiss.IndexPQ(4, 2, 4)
    vectors = np.random.default_rng(1).standard_normal((50, 4)).astype(np.float32)
    index.train(vectors)
    index.add(vectors)
    faiss.write_index(index, "codes.faiss")
    lines = [json.dumps({"metadata": {"big": 2**70, "n": i}}) for i in range(50)]
    (folder / "codes.jsonl").write_text("\n".join(lines))
    shown = run("import", "faiss", "n.engram", "codes.faiss", "--records", "codes.jsonl")
    assert "  left out 50: big: integer beyond 64 bits\n" in shown
    assert "  the index keeps codes of its vectors" in shown


def test_what_came_over_in_another_form_is_shown(folder):
    lancedb, pa = pytest.importorskip("lancedb"), pytest.importorskip("pyarrow")
    day = pa.array([dt.date(2024, 1, 31)])
    lancedb.connect("lance").create_table("days", pa.table({"id": ["a"], "day": day}))
    shown = run("import", "lancedb", "n.engram", "lance", "--metric", "cosine")
    assert shown == (
        "imported 1 records of 'days' into 'days' (cosine; 0 texts; vectors: none)\n"
        "  changed 1: date to text\n"
    )


def test_without_a_system_a_file_is_imported(folder):
    expected = "imported 230 records into 'texts'\n"
    assert run("import", "n.engram", "docs.jsonl", "-c", "texts") == expected
    assert run("import", "-c", "texts", "n.engram", "docs.jsonl") == expected
    assert run("import", "file", "n.engram", "docs.jsonl", "-c", "texts") == expected


@pytest.mark.parametrize("system", ["chroma", "lancedb", "qdrant", "faiss", "sqlite-vec"])
def test_a_source_that_is_not_there_is_an_error(folder, system):
    for package in {"chroma": ["chromadb"], "qdrant": ["qdrant_client"], "lancedb": ["lancedb"],
                    "faiss": [], "sqlite-vec": ["sqlite_vec", "apsw"]}[system]:  # fmt: skip
        pytest.importorskip(package)
    told = run("import", system, "n.engram", "absent", code=8)
    assert told.startswith("error[file.not_found]: ")
    assert "absent" in told


def test_an_unknown_metric_is_an_error(folder):
    told = run("import", "faiss", "n.engram", "docs.faiss", "--metric", "manhattan", code=2)
    assert "manhattan" in told
