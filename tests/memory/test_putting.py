"""What `Memory.put` promises."""

import datetime as dt

import pytest

import engram
from engram import Memory
from engram.errors import InvalidInput, Io


def test_a_document_is_added_then_known_then_replaced(memory):
    first = memory.put("Tents keep dry.", uri="a", title="Camping")
    again = memory.put("Tents keep dry.", uri="a", title="Camping")
    other = memory.put("Tents leak.", uri="a", title="Camping")
    titled = memory.put("Tents leak.", uri="a", title="Rain")
    assert [p.status for p in (first, again, other, titled)] == [
        "added",
        "unchanged",
        "replaced",
        "replaced",
    ]
    assert len({p.id for p in (first, again, other, titled)}) == 1
    assert memory.get("a").text == "Tents leak."
    assert memory.get(first.id).title == "Rain"
    assert len(memory) == 1


def test_the_same_bytes_are_one_document_unless_both_are_wanted(memory):
    first = memory.put("the same", uri="a")
    twin = memory.put("the same", uri="b")
    assert (twin.status, twin.id, twin.uri) == ("duplicate", first.id, "a")
    assert memory.put("the same").status == "duplicate"
    kept = memory.put("the same", uri="b", duplicates="keep")
    assert kept.status == "added"
    loose = [memory.put("the same", duplicates="keep") for _ in range(2)]
    assert len({first.id, kept.id, *(one.id for one in loose)}) == 4
    assert len(memory) == 4


def test_replacing_leaves_no_passage_of_the_old_text(memory):
    memory.put("\n\n".join(f"old paragraph {n} " + "x" * 400 for n in range(20)), uri="a")
    assert memory.db.collection("memory").count() > 5
    memory.put("new and short", uri="a")
    assert memory.db.collection("memory").count() == 1
    assert memory.find("old paragraph", mode="lex").ids == []


def test_everything_that_was_said_is_kept(memory):
    put = memory.put(
        "Tents.",
        uri="notes/a",
        title="T",
        label="L",
        kind="note",
        track="work",
        tags=["x", "y"],
        timestamp="2024-03-05",
        metadata={"year": 2024},
        access={"tenant": "acme", "roles": ("b", "a")},
    )
    stored = memory.get(put.id)
    assert (stored.uri, stored.title, stored.label, stored.kind) == ("notes/a", "T", "L", "note")
    assert (stored.track, stored.tags) == ("work", ("x", "y"))
    assert stored.timestamp == "2024-03-05T00:00:00.000000Z"
    assert stored.metadata == {"year": 2024}
    assert stored.access == {"tenant": "acme", "roles": ["a", "b"]}
    passage = memory.db.collection("memory").get(f"{put.id}#0")
    assert passage.metadata["year"] == 2024
    doc = passage.metadata["doc"]
    assert doc["access"]["tenant"] == "acme"
    assert (doc["id"], doc["uri"], doc["position"]) == (put.id, "notes/a", 0)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (dt.datetime(2024, 3, 5, 12, tzinfo=dt.timezone.utc), "2024-03-05T12:00:00.000000Z"),
        (dt.date(2024, 3, 5), "2024-03-05T00:00:00.000000Z"),
        ("2024-03-05T12:00:00+02:00", "2024-03-05T10:00:00.000000Z"),
        ("2024-03", "2024-03-01T00:00:00.000000Z"),
        (1_700_000_000, "2023-11-14T22:13:20.000000Z"),
    ],
)
def test_a_timestamp_is_kept_in_one_form(memory, given, kept):
    assert memory.get(memory.put("x", timestamp=given).id).timestamp == kept


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"text": "a", "file": b"b"},
        {"text": " "},
        {"text": "a", "tags": "x"},
        {"text": "a", "metadata": {"doc": 1}},
        {"text": "a", "metadata": {"x": object()}},
        {"text": "a", "timestamp": "soon"},
        {"text": "a", "timestamp": dt.datetime(2024, 1, 1)},  # noqa: DTZ001
        {"text": "a", "access": {"who": "x"}},
        {"text": "a", "access": {"roles": "x"}},
        {"text": "a", "duplicates": "maybe"},
        {"text": "a", "embedding_identity": {"name": "x"}},
        {"text": "a", "uri": ""},
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_written(memory, wrong):
    with pytest.raises(InvalidInput) as raised:
        memory.put(**wrong)
    assert raised.value.code == "input.invalid"
    assert len(memory) == 0


def test_a_file_is_known_by_its_path_and_keeps_its_date(memory, tmp_path):
    path = tmp_path / "note.md"
    path.write_text("# Tents\n\nThey keep dry.\n")
    put = memory.put_file(path, label="camp")
    assert (put.uri, put.title) == (path.as_posix(), "Tents")
    stored = memory.get(put.uri)
    changed = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.timezone.utc)
    assert stored.timestamp == changed.isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert (stored.kind, stored.label) == ("text/markdown", "camp")
    with pytest.raises(Io) as raised:
        memory.put_file(tmp_path / "none.md")
    assert raised.value.code == "file.not_found"


def test_a_date_that_a_document_states_counts_before_that_of_its_file(memory):
    page = b"<html><head><meta name='date' content='2020-02-02'></head><body>Hello</body></html>"
    stored = memory.get(memory.put(file=page, filename="a.html").id)
    assert stored.timestamp == "2020-02-02T00:00:00.000000Z"
    assert "2020-02-02" in stored.found.values()


def test_search_text_is_what_is_searched_and_the_text_is_what_is_given(memory):
    memory.put("0xDEADBEEF", search_text="error code of a crash", uri="a")
    found = memory.find("crash", mode="lex")[0]
    assert (found.text, found.start, found.end) == ("0xDEADBEEF", 0, 10)
    assert found.snippet.text == "0xDEADBEEF"
    assert memory.find("0xDEADBEEF", mode="lex").ids == []


def test_deleting_leaves_nothing_of_a_document(memory):
    put = memory.put("Tents keep dry.", uri="a")
    memory.put("Boots keep warm.", uri="b")
    memory.db.collection("memory.facts").put("f", metadata={"doc": {"id": put.id}})
    memory.db.collection("memory.tables").put("t", metadata={"doc": {"id": "another"}})
    before = memory.db.stats().commit
    assert memory.delete("a", "nothing") == 1
    assert memory.db.stats().commit == before + 1
    assert "a" not in memory
    assert "b" in memory
    assert memory.db.collection("memory.facts").count() == 0
    assert memory.db.collection("memory.tables").count() == 1
    assert memory.find("tents", mode="lex").ids == []


def test_calls_join_a_transaction(memory):
    with pytest.raises(RuntimeError), memory.db.transaction():
        memory.put("one", uri="a")
        assert memory.get("a").text == "one"
        raise RuntimeError
    assert memory.get("a") is None


def test_a_memory_of_another_name_is_apart():
    db = engram.open(":memory:", embedder=None)
    assert db.memory is db.memory
    db.memory.put("one", uri="a")
    assert "a" not in Memory(db, "other")


def test_a_reopened_file_has_what_was_put(tmp_path, words):
    with Memory.open(tmp_path / "m.engram", embedder=words()) as memory:
        memory.put("Tents keep dry.", uri="a")
    with Memory.open(tmp_path / "m.engram", read_only=True, embedder=words()) as memory:
        assert memory.find("tents")[0].uri == "a"
