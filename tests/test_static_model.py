"""The built-in static embedder through its Python face: vectors, identity, retrieval quality."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from engram.embed import Static

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "ir"

# nDCG@10 and recall@10 of WordLlama-256 (wordllama 0.4.0.post1, l2_supercat), measured by
# tools/static_model/evaluate.py with exact cosine search: the bar the built-in model must reach.
WORDLLAMA_256 = {
    "cranfield": (0.3221, 0.3335),
    "anthropic-docs": (0.5824, 0.7367),
    "xquad-en": (0.9081, 0.9891),
}


@pytest.fixture(scope="module")
def model():
    return Static()


def test_one_text_is_a_unit_vector(model):
    vector = model.encode("How do I delete a file?")
    assert vector.dtype == np.float32
    assert vector.shape == (model.dimension,)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


def test_a_batch_equals_its_texts_one_by_one(model):
    texts = [
        "Hello, world!",
        "caf\u00e9 na\u00efve",
        "\u6771\u4eac\u90fd",
        "x" * 300,
        "hello world " * 500,
    ]
    batch = model.encode_batch(texts)
    assert batch.dtype == np.float32
    assert batch.shape == (len(texts), model.dimension)
    np.testing.assert_array_equal(batch, np.stack([model.encode(text) for text in texts]))


def test_an_empty_batch_has_no_rows(model):
    assert model.encode_batch([]).shape == (0, model.dimension)


def test_the_identity_names_model_revision_and_form(model):
    identity = model.identity
    assert identity.name == "engram-static-v1"
    assert len(identity.revision) == 16
    assert identity.dimension == model.dimension == 512
    assert identity.normalized is True


def test_case_and_accents_do_not_count(model):
    np.testing.assert_array_equal(model.encode("R\u00e9sum\u00e9"), model.encode("resume"))


def test_near_texts_are_nearer_than_far_ones(model):
    query, near, far = model.encode_batch(
        ["how do I delete a file?", "Removing documents from the disk", "Paris is mild in spring"]
    )
    assert query @ near > query @ far + 0.1


def lines(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def relevant(path):
    found = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            query, document, grade = line.split("\t")
            if int(grade) > 0:
                found.setdefault(query, {})[document] = int(grade)
    return found


def quality(model, folder):
    documents, queries = lines(folder / "corpus.jsonl.gz"), lines(folder / "queries.jsonl.gz")
    grades_of = relevant(folder / "qrels.tsv.gz")
    rows = model.encode_batch([f"{d['title']} {d['text']}".strip() for d in documents])
    discount = 1 / np.log2(np.arange(2, 12))
    ndcg, recall = [], []
    for query, vector in zip(
        queries, model.encode_batch([q["text"] for q in queries]), strict=True
    ):
        grades = grades_of.get(query["_id"])
        if not grades:
            continue
        top = np.argsort(-(rows @ vector), kind="stable")[:10]
        gains = [grades.get(documents[i]["_id"], 0) for i in top]
        ideal = sorted(grades.values(), reverse=True)[:10]
        ndcg.append(np.dot(gains, discount) / np.dot(ideal, discount[: len(ideal)]))
        recall.append(sum(gain > 0 for gain in gains) / len(grades))
    return np.mean(ndcg), np.mean(recall)


@pytest.mark.parametrize("name", sorted(WORDLLAMA_256))
def test_retrieval_is_at_or_above_wordllama(model, name):
    if not (DATA / name).is_dir():
        pytest.skip("the retrieval sets are not here")
    ndcg, recall = quality(model, DATA / name)
    assert ndcg >= WORDLLAMA_256[name][0]
    assert recall >= WORDLLAMA_256[name][1]
