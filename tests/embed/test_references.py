"""The models of the reference folders, through the public API, within the tolerance they state."""

import shutil

import numpy as np
import pytest

from engram.embed import Dense

UNIT = 1e-5
"""What unit vectors may differ by."""


def gap(one, other):
    assert one.shape == other.shape
    return float(np.abs(one.astype(np.float64) - other).max())


@pytest.fixture
def new_form(reference, tmp_path):
    """A reference folder with the settings as sentence-transformers 6 writes them."""

    def make(name):
        folder, case, arrays = reference(name)
        again = tmp_path / name
        shutil.copytree(folder, again, copy_function=shutil.copyfile)
        for path in sorted(again.rglob("*"), reverse=True):
            path.chmod(0o755 if path.is_dir() else 0o644)
        again.chmod(0o755)
        for old in ("modules.json", "sentence_bert_config.json", "1_Pooling/config.json"):
            (again / old).unlink(missing_ok=True)
        for new in (folder.parent / "new-forms" / name).rglob("*.json"):
            target = again / new.relative_to(folder.parent / "new-forms" / name)
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(new, target)
        return again, case, arrays

    return make


@pytest.mark.parametrize("form", ["reference", "new_form"])
def test_dense_with_mean(request, form):
    folder, case, want = request.getfixturevalue(form)("dense-mean")
    model = Dense(folder)
    assert model._encoder.tokens.ids(case["texts"]) == case["input_ids"]
    vectors = model.encode_batch(case["texts"])
    assert gap(vectors, want["embeddings"]) < UNIT
    assert gap(vectors @ vectors.T, want["similarity"]) < UNIT
    plain = Dense(folder, normalize=False)
    assert gap(plain.encode_batch(case["texts"]), want["unnormalised"]) < UNIT
    for text, row in zip(case["texts"], want["embeddings"], strict=True):
        assert gap(model.encode(text), row) < UNIT


def test_dense_with_cls_prompts_and_matryoshka(reference):
    folder, case, want = reference("dense-cls")
    model = Dense(folder)
    queries = np.stack([model.encode_query(text) for text in case["queries"]])
    assert gap(queries, want["queries"]) < UNIT
    assert gap(model.encode_batch(case["documents"]), want["documents"]) < UNIT
    short = Dense(folder, dim=32, matryoshka=[32])
    assert gap(short.encode_batch(case["documents"]), want["documents_32_unit"]) < UNIT
    queries = np.stack([short.encode_query(text) for text in case["queries"]])
    assert gap(queries, want["queries_32_unit"]) < UNIT
