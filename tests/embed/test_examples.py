"""The examples of local models and reranking run, offline."""

import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
BATH = "the water of the bath has 38 degrees"


@pytest.fixture
def run(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(EXAMPLES))

    def run(name):
        monkeypatch.setattr(sys, "argv", [name])
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        return capsys.readouterr().out.splitlines()

    return run


def test_local_embedding(run):
    shown, shapes, nearest = run("local_embedding")
    assert shown.startswith("Dense(model='tiny', dimension=64, device=")
    assert shapes == "(64,) float32"
    assert nearest == BATH


def test_local_collection(run):
    assert run("local_collection") == [
        "coffee wants water of 95 degrees",
        "True",
        "embedder.mismatch",
    ]


def test_local_matryoshka(run):
    found = run("local_matryoshka")
    assert found[:2] == [f"{dim} {BATH}" for dim in (64, 32)]
    assert found[2].startswith("16 ")


def test_multi_vector_search(run):
    assert run("multi_vector_search") == [
        "(9, 64) (16, 64)",
        "bread is baked for forty minutes",
        "multi",
    ]


def test_multi_vector_quantized(run):
    whole, int8, binary = run("multi_vector_quantized")
    assert whole == f"float32 {BATH}"
    assert int8 == f"int8 26.6% of the bytes: {BATH}"
    assert binary == f"binary 3.1% of the bytes: {BATH}"


def test_multi_vector_tessera(run):
    assert run("multi_vector_tessera") == ["float32 4", "True", "True model.not_found"]


def test_rerank_cross_encoder(run):
    assert run("rerank_cross_encoder") == [BATH, "4 looked at", "2"]


def test_rerank_stages(run):
    assert run("rerank_stages") == [
        "rerank 1 ColBERT(tiny) 4",
        "rerank 2 MMR 3",
        "rerank 3 stars 2",
        "True",
    ]


def test_rerank_listwise(run):
    assert run("rerank_listwise") == ["['bath', 'tea', 'coffee']", "Listwise"]
