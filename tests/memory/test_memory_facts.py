"""Facts of documents."""

import json

import pytest

import engram
from engram import Memory


@pytest.fixture
def filled(memory):
    memory.put("Intro.\n\nAlice works at Acme.", uri="a.txt", timestamp="2020-01-01")
    memory.put("Alice joined Zorblax. Bob likes tea.", uri="b.txt", timestamp="2022-01-01")
    memory.put("Nothing to see.", uri="c.txt", timestamp="2023-01-01")
    return memory


def test_documents_are_read_for_facts_with_their_sources(filled):
    done = filled.enrich()
    assert (done.documents, done.facts, done.skipped, done.failed) == (3, 3, 0, ())
    fact = filled.state("Alice", "employer")
    assert (fact.value, fact.statement) == ("Zorblax", "Alice joined Zorblax.")
    stored = filled.get("b.txt")
    assert fact.document == stored.id
    assert stored.text[fact.start : fact.end] == fact.statement
    assert filled.db.collection("memory").get(fact.passage).text.find(fact.statement) >= 0
    old, new = filled.memories("Alice", "employer")
    assert (old.value, old.valid_to, new.valid_to) == ("Acme", new.valid_from, None)
    assert old.valid_from.year == 2020


def test_what_was_read_is_not_read_again(filled):
    filled.enrich()
    done = filled.enrich()
    assert (done.documents, done.facts, done.skipped) == (0, 0, 3)
    assert len(filled.memories()) == 3
    filled.put("Carol lives in Oslo.", uri="d.txt")
    assert filled.enrich("d.txt", "a.txt").documents == 1
    assert filled.enrich(force=True).documents == 4
    assert len(filled.memories()) == 4


def test_deleting_a_document_deletes_its_facts(filled):
    filled.enrich()
    filled.delete("b.txt")
    assert [one.value for one in filled.memories()] == ["Acme"]
    assert filled.state("Alice", "employer").value == "Acme"


def test_replacing_a_document_replaces_its_facts_when_it_is_read(filled):
    filled.enrich()
    filled.put("Alice joined Blorp.", uri="b.txt", timestamp="2022-01-01")
    assert filled.state("Alice", "employer").value == "Acme"
    filled.enrich()
    assert filled.state("Alice", "employer").value == "Blorp"


def test_a_document_that_is_put_again_just_so_stays_read(filled):
    filled.enrich()
    put = filled.put("Nothing to see.", uri="c.txt", timestamp="2023-01-01")
    assert put.status == "unchanged"
    assert filled.enrich().documents == 0


def test_facts_are_put_right_and_exported(filled):
    filled.enrich()
    filled.correct("Alice", "employer", "Zorblax Labs")
    assert filled.state("Alice", "employer").value == "Zorblax Labs"
    filled.enrich(force=True)
    assert filled.state("Alice", "employer").value == "Zorblax Labs"
    rows = json.loads(filled.export_facts(entity="Alice"))
    assert [row["value"] for row in rows] == ["Acme", "Zorblax", "Zorblax Labs"]
    assert "document" not in json.loads(filled.export_facts(with_provenance=False))[0]


def test_one_document_that_cannot_be_read_keeps_no_other_out(filled):
    def model(prompt):
        return '{"facts": []}' if "Alice works" in prompt.split("Text:")[1] else "no"

    done = filled.enrich(engine=model)
    assert (done.documents, done.facts) == (1, 0)
    assert {one.error.code for one in done.failed} == {"llm.answer"}
    assert sorted(one.name for one in done.failed) == ["b.txt", "c.txt"]


def test_nobody_sees_facts_of_what_they_may_not_see(memory):
    memory.put("Alice lives in Oslo.", uri="a", timestamp="2020-01-01")
    memory.put("Alice lives in Rome.", uri="b", timestamp="2021-01-01", access={"roles": ["board"]})
    memory.enrich()
    staff, board = engram.AccessContext(roles=["staff"]), engram.AccessContext(roles=["board"])
    assert memory.state("Alice", "residence", access=staff).value == "Oslo"
    assert memory.memories("Alice", access=staff)[0].valid_to is None
    assert memory.state("Alice", "residence", access=board).value == "Rome"
    assert "Rome" not in memory.export_facts(access=staff)


def test_facts_join_the_transaction_that_is_open():
    with Memory.open(":memory:", embedder=None) as memory:
        memory.put("Alice lives in Oslo.", uri="a")
        with pytest.raises(RuntimeError), memory.db.transaction():
            assert memory.enrich().facts == 1
            raise RuntimeError
        assert memory.memories() == []
        assert memory.enrich().facts == 1


def test_many_documents_are_read_in_few_commits(tmp_path):
    with Memory.open(tmp_path / "m.engram", embedder=None) as memory:
        memory.put_many([{"text": f"Person{n} lives in Oslo.", "uri": f"{n}"} for n in range(150)])
        with memory.db.transaction() as before:
            pass
        done = memory.enrich()
        with memory.db.transaction() as after:
            memory.db.collection("x").put("x")
        assert (done.documents, done.facts) == (150, 150)
        assert after.commit - (before.commit or 0) <= 8
        assert memory.enrich().skipped == 150
