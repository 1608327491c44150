"""What `recall_check` says of searches by vector, and what it refuses."""

import numpy as np
import pytest

import engram
from engram import InvalidInput, Space


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((40, 48))
    spaces = {"tokens": Space("multi", 8), "words": Space("sparse")}
    with engram.open(tmp_path_factory.mktemp("r") / "r.engram", embedder=None) as db:
        c = db.collection("c", embedder=None, spaces=spaces)
        vectors = centres[rng.integers(40, size=6000)] + rng.standard_normal((6000, 48))
        with db.transaction():
            for n, vector in enumerate(vectors):
                extra = {"tokens": rng.standard_normal((40, 8)), "words": {n + 1: 1.0}}
                c.put(f"r{n}", vector=vector, vectors=extra if n < 50 else None)
        db.collection("one", embedder=None).put("a", vector=[1.0, 2.0])
        db.collection("none", embedder=None).put("a", text="words only")
        yield db


def test_it_says_how_many_of_the_nearest_are_found(filled):
    found = filled.collection("c").recall_check(sample=60, space="vector", k=5)
    assert (found.space, found.k, found.compared_all) == ("vector", 5, 0)
    assert 50 <= found.sample <= 60
    assert 0.97 <= found.recall <= 1
    assert 0 <= found.worst <= found.recall
    assert found.took_ms > 0
    assert found.exact_ms > 0
    assert found.to_dict()["recall"] == found.recall
    exactly = filled.collection("c").recall_check(30, "vector", recall=1.0)
    assert (exactly.recall, exactly.worst) == (1, 1)
    assert exactly.compared_all == exactly.sample


def test_token_vectors_are_asked_for_too(filled):
    found = filled.collection("c").recall_check(space="tokens")
    assert (found.sample, found.recall, found.compared_all) == (50, 1, 50)


def test_one_space_needs_no_name(filled):
    alone = filled.collection("one").recall_check()
    assert (alone.space, alone.sample, alone.recall) == ("vector", 1, 1)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("c", {}, "several"),
        ("c", {"space": "words"}, "words"),
        ("c", {"space": "other"}, "other"),
        ("c", {"space": "vector", "sample": 0}, "sample"),
        ("c", {"space": "vector", "k": 0}, "k is 0"),
        ("c", {"space": "vector", "k": True}, "k is True"),
        ("c", {"space": "vector", "recall": 0.3}, "recall"),
        ("none", {}, "no record"),
        ("absent", {}, "no record"),
    ],
)
def test_what_cannot_be_asked_is_refused(filled, name, options, said):
    with pytest.raises(InvalidInput, match=said):
        filled.collection(name, embedder=None).recall_check(**options)
