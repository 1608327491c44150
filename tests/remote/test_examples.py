"""The examples of this part run, offline."""

import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(EXAMPLES))

    def run(name):
        monkeypatch.setattr(sys, "argv", [name])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out.splitlines()

    return run


def test_openai_embeddings(run):
    nearest, cached, model = run("openai_embeddings.py")
    assert nearest == "nearest: ['tea']"
    assert cached == "from the cache: 3 of 4"
    assert model.startswith("RemoteEmbedder('compatible:stand-in', dimension=")


def test_openai_limits(run):
    limits, budget, code = run("openai_limits.py")
    assert limits == "Limits(requests_per_minute=60, tokens_per_minute=10000)"
    assert "Usage(input_tokens=3" in budget
    assert code == "remote.partial"


def test_openai_failures(run):
    report, failure, partial = run("openai_failures.py")
    assert report.startswith("Encoded(texts=5, failures=1, ")
    assert failure.startswith("2 remote.refused compatible answered 400")
    assert partial == "remote.partial 2"


def test_remote_rerank(run):
    retrieved, reranked, note = run("remote_rerank.py")
    assert retrieved != reranked
    assert reranked.startswith("[('bath', 1.0)")
    assert "cohere:stand-in" in note


def test_llm_answers(run):
    whole, streamed, parsed = run("llm_answers.py")
    assert whole == streamed.strip() == "Green tea is steeped at 80 degrees for two minutes."
    assert parsed == str({"answer": whole, "note": "tea"})
