"""The reference models rerank a collection exactly as their reference says."""

from importlib.util import find_spec

import numpy as np
import pytest

import engram
from engram.rerank import ColBERT, CrossEncoder

LOGIT = 5e-5


def test_the_cross_encoder_orders_as_its_reference(reference):
    folder, case, want = reference("cross-encoder")
    model = CrossEncoder(folder)
    pairs = [tuple(pair) for pair in case["pairs"]]
    scores = model.predict(pairs)
    assert np.abs(scores - want["scores"]).max() < LOGIT
    logits = CrossEncoder(folder, activation="Identity").predict(pairs)
    assert np.abs(logits - want["logits"]).max() < LOGIT
    query, texts = pairs[0][0], [text for _, text in pairs[:14]]
    assert [i for i, _ in model.rank(query, texts)] == case["ranks_of_first_query"]
    with engram.open(":memory:", embedder=None) as db:
        docs = db.collection("docs", metric="dot")
        rows = [{"id": f"{i:02}", "text": t, "vector": [1.0 + i]} for i, t in enumerate(texts)]
        docs.put_many(rows)
        plain = docs.query(vector=[1.0], k=14)
        assert plain.ids == [f"{i:02}" for i in reversed(range(14))]
        hits = docs.query(query, vector=[1.0], rerank=model, rerank_depth=14, k=14)
        assert hits.ids == [f"{i:02}" for i in case["ranks_of_first_query"]]
        assert hits.scores == pytest.approx(
            [float(want["scores"][i]) for i in case["ranks_of_first_query"]], abs=LOGIT
        )


@pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is not installed")
def test_the_cross_encoder_orders_as_its_reference_on_openvino(reference):
    folder, case, want = reference("cross-encoder")
    model = CrossEncoder(folder, backend="openvino")
    pairs = [tuple(pair) for pair in case["pairs"]]
    assert np.abs(model.predict(pairs) - want["scores"]).max() < LOGIT
    order = [i for i, _ in model.rank(pairs[0][0], [text for _, text in pairs[:14]])]
    assert order == case["ranks_of_first_query"]
    compact = CrossEncoder(folder, backend="openvino", precision="int8").predict(pairs)
    assert LOGIT < np.abs(compact - want["scores"]).max() < 0.1


@pytest.mark.parametrize("stored", [False, True])
def test_colbert_orders_as_its_reference(reference, stored):
    folder, case, want = reference("colbert")
    judge = ColBERT(folder, space="tokens" if stored else None)
    with engram.open(":memory:", embedder=None) as db:
        docs = db.collection("docs", metric="dot")
        for i, text in enumerate(case["documents"]):
            # Every other one is encoded when it is looked at.
            tokens = {"tokens": judge.model.encode(text)} if stored and i % 2 else {}
            docs.put(f"{i:02}", text=text, vectors=tokens | {"vector": [1.0 + i]})
        for query, scores in zip(case["queries"], want["scores"], strict=True):
            if not query:
                continue  # a query without words is none
            hits = docs.query(query, vector=[1.0], rerank=judge, k=14)
            # Two of the texts have the same tokens: their places are each other's.
            order = sorted(range(14), key=lambda i: -scores[i])
            assert hits.scores == pytest.approx([float(scores[i]) for i in order], abs=LOGIT)
            assert hits.scores == pytest.approx(
                [float(scores[int(i)]) for i in hits.ids], abs=LOGIT
            )
