"""The contract suite holds for every embedder here, and finds what breaks it."""

import inspect
from importlib.util import find_spec

import numpy as np
import pytest

from engram.embed import Dense, Hash, Identity, MultiVector, Sparse, Static, Torch
from engram.testing import EmbedderContract


class TestStatic(EmbedderContract):
    def make(self):
        return Static()


class Tiny(EmbedderContract):
    # The tiny tokenizers know few words, and nothing of other scripts.
    texts = ("the cat sleeps", "a dog runs far", "bird", "the red house " * 3)

    kind = None

    @pytest.fixture(autouse=True)
    def folder(self, request):
        name = {Dense: "dense", MultiVector: "colbert", Sparse: "splade"}[self.kind]
        self.place = request.getfixturevalue(f"{name}_folder")()

    def make(self):
        return self.kind(self.place)


class TestDense(Tiny):
    kind = Dense


class TestMultiVector(Tiny):
    kind = MultiVector


class TestSparse(Tiny):
    kind = Sparse


class TestHash(EmbedderContract):
    def make(self):
        return Hash()


@pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is not installed")
class TestOpenVino(Tiny):
    kind = Dense

    def make(self):
        return Dense(self.place, backend="openvino")


@pytest.mark.skipif(find_spec("sentence_transformers") is None, reason="it is not installed")
class TestTorch(EmbedderContract):
    @pytest.fixture(autouse=True)
    def folder(self, reference):
        self.place = reference("dense-mean")[0]

    def make(self):
        return Torch(self.place, device="cpu")


class Sound:
    """One vector a word, summed: keeps every promise."""

    identity = Identity("sound", "1", 8, normalized=False)

    def encode_batch(self, texts):
        rows = np.zeros((len(texts), 8), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.split():
                row += np.random.default_rng(list(word.encode())).standard_normal(8)
        return rows


class NoIdentity(Sound):
    identity = "sound"


class OneRowTooMany(Sound):
    def encode_batch(self, texts):
        return np.vstack([super().encode_batch(texts), np.ones((1, 8), dtype=np.float32)])


class WrongWidth(Sound):
    def encode_batch(self, texts):
        return super().encode_batch(texts)[:, :5]


class NotFinite(Sound):
    def encode_batch(self, texts):
        rows = super().encode_batch(texts)
        rows[-1:, 0] = np.nan
        return rows


class Sorted(Sound):
    def encode_batch(self, texts):
        return super().encode_batch(sorted(texts))


class Neighbourly(Sound):
    def encode_batch(self, texts):
        rows = super().encode_batch(texts)
        return rows + rows.mean(axis=0) if len(rows) else rows


class Forgetful(Sound):
    def __init__(self):
        self.noise = np.random.default_rng().standard_normal(8).astype(np.float32)

    def encode_batch(self, texts):
        return super().encode_batch(texts) + self.noise


class Constant(Sound):
    def encode_batch(self, texts):
        return np.ones((len(texts), 8), dtype=np.float32)


class Boastful(Sound):
    identity = Identity("sound", "1", 8, normalized=True)


class OddQuery(Sound):
    def encode_query(self, text):
        return np.ones(3, dtype=np.float32)


def broken(kind):
    """Run the suite; give the tests that fail."""

    class Suite(EmbedderContract):
        def make(self):
            return kind()

    failed = set()
    for name, test in inspect.getmembers(Suite(), inspect.ismethod):
        if name.startswith("test_"):
            try:
                test()
            except Exception:
                failed.add(name.removeprefix("test_"))
    return failed


def test_a_sound_embedder_passes():
    assert broken(Sound) == set()


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (NoIdentity, "it_has_an_identity"),
        (OneRowTooMany, "rows_have_the_dimension_and_are_finite"),
        (OneRowTooMany, "no_texts_are_no_rows"),
        (WrongWidth, "rows_have_the_dimension_and_are_finite"),
        (NotFinite, "rows_have_the_dimension_and_are_finite"),
        (Sorted, "the_order_of_texts_is_the_order_of_rows"),
        (Neighbourly, "a_text_comes_out_the_same_whatever_stands_beside_it"),
        (Forgetful, "the_same_text_comes_out_the_same_again"),
        (Constant, "texts_differ"),
        (Boastful, "unit_length_is_as_declared"),
        (OddQuery, "a_query_is_one_embedding"),
        (OddQuery, "it_serves_a_collection"),
    ],
)
def test_each_broken_promise_is_found(kind, promise):
    assert promise in broken(kind)
