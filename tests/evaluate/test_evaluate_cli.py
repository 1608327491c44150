"""``engram evaluate`` and ``engram query-set``: a baseline, a regression, an exit code."""

import json

import pytest
from typer.testing import CliRunner

import engram
from engram.cli.commands import app
from engram.evaluate import QuerySet


def run(*args, code=0):
    result = CliRunner().invoke(app, [str(one) for one in args])
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result.stdout if code in {0, 1} else result.stderr


@pytest.fixture
def file(tmp_path, monkeypatch, query_set):
    monkeypatch.chdir(tmp_path)
    query_set.write("q.jsonl", "j.tsv")
    with engram.open("a.engram", embedder=None) as db:
        db.collection("default").put_many(
            {"id": name, "text": f"{name} {name}s"} for name in ("cat", "dog", "eel", "fox", "hen")
        )
        db.collection("default").put("owl", text="hunts at night")
    run("query-set", "import", "a.engram", "animals", "q.jsonl", "j.tsv")
    return "a.engram"


def test_sets_go_in_and_out(file, query_set):
    assert "[query_set.exists]" in run(
        "query-set", "import", file, "animals", "q.jsonl", "j.tsv", code=4
    )
    shown = run("query-set", "import", file, "animals", "q.jsonl", "j.tsv", "--replace", "--json")
    assert json.loads(shown) == {"saved": "animals", "queries": 6}
    assert "animals" in run("query-set", "list", file)
    (listed,) = json.loads(run("query-set", "list", file, "--json"))
    assert listed == {"name": "animals", "description": "", "queries": 6, "reports": []}
    run("query-set", "export", file, "animals", "q.tsv", "j.txt", "--format", "trec")
    assert QuerySet.read("animals", "q.tsv", "j.txt").judgments == query_set.judgments
    shown = run("query-set", "export", file, "animals", "q2.jsonl", "j2.tsv", "--json")
    assert json.loads(shown)["written"] == "animals"
    assert json.loads(run("query-set", "delete", file, "animals", "--json")) == {
        "deleted": "animals"
    }
    assert "[query_set.not_found]" in run("query-set", "delete", file, "animals", code=3)
    run("query-set", "import", file, "animals", "q.jsonl", "j.tsv")
    assert run("query-set", "delete", file, "animals") == "deleted animals\n"
    assert "[query_set.not_found]" in run("evaluate", file, "animals", code=3)


def test_a_regression_is_the_exit_code(file):
    first = json.loads(run("evaluate", file, "animals", "--mode", "lexical", "--json"))
    assert set(first) == {"report"}
    assert first["report"]["scores"]["recall@10"] > 0
    assert "nDCG@5" in run("evaluate", file, "animals", "-k", "5", "--save", "good")
    same = ("evaluate", file, "animals", "-k", "5", "--baseline", "good")
    assert "no regression: nDCG@5" in run(*same)
    run("snapshot", "create", file, "then")
    run("delete", file, "owl")
    worse = run(*same, code=1)
    assert "REGRESSION beyond 0.01: nDCG@5" in worse
    assert "1 relevant records are not there: owl" in worse
    checked = json.loads(run(*same, "--json", code=1))
    assert checked["check"]["ok"] is False
    assert set(checked["comparison"]["differences"]) >= {"nDCG@5", "MAP@5"}
    assert "no regression" in run(*same, "--tolerance", "1")
    assert "no regression" in run(*same, "--as-of", "then")
    assert "[history.not_retained]" in run(*same, "--as-of", "99", code=3)
    assert "no metric in common" in run(*same, "-m", "success", code=2)


def test_what_is_missing_is_named(file):
    assert "[report.not_found]" in run("evaluate", file, "animals", "--baseline", "x", code=3)
    assert "[collection.not_found]" in run("evaluate", file, "animals", "-c", "x", code=3)
    assert "unknown metric" in run("evaluate", file, "animals", "-m", "x", code=2)
    shown = run("evaluate", file, "animals", "--where", "_id != 'owl'")
    assert "1 queries have no relevant record: q6" in shown
