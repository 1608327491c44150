"""Facts in a database."""

import csv
import datetime as dt
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engram
from engram.enrich import Fact, FactStore
from engram.enrich.validity import holds, settle


def day(year, month=1, at=1):
    return dt.datetime(year, month, at, tzinfo=dt.timezone.utc)


@pytest.fixture
def store():
    with engram.open(":memory:") as database:
        yield FactStore(database)


def told(facts):
    return [(one.entity, one.slot, one.value, one.valid_from, one.valid_to) for one in facts]


def test_a_newer_value_ends_the_older_one_and_both_are_kept(store):
    store.learn("Alice works at Acme.", document="d1", when=day(2020))
    store.learn("Alice works at Zorblax.", document="d2", when=day(2022))
    assert told(store.memories("Alice", "employer")) == [
        ("Alice", "employer", "Acme", day(2020), day(2022)),
        ("Alice", "employer", "Zorblax", day(2022), None),
    ]
    assert store.state("Alice", "employer").value == "Zorblax"
    assert store.state("Alice", "employer", at=day(2021)).value == "Acme"
    assert store.state("Alice", "employer", at=day(2019)) is None
    assert store.state("Bob", "employer") is None


def test_the_order_of_learning_changes_nothing(store):
    store.learn("Alice works at Zorblax.", document="d2", when=day(2022))
    store.learn("Alice works at Acme.", document="d1", when=day(2020))
    assert [one.value for one in store.memories("Alice", "employer")] == ["Acme", "Zorblax"]
    assert store.state("Alice", "employer").value == "Zorblax"


def test_slots_of_several_values_keep_all(store):
    store.learn("Alice likes tea. Alice likes jazz.", document="d", when=day(2020))
    assert [one.value for one in store.profile("Alice")["likes"]] == ["tea", "jazz"]


def test_what_is_over_holds_no_longer(store):
    store.learn("Alice works at Acme.", document="d1", when=day(2020))
    store.learn("Alice left Acme.", document="d2", when=day(2021))
    assert store.state("Alice", "employer") is None
    assert store.state("Alice", "employer", at=day(2020, 6)).value == "Acme"


def test_a_fact_names_its_source(store):
    text = "Hello there. Alice lives in Oslo."
    (fact,) = store.learn(
        text, document="d1", passage="d1#3", offset=100, when=day(2020), about={"uri": "a.txt"}
    )
    assert (fact.document, fact.passage, fact.extractor) == ("d1", "d1#3", "rules")
    assert text[fact.start - 100 : fact.end - 100] == fact.statement == "Alice lives in Oslo."
    (record,) = store.collection.iterate("doc.uri = 'a.txt'")
    assert record.metadata["doc"] == {"uri": "a.txt", "id": "d1"}
    assert store.memories("Alice")[0] == fact or store.memories("Alice")[0].id == fact.id


def test_learning_a_text_again_adds_nothing(store):
    assert len(store.learn("Alice lives in Oslo.", document="d1", when=day(2020))) == 1
    assert store.learn("Alice lives in Oslo.", document="d1", when=day(2024)) == []
    assert len(store) == 1


def test_what_is_said_again_is_told_once(store):
    store.learn("Alice lives in Oslo.", document="d1", when=day(2020))
    assert store.learn("Alice lives in Oslo!", document="d2", when=day(2021), again=False) == []
    assert len(store) == 1
    store.learn("Alice lives in Oslo.", document="d3", when=day(2024))
    assert len(store) == 2
    assert told(store.memories()) == [("Alice", "residence", "Oslo", day(2020), None)]
    store.forget("d1")
    assert told(store.memories()) == [("Alice", "residence", "Oslo", day(2024), None)]


def test_forgetting_a_document_lets_hold_again_what_it_ended(store):
    store.learn("Alice works at Acme.", document="d1", when=day(2020))
    store.learn("Alice works at Zorblax. Bob likes tea.", document="d2", when=day(2022))
    assert store.forget("d2") == 2
    assert told(store.memories()) == [("Alice", "employer", "Acme", day(2020), None)]
    assert store.forget("d2") == 0


def test_forms_of_a_name_are_one_entity(store):
    store.learn("Dr. Alice Smith works at Acme.", document="d1", when=day(2020))
    store.learn("Alice lives in Oslo.", document="d2", when=day(2021))
    store.learn("Alice Smith works at Zorblax.", document="d3", when=day(2022))
    for name in ("Alice", "alice smith", "Alice Smith", "A. Smith"):
        assert len(store.memories(name)) == 3
        assert store.state(name, "employer").value == "Zorblax"
    assert store.entities() == {"Alice": 1, "Alice Smith": 1, "Dr. Alice Smith": 1}


