"""Models that a test can tell apart, texts for them, and the comparison with a fresh collection.

Owns: what the tests of `reembed` and the processes that they start share.
"""

import numpy as np

from engram.embed import Identity

WORDS = ["river", "stone", "engine", "garden", "paper", "silver", "market", "signal", "harbour"]


class Words:
    """Embeds a text as the sum of a vector per word; each name is a model of its own."""

    def __init__(self, name="old", dimension=16, kind="dense"):
        self.identity = Identity(name, "1", dimension, normalized=False)
        self.kind, self.dimension = kind, dimension
        self.before = lambda _texts: None

    def encode_batch(self, texts, /):
        self.before(texts)
        return [self._one(text) for text in texts]

    def _one(self, text):
        words = [w for w in text.split() if w != "unknown"]
        seeds = [sum(map(ord, w)) * 7 + len(self.identity.name) for w in words]
        if self.kind == "sparse":
            return {seed % self.identity.dimension: 1.0 for seed in seeds}
        rows = [np.random.default_rng(s).standard_normal(self.identity.dimension) for s in seeds]
        if self.kind == "multi":
            return np.array(rows, dtype=np.float32).reshape(len(rows), self.identity.dimension)
        return np.sum(rows, axis=0) if rows else np.zeros(self.identity.dimension)


def texts(count, seed=1):
    rng = np.random.default_rng(seed)
    return {f"r{i}": f"{' '.join(rng.choice(WORDS, 5))} {i}" for i in range(count)}


def rows(of):
    return [{"id": i, "text": t, "metadata": {"n": n}} for n, (i, t) in enumerate(of.items())]


def same_answers(one, other, query="silver harbour 17"):
    for mode in ("semantic", "hybrid", "lexical"):
        a, b = (c.query(query, mode=mode, k=20) for c in (one, other))
        assert a.ids == b.ids
        assert np.allclose(a.scores, b.scores, rtol=1e-5)
    a, b = ({r.id: r for r in c.iterate(vectors=True)} for c in (one, other))
    assert a.keys() == b.keys()
    for name, record in a.items():
        vectors = (record.vectors, b[name].vectors)
        assert record.text == b[name].text
        assert vectors[0].keys() == vectors[1].keys()
        for space, vector in vectors[0].items():
            if isinstance(vector, dict):
                assert vector == vectors[1][space]
            else:
                assert vector.tobytes() == vectors[1][space].tobytes()
