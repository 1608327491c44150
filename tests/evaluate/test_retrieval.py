"""Retrieval: the measures against an oracle of this file, and what a report says."""

import gzip
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engram
from engram import InvalidInput, NotFound
from engram.evaluate import QuerySet, evaluate_retrieval
from engram.evaluate.measures import measure_runs, parse_measures

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "ir"


def oracle(found, grades, name, k):
    """The measures by their definitions, slowly."""
    gains = [max(grades.get(one, 0), 0) for one in found[:k]]
    relevant = sum(grade > 0 for grade in grades.values())
    hits = [gain > 0 for gain in gains]
    if name == "nDCG":
        ideal = sorted((max(grade, 0) for grade in grades.values()), reverse=True)[:k]
        return dcg(gains) / dcg(ideal)
    if name == "MRR":
        return next((1 / rank for rank, hit in enumerate(hits, start=1) if hit), 0.0)
    if name == "recall":
        return sum(hits) / relevant
    if name == "precision":
        return sum(hits) / k
    if name == "success":
        return float(any(hits))
    return sum(sum(hits[:n]) / n for n in range(1, len(hits) + 1) if hits[n - 1]) / relevant


def dcg(gains):
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


ALL = ["nDCG", "MRR", "recall", "precision", "MAP", "success"]


@given(
    found=st.lists(st.text(max_size=3), unique=True, max_size=12),
    data=st.data(),
    k=st.integers(1, 15),
    cutoff=st.integers(1, 15),
)
def test_the_measures_equal_their_definitions(found, data, k, cutoff):
    names = st.sampled_from(found) if found else st.text(max_size=3)
    grades = data.draw(st.dictionaries(names | st.text(max_size=3), st.integers(-2, 3), max_size=9))
    grades["relevant"] = 1
    cutoff = min(cutoff, k)
    measures = parse_measures([*ALL, *(f"{name}@{cutoff}" for name in ALL)], k)
    values = measure_runs({"q": found[:k]}, {"q": grades}, measures)["q"]
    for name, value in values.items():
        kind, _, rank = name.partition("@")
        assert value == pytest.approx(oracle(found[:k], grades, kind, int(rank)), abs=1e-6)
        assert 0 <= value <= 1 + 1e-12


def test_ids_are_told_apart_whatever_is_in_them():
    found = {"a b": ["x\0y", "x\0z", ""], "\u00e4": ["z"]}
    grades = {"a b": {"x\0z": 1}, "\u00e4": {"z": 1}}
    values = measure_runs(found, grades, parse_measures(["MRR"], 10))
    assert values == {"a b": {"MRR@10": 0.5}, "\u00e4": {"MRR@10": 1.0}}


@pytest.mark.parametrize("wrong", ["nDCG", ["ndgc"], ["nDCG@0"], ["nDCG@11"], ["@5"], [], [5]])
def test_wrong_metrics_are_refused(wrong):
    with pytest.raises(InvalidInput):
        parse_measures(wrong, 10)


def test_names_of_metrics_are_forgiving_and_given_back_in_one_form():
    names = [one.name for one in parse_measures(["ndcg@5", "Map", "RECALL@10", "recall"], 10)]
    assert names == ["nDCG@5", "MAP@10", "recall@10"]
    assert [one.name for one in parse_measures(None, 7)] == [
        "nDCG@7", "MRR@7", "recall@7", "precision@7", "MAP@7"
    ]  # fmt: skip


def test_a_report_says_what_was_measured_and_what_was_not(animals, query_set):
    judgments = {**query_set.judgments, "q4": {"eel": 1, "pike": 2}}
    asked = QuerySet("animals", query_set.queries, judgments)
    report = evaluate_retrieval(animals, asked, k=4, mode="lexical", metrics=["nDCG", "MRR@2"])
    assert list(report.per_query) == ["q1", "q2", "q3", "q4", "q5"]
    assert report.unjudged == ("q6",)
    assert report.absent == ("pike",)
    assert report.metrics == ("nDCG@4", "MRR@2")
    assert report.retrievers == {"lexical": 5}
    assert report.options == {"k": "4", "mode": "lexical"}
    assert (report.collection, report.query_set, report.k) == ("animals", "animals", 4)
    assert report.found["q4"] == tuple(animals.query("river", k=4, mode="lexical").ids)
    assert report.scores["MRR@2"] == pytest.approx(sum(report.values("MRR@2")) / 5)
    assert report.summary()["nDCG@4"].count == 5
    assert "1 relevant records are not there" in repr(report)
    json.dumps(report.to_dict(), allow_nan=False)
    assert list(report.to_pandas().columns) == ["query", "nDCG@4", "MRR@2"]
    assert report.to_markdown().count("\n") == 4
    assert "<td>nDCG@4</td>" in report.to_html() == report._repr_html_()
    with pytest.raises(InvalidInput, match="no metric"):
        report.values("nDCG@5")


def test_a_query_that_finds_nothing_scores_zero(animals):
    report = evaluate_retrieval(animals, {"q": "zebra", "p": "eel"}, {"q": {"cat": 1}, "p": {
        "eel": 1}}, mode="lexical")  # fmt: skip
    assert report.found["q"] == ()
    assert set(report.per_query["q"].values()) == {0.0}
    assert report.per_query["p"]["MRR@10"] == 1