def test_a_correction_outranks_what_it_corrects_which_is_kept(store):
    store.learn("Alice lives in Oslo.", document="d1", when=day(2020))
    fact = store.correct("Alice", "residence", "Bergen", source="m7")
    assert (fact.extractor, fact.document, fact.valid_from) == ("correction", "m7", day(2020))
    assert store.state("Alice", "residence").value == "Bergen"
    assert store.state("Alice", "residence", at=day(2020, 6)).value == "Bergen"
    wrong = store.memories("Alice", "residence")[0]
    assert (wrong.value, wrong.valid_from, wrong.valid_to) == ("Oslo", day(2020), day(2020))
    store.learn("Alice lives in Rome.", document="d2", when=day(2023))
    assert store.state("Alice", "residence").value == "Rome"


def test_a_correction_may_say_since_when(store):
    store.learn("Alice lives in Oslo.", document="d1", when=day(2020))
    store.correct("Alice", "residence", "Bergen", since=day(2021))
    assert store.state("Alice", "residence", at=day(2020, 6)).value == "Oslo"
    assert store.state("Alice", "residence").value == "Bergen"


def test_what_nothing_was_known_of_can_be_put_right(store):
    assert store.correct("Alice", "shoe size", "39").slot == "shoe_size"
    assert store.state("alice", "Shoe Size").value == "39"


@pytest.mark.parametrize("given", [("", "a", "b"), ("a", " ", "b"), ("a", "b", "")])
def test_a_correction_says_something(store, given):
    with pytest.raises(engram.InvalidInput, match="is empty"):
        store.correct(*given)


def test_facts_are_exported_with_their_sources(store):
    store.learn("Alice lives in Oslo. Bob likes tea, really.", document="d1", when=day(2020))
    rows = json.loads(store.export())
    assert [row["value"] for row in rows] == ["Oslo", "tea"]
    assert rows[0]["document"] == "d1"
    assert rows[0]["valid_from"] == "2020-01-01T00:00:00.000000Z"
    lines = [json.loads(line) for line in store.export("jsonl", entity="Bob").splitlines()]
    assert lines == [row for row in rows if row["entity"] == "Bob"]
    table = list(csv.DictReader(io.StringIO(store.export("csv", provenance=False))))
    assert [row["entity"] for row in table] == ["Alice", "Bob"]
    assert "document" not in table[0]
    with pytest.raises(engram.InvalidInput, match="unknown format"):
        store.export("xml")


def test_facts_obey_a_filter_of_what_may_be_seen(store):
    store.learn("Alice lives in Oslo.", document="a", when=day(2020), about={"level": 1})
    store.learn("Alice lives in Rome.", document="b", when=day(2021), about={"level": 2})
    assert store.state("Alice", "residence", where="doc.level = 1").value == "Oslo"
    assert [one.value for one in store.memories(where="doc.level = 1 OR doc.level = 3")] == ["Oslo"]


def test_facts_are_in_the_file_and_join_transactions(tmp_path):
    path = tmp_path / "facts.engram"
    with engram.open(path) as database:
        store = FactStore(database)
        with pytest.raises(RuntimeError), database.transaction():
            store.learn("Alice lives in Rome.", document="x", when=day(2020))
            raise RuntimeError
        store.learn("Alice lives in Oslo.", document="d1", when=day(2020))
    with engram.open(path) as database:
        assert FactStore(database).state("Alice", "residence").value == "Oslo"
        hits = FactStore(database).collection.query("where does Alice live?", k=1)
        assert hits[0].text == "Alice lives in Oslo."


FACTS = st.lists(
    st.builds(
        Fact,
        st.sampled_from(["Alice", "Bob"]),
        st.sampled_from(["employer", "likes"]),
        st.sampled_from(["Acme", "Zorblax", "Blorp"]),
        st.integers(2000, 2006).map(day),
        st.none() | st.integers(2003, 2009).map(day),
        id=st.uuids().map(str),
    ),
    max_size=8,
)


@settings(max_examples=60)
@given(FACTS, st.randoms(use_true_random=False))
def test_settling_keeps_every_fact_and_depends_on_no_order(facts, chance):
    settled = settle(facts)
    assert sorted(one.id for one in settled) == sorted(one.id for one in facts)
    shuffled = list(facts)
    chance.shuffle(shuffled)
    assert settle(shuffled) == settled
    begins = {one.id: (one.valid_from, one.valid_to) for one in facts}
    for one in settled:
        since, until = begins[one.id]
        assert one.valid_from == since
        assert until is None or (one.valid_to is not None and one.valid_to <= until)


@settings(max_examples=60)
@given(FACTS, st.integers(2000, 2010).map(day))
def test_a_slot_of_one_value_has_one_at_a_time_unless_they_began_together(facts, moment):
    for who in ("Alice", "Bob"):
        holding = [
            one for one in settle(facts)
            if (one.entity, one.slot) == (who, "employer") and holds(one, moment)
        ]  # fmt: skip
        assert len({one.value for one in holding}) <= 1
