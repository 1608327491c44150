"""Query sets: what they refuse, how they are kept in the file, the forms of BEIR and TREC."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engram
from engram import Conflict, InvalidInput, NotFound
from engram.evaluate import QuerySet, RetrievalReport, evaluate_retrieval
from engram.evaluate.query_sets import COLLECTION

NAME = st.text(min_size=1, max_size=8).filter(str.strip)


@st.composite
def sets(draw):
    queries = draw(st.dictionaries(NAME, NAME, min_size=1, max_size=4))
    grades = st.dictionaries(NAME, st.integers(-1, 3), max_size=3)
    judgments = {query: draw(grades) for query in queries}
    return QuerySet(draw(NAME), queries, judgments, description=draw(st.text(max_size=5)))


@given(first=sets(), second=sets())
def test_a_saved_set_comes_back_as_it_was(first, second):
    with engram.open(":memory:", embedder=None) as db:
        first.save(db)
        second.save(db, replace=True)
        assert QuerySet.load(db, second.name) == second
        if first.name != second.name:
            assert QuerySet.load(db, first.name) == first
        assert QuerySet.saved(db) == sorted({first.name, second.name})
        assert list(QuerySet.load(db, second.name).queries) == list(second.queries)


def test_a_set_as_plain_data(query_set):
    plain = json.loads(json.dumps(query_set.to_dict()))
    description = plain.pop("description")
    assert QuerySet(**plain, description=description) == query_set
    assert repr(query_set) == "QuerySet('animals', 6 queries, 11 judgments)"


def test_a_set_is_replaced_only_when_asked(db, query_set):
    query_set.save(db)
    with pytest.raises(Conflict) as caught:
        query_set.save(db)
    assert caught.value.code == "query_set.exists"
    smaller = QuerySet("animals", {"q1": "cat"}, {"q1": {"cat": 1}})
    smaller.save(db, replace=True)
    assert QuerySet.load(db, "animals") == smaller


def test_a_set_that_is_not_there_is_named_with_those_that_are(db, query_set):
    assert QuerySet.saved(db) == []
    assert QuerySet.delete(db, "animals") is False
    query_set.save(db)
    with pytest.raises(NotFound, match="animals") as caught:
        QuerySet.load(db, "plants")
    assert caught.value.code == "query_set.not_found"


def test_a_set_survives_snapshot_backup_export_and_a_read_only_handle(
    db, query_set, tmp_path, path
):
    query_set.save(db)
    db.create_snapshot("then")
    assert QuerySet.delete(db, "animals") is True
    assert QuerySet.saved(db) == []
    assert QuerySet.load(db.at("then"), "animals") == query_set
    db.restore_snapshot("then")
    db.backup(tmp_path / "copy.engram")
    with engram.open(tmp_path / "copy.engram", read_only=True, embedder=None) as copy:
        assert QuerySet.load(copy, "animals") == query_set
        with pytest.raises(Conflict, match=r"file\.read_only"):
            query_set.save(copy, replace=True)
    db.collection(COLLECTION).export(tmp_path / "sets.jsonl")
    with engram.open(":memory:", embedder=None) as other:
        other.collection(COLLECTION).import_(tmp_path / "sets.jsonl")
        assert QuerySet.load(other, "animals") == query_set
    assert db.verify(deep=True)


def test_a_set_is_saved_whole_or_not_at_all(db, query_set):
    with pytest.raises(RuntimeError), db.transaction():
        query_set.save(db)
        assert QuerySet.saved(db) == ["animals"]
        raise RuntimeError
    assert QuerySet.saved(db) == []
    commit = db.stats().commit
    query_set.save(db)
    assert db.stats().commit == commit + 1


def test_the_text_of_a_query_gets_no_vector(db, query_set):
    query_set.save(db)
    assert db.collection(COLLECTION).spaces() == ()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: QuerySet("", {"q": "t"}, {}),
        lambda: QuerySet("s", {}, {}),
        lambda: QuerySet("s", {"q": " "}, {}),
        lambda: QuerySet("s", {"q": "t"}, {"p": {"a": 1}}),
        lambda: QuerySet("s", {"q": "t"}, {"q": {"a": 0.5}}),
        lambda: QuerySet("s", {"q": "t"}, {"q": {"a": True}}),
        lambda: QuerySet("s", {"q": "t"}, {"q": {3: 1}}),
    ],
)
def test_wrong_sets_are_refused(wrong):
    with pytest.raises(InvalidInput):
        wrong()


@pytest.mark.parametrize(
    ("format", "queries", "judgments"),
    [
        ("beir", "queries.jsonl", "qrels.tsv"),
        ("beir", "queries.jsonl.gz", "qrels.tsv.gz"),
        ("trec", "topics.tsv", "qrels.txt"),
        ("trec", "topics.tsv.gz", "qrels.txt.gz"),
    ],
)
def test_files_are_read_as_they_were_written(tmp_path, query_set, format, queries, judgments):
    query_set.write(tmp_path / queries, tmp_path / judgments, format)
    again = QuerySet.read(
        "animals", tmp_path / queries, tmp_path / judgments, description="who does what"
    )
    assert again == query_set


def test_files_of_others_are_read(tmp_path):
    (tmp_path / "q.jsonl").write_text(
        '{"_id": "1", "text": "one", "metadata": {}}\n\n{"_id": "2", "text": "two"}\n'
    )
    (tmp_path / "q.tsv").write_text("1\tone\n2\ttwo\r\n")
    (tmp_path / "beir.tsv").write_text("query-id\tcorpus-id\tscore\n1\ta b\t1\n1\tc\t0\n")
    (tmp_path / "bare.tsv").write_text("1\ta b\t1\n1\tc\t0\n")
    (tmp_path / "trec.txt").write_text("1 0 a 1\n1  Q0  c -2\n")
    for queries in ("q.jsonl", "q.tsv"):
        for judgments in ("beir.tsv", "bare.tsv"):
            found = QuerySet.read("s", tmp_path / queries, tmp_path / judgments)
            assert found == QuerySet("s", {"1": "one"}, {"1": {"a b": 1, "c": 0}})
        trec = QuerySet.read("s", tmp_path / queries, tmp_path / "trec.txt")
        assert trec.judgments == {"1": {"a": 1, "c": -2}}


@pytest.mark.parametrize(
    ("queries", "judgments", "line", "says"),
    [
        ("1\tone\n1\tuno\n", "1\ta\t1\n", "2", "again"),
        ("no tab\n", "1\ta\t1\n", "1", "no query"),
        ("1\tone\n", "1\ta\n", "1", "no judgment"),
        ("1\tone\n", "1\ta\t1\n1\tb\thigh\n", "2", "whole number"),
        ("1\tone\n", "1\ta\t1\n1\ta\t2\n", "2", "otherwise"),
        ("1\tone\n", "2\ta\t1\n", "1", "no text"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path, queries, judgments, line, says):
    (tmp_path / "q.tsv").write_text(queries)
    (tmp_path / "j.tsv").write_text(judgments)
    with pytest.raises(InvalidInput, match=says) as caught:
        QuerySet.read("s", tmp_path / "q.tsv", tmp_path / "j.tsv")
    assert caught.value.details["line"] == line


def test_lines_of_json_are_checked_too(tmp_path):
    (tmp_path / "j.tsv").write_text("1\ta\t1\n")
    for bad in ("{", "[]", '{"_id": 1, "text": "x"}', '{"_id": "1"}'):
        (tmp_path / "q.jsonl").write_text(bad)
        with pytest.raises(InvalidInput, match="line 1"):
            QuerySet.read("s", tmp_path / "q.jsonl", tmp_path / "j.tsv")
    (tmp_path / "q.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(engram.Io, match=r"io\.failed"):
        QuerySet.read("s", tmp_path / "q.jsonl.gz", tmp_path / "j.tsv")
    with pytest.raises(engram.Io) as caught:
        QuerySet.read("s", tmp_path / "absent.jsonl", tmp_path / "j.tsv")
    assert caught.value.code == "file.not_found"


def test_what_does_not_fit_into_a_format_is_refused(tmp_path):
    spaced = QuerySet("s", {"1": "one"}, {"1": {"a b": 1}})
    tabbed = QuerySet("s", {"1": "one\ttwo"}, {"1": {"a\tb": 1}})
    places = (tmp_path / "q.jsonl", tmp_path / "j.tsv")
    spaced.write(*places)
    assert QuerySet.read("s", *places) == spaced
    for wrong, form in ((spaced, "trec"), (tabbed, "beir"), (tabbed, "trec")):
        with pytest.raises(InvalidInput, match="does not fit"):
            wrong.write(*places, form)
    with pytest.raises(InvalidInput, match="JSON Lines"):
        spaced.write(tmp_path / "q.tsv", tmp_path / "j.tsv")
    with pytest.raises(InvalidInput, match="unknown format"):
        spaced.write(*places, "csv")


def test_saved_reports_are_measured_by_the_judgments_of_now(db, animals, query_set):
    query_set.save(db)
    report = evaluate_retrieval(animals, query_set, k=3, mode="lexical", name="words")
    report.save(db)
    report.save(db)
    assert RetrievalReport.saved(db, "animals") == ["words"]
    assert RetrievalReport.load(db, "animals", "words") == report
    judgments = {**query_set.judgments, "q4": {"cat": 1}}
    QuerySet("animals", query_set.queries, judgments).save(db, replace=True)
    again = RetrievalReport.load(db, "animals", "words")
    assert again.found == report.found
    assert again.per_query["q4"]["nDCG@3"] == 0 < report.per_query["q4"]["nDCG@3"]
    assert QuerySet.load(db, "animals").judgments == judgments
    QuerySet("animals", {"new": "fish"}, {"new": {"eel": 1}}).save(db, replace=True)
    with pytest.raises(InvalidInput, match="no query of the report"):
        RetrievalReport.load(db, "animals", "words")
    QuerySet.delete(db, "animals")
    assert RetrievalReport.saved(db, "animals") == []


def test_reports_without_their_set_are_not_saved(db, animals, query_set):
    report = evaluate_retrieval(animals, query_set)
    with pytest.raises(NotFound, match=r"query_set\.not_found"):
        report.save(db)
    query_set.save(db)
    with pytest.raises(NotFound) as caught:
        RetrievalReport.load(db, "animals", "words")
    assert caught.value.code == "report.not_found"
    loose = evaluate_retrieval(animals, query_set.queries, query_set.judgments)
    with pytest.raises(InvalidInput, match="in no set"):
        loose.save(db)