def test_the_past_is_measured_as_it_was(db, animals, query_set):
    db.create_snapshot("before")
    animals.delete("hen", "eel")
    then = evaluate_retrieval(animals, query_set, as_of="before")
    assert then.absent == ()
    view = db.at("before").collection("animals")
    again = evaluate_retrieval(view, query_set)
    assert (again.found, again.commit) == (then.found, then.commit)
    now = evaluate_retrieval(animals, query_set)
    assert now.absent == ("eel", "hen")
    assert now.scores["recall@10"] < then.scores["recall@10"]
    assert now.commit > then.commit
    with pytest.raises(NotFound):
        evaluate_retrieval(animals, query_set, as_of="never")


def test_a_retriever_that_did_not_run_is_in_the_report(path, query_set):
    with engram.open(path, embedder=None) as db:
        animals = db.collection("animals")
        animals.put("cat", text="cat on mat")
        report = evaluate_retrieval(animals, query_set)
    assert report.retrievers == {"lexical": 5}
    assert set(report.skipped) == {"semantic"}


def test_judgments_may_be_of_what_records_are_passages_of(db):
    notes = db.collection("notes")
    for source, texts in {"zoo": ("lion", "lion tiger", "tiger"), "farm": ("tiger", "hen")}.items():
        notes.put_many(
            {"id": f"{source}{n}", "text": text, "metadata": {"from": {"file": source}}}
            for n, text in enumerate(texts)
        )
    queries, judgments = {"q": "tiger lion"}, {"q": {"farm": 1, "shop": 1}}
    report = evaluate_retrieval(
        notes, queries, judgments, k=2, mode="lexical", document="from.file", metrics=["MRR"]
    )
    assert report.found == {"q": ("zoo", "farm")}
    assert report.scores == {"MRR@2": 0.5}
    assert report.absent == ("shop",)
    assert report.options["document"] == "from.file"
    assert evaluate_retrieval(notes, queries, judgments, k=2).absent == ("farm", "shop")
    with pytest.raises(InvalidInput, match="group_by"):
        evaluate_retrieval(notes, queries, judgments, document="from.file", group_by="x")
    with pytest.raises(InvalidInput, match=r"filter\.unknown_field"):
        evaluate_retrieval(notes, queries, judgments, document="form.file")
    with pytest.raises(InvalidInput, match="no options"):
        evaluate_retrieval(lambda text: [], queries, judgments, document="from.file")
    notes.put("loose", text="tiger lion")
    with pytest.raises(InvalidInput, match="'loose' has no text"):
        evaluate_retrieval(notes, queries, judgments, document="from.file")


def test_a_function_is_measured_too(animals, query_set):
    def search(text):
        return reversed(animals.query(text, k=3))

    report = evaluate_retrieval(search, query_set, k=3)
    straight = evaluate_retrieval(lambda text: animals.query(text, k=9).ids, query_set, k=3)
    assert report.found["q1"] == tuple(reversed(straight.found["q1"]))
    assert (report.collection, report.commit) == (None, None)
    with pytest.raises(InvalidInput, match="no options"):
        evaluate_retrieval(search, query_set, mode="lexical")
    with pytest.raises(InvalidInput, match="twice"):
        evaluate_retrieval(lambda _: ["a", "a"], query_set)
    with pytest.raises(InvalidInput, match="one text"):
        evaluate_retrieval(lambda _: "a", query_set)


def test_wrong_calls_are_refused(db, animals, query_set):
    for wrong in (
        lambda: evaluate_retrieval(animals, query_set, query_set.judgments),
        lambda: evaluate_retrieval(animals, query_set.queries),
        lambda: evaluate_retrieval(animals, ["q"], {}),
        lambda: evaluate_retrieval(animals, {"q": "cat"}, {"q": {"cat": 0}}),
        lambda: evaluate_retrieval(animals, query_set, include=("text",)),
        lambda: evaluate_retrieval(animals, query_set, k=0),
        lambda: evaluate_retrieval(lambda text: [], query_set, k=True),
        lambda: evaluate_retrieval(db.collection("plants"), query_set),
    ):
        with pytest.raises(InvalidInput):
            wrong()
    with pytest.raises(TypeError):
        evaluate_retrieval(animals, query_set, mood="lexical")


def test_the_extra_is_named_where_it_is_missing(animals, query_set, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pytrec_eval", None)
    with pytest.raises(engram.MissingExtra, match=r"engram\[evaluate\]"):
        evaluate_retrieval(animals, query_set)


@pytest.mark.skipif(not DATA.is_dir(), reason="no test collections beside the project")
@pytest.mark.parametrize("name", ["anthropic-docs", "cranfield", "xquad-en", "xquad-zh"])
def test_the_measures_of_real_collections_equal_their_definitions(name):
    folder = DATA / name
    asked = QuerySet.read(name, folder / "queries.jsonl.gz", folder / "qrels.tsv.gz")
    with engram.open(":memory:", embedder=None) as db:
        documents = db.collection("documents")
        with gzip.open(folder / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
            documents.put_many(
                {"id": one["_id"], "text": f"{one['title']} {one['text']}"}
                for one in map(json.loads, lines)
            )
        wanted = [f"{kind}@{k}" for kind in ALL for k in (1, 5, 10, 20)]
        report = evaluate_retrieval(documents, asked, k=20, metrics=wanted)
    assert len(report.per_query) >= 100
    for query, values in report.per_query.items():
        grades = asked.judgments[query]
        for metric, value in values.items():
            kind, _, k = metric.partition("@")
            wanted_value = oracle(report.found[query], grades, kind, int(k))
            assert value == pytest.approx(wanted_value, abs=1e-6), (query, metric)
