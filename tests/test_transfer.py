"""Export and import: exact round trips, whole files or none."""

import gzip
import json
import os
import sys

import numpy as np
import pytest

import engram
from engram import InvalidInput, Io, MissingExtra, NotFound

FORMATS = ["a.jsonl", "a.jsonl.gz", "a.parquet"]


@pytest.fixture
def filled(notes):
    rng = np.random.default_rng(1)
    notes.put("plain")
    notes.put("text", text="embedded äöü\n\u2028", metadata={"deep": [{"x": None}], "f": 0.1})
    notes.put("own", text="x", vector=rng.standard_normal(5), vectors={"t": [1e-40, 3.4e38]})
    notes.put("empty", text="", metadata={"": "", "n": -(2**63)})
    notes.update("plain", metadata={"changed": True})
    return notes


@pytest.mark.parametrize("name", FORMATS)
def test_import_of_an_export_gives_equal_records(filled, db, tmp_path, name):
    target = tmp_path / name
    seen = []
    count = filled.export(target, progress=lambda *a: seen.append(a))
    assert count == 4
    assert seen[-1] == (4, 4)
    before = {r.id: r for r in filled.iterate(vectors=True)}
    for batch_size in (1, 1000):
        with engram.open(":memory:", embedder=None) as other:
            copy = other.collection("copy")
            assert copy.import_(target, batch_size=batch_size) == 4
            assert {r.id: r for r in copy.iterate(vectors=True)} == before
            assert {s.name: s.identity for s in copy.spaces()} == {
                s.name: s.identity for s in filled.spaces()
            }


@pytest.mark.parametrize("name", FORMATS)
def test_an_imported_text_space_answers_text_queries(filled, db, tmp_path, name):
    filled.export(tmp_path / name)
    copy = db.collection("copy")
    copy.import_(tmp_path / name)
    assert copy.query("embedded", mode="semantic").ids == ["text"]


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_can_be_filtered(filled, db, tmp_path, name):
    assert filled.export(tmp_path / name, where="changed = true") == 1
    copy = db.collection("copy")
    assert copy.import_(tmp_path / name) == 1
    assert [r.id for r in copy.iterate()] == ["plain"]


def test_json_lines_are_one_plain_object_each(filled, tmp_path):
    filled.export(tmp_path / "a.jsonl", where="deep EXISTS")
    (line,) = (tmp_path / "a.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    record = json.loads(line)
    assert list(record) == ["id", "text", "metadata", "created", "updated", "vectors", "identities"]
    assert record["identities"]["text"]["name"] == "words"
    filled.export(tmp_path / "a.jsonl.gz", where="deep EXISTS")
    assert gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes()).decode() == line + "\n"


def test_a_file_of_your_own_is_embedded(notes, tmp_path):
    source = tmp_path / "mine.jsonl"
    source.write_text('{"id": "a", "text": "hello"}\n\n{"id": "b", "text": "x", "vectors": {}}\n')
    seen = []
    assert notes.import_(source, progress=lambda *a: seen.append(a)) == 2
    assert seen == [(2, None)]
    a, b = notes.get_many(["a", "b"], vectors=True)
    assert (set(a.vectors), set(b.vectors)) == ({"text"}, set())


def test_a_table_of_your_own_is_embedded(notes, tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pa.table({"id": ["a", "b"], "text": ["hello", None], "year": [2020, 2021]})
    parquet.write_table(table, tmp_path / "mine.parquet")
    assert notes.import_(tmp_path / "mine.parquet", batch_size=1) == 2
    a = notes.get("a", vectors=True)
    assert (a.metadata, set(a.vectors)) == ({"year": 2020}, {"text"})


@pytest.mark.parametrize(
    "line",
    ["{", "[1]", '"x"', '{"text": "no id"}', '{"id": 5}', '{"id": "a", "extra": 1}',
     '{"id": "a", "created": "yesterday"}', '{"id": "a", "created": "2024-01-01T00:00:00"}',
     '{"id": "a", "identities": 5}'],
)  # fmt: skip
def test_a_line_that_is_no_record_is_named(notes, tmp_path, line):
    source = tmp_path / "bad.jsonl"
    source.write_text('{"id": "ok"}\n' + line + "\n")
    with pytest.raises(InvalidInput) as caught:
        notes.import_(source, batch_size=1)
    assert caught.value.details["line"] == "2"
    assert caught.value.details["committed"] == "1"
    assert [r.id for r in notes.iterate()] == ["ok"]


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_and_absent_files_are_io_errors(notes, tmp_path, name):
    with pytest.raises(Io) as caught:
        notes.import_(tmp_path / name)
    assert caught.value.code == "file.not_found"
    (tmp_path / name).write_bytes(b"\xff\xfe\x00garbage")
    with pytest.raises(Io) as caught:
        notes.import_(tmp_path / name)
    assert caught.value.code == "io.failed"
    assert notes.count() == 0


def test_an_export_appears_whole_or_not_at_all(filled, tmp_path, monkeypatch):
    target = tmp_path / "out" / "a.jsonl"
    with pytest.raises(Io):
        filled.export(target)
    target.parent.mkdir()
    target.write_text("older\n")

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        filled.export(target, progress=stop)
    assert os.listdir(target.parent) == ["a.jsonl"]
    assert target.read_text() == "older\n"
    filled.export(target)
    assert os.listdir(target.parent) == ["a.jsonl"]
    assert target.read_text() != "older\n"


def test_a_name_without_a_format_needs_one(filled, tmp_path):
    with pytest.raises(InvalidInput):
        filled.export(tmp_path / "a.csv")
    with pytest.raises(InvalidInput):
        filled.export(tmp_path / "a.jsonl", "xml")
    filled.export(tmp_path / "plain", "jsonl")
    assert filled.import_(tmp_path / "plain", "jsonl") == 4


def test_exporting_what_is_not_there_is_an_error(db, tmp_path):
    with pytest.raises(NotFound) as caught:
        db.collection("ghost").export(tmp_path / "a.jsonl")
    assert caught.value.code == "collection.not_found"
    assert list(tmp_path.glob("a.jsonl*")) == []


def test_parquet_without_pyarrow_says_how_to_get_it(filled, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for call in (filled.export, filled.import_):
        with pytest.raises(MissingExtra) as caught:
            call(tmp_path / "a.parquet")
        assert caught.value.code == "extra.missing"
        assert caught.value.hint == "pip install 'engram[parquet]'"
        assert isinstance(caught.value, ImportError)
    assert list(tmp_path.glob("*.parquet")) == []


def test_the_past_can_be_exported(filled, db, tmp_path):
    db.create_snapshot("s")
    filled.delete("plain", "text", "own")
    assert db.at("s").collection("notes").export(tmp_path / "a.jsonl") == 4
