"""The models of the reference folders, through the public API, within the tolerance they state."""

import shutil

import numpy as np
import pytest

from engram.embed import (
    Dense,
    MultiVector,
    Seq2Seq,
    Sparse,
    TimeSeries,
    TokenClassifier,
    Vision,
)

UNIT = 1e-5
"""What unit vectors may differ by."""

LOGIT = 5e-5
"""What logits and scores may differ by."""


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


def test_colbert(reference):
    folder, case, want = reference("colbert")
    model = MultiVector(folder)
    queries = [model.encode_query(text) for text in case["queries"]]
    assert gap(np.stack(queries), want["queries"]) < UNIT
    documents = model.encode_batch(case["documents"])
    assert [len(one) for one in documents] == case["document_rows"]
    assert gap(np.concatenate(documents), want["documents"]) < UNIT
    scores = np.array([[model.similarity(q, d) for d in documents] for q in queries])
    assert gap(scores, want["scores"]) < LOGIT
    again = np.stack([model.score(text, case["documents"]) for text in case["queries"]])
    assert gap(again, want["scores"]) < LOGIT


def test_colbert_in_the_new_form_lists_no_words_to_skip(new_form):
    folder, case, want = new_form("colbert")
    model = MultiVector(folder)
    queries = np.stack([model.encode_query(text) for text in case["queries"]])
    assert gap(queries, want["queries"]) < UNIT
    skipped = set(case["skiplist_ids"])
    rows = [
        row[[token not in skipped for token in ids]]
        for row, ids in zip(
            model.encode_batch(case["documents"]), case["document_input_ids"], strict=True
        )
    ]
    assert gap(np.concatenate(rows), want["documents"]) < UNIT


@pytest.mark.parametrize("form", ["reference", "new_form"])
def test_splade(request, form):
    folder, case, want = request.getfixturevalue(form)("splade")
    model = Sparse(folder)
    found = model.encode_batch(case["texts"])
    for row, weights in enumerate(found):
        place = slice(want["offsets"][row], want["offsets"][row + 1])
        assert list(weights) == want["indices"][place].tolist()
        assert gap(np.array(list(weights.values())), want["values"][place]) < LOGIT
    dot = np.array([[model.similarity(one, other) for other in found] for one in found])
    assert gap(dot, want["dot"]) < LOGIT * want["dot"].max()
    for text, top in zip(case["texts"], case["top5"], strict=True):
        assert [word for word, _ in model.terms(text, 5)] == [word for word, _ in top]


def test_clip(reference):
    folder, case, want = reference("clip")
    model = Vision(folder)
    images = [folder / name for name in case["images"]]
    pixels = np.stack([model._pixels.of(image) for image in images])
    assert gap(pixels, want["pixel_values"]) < 1e-6
    vectors = model.encode_batch(images)
    assert gap(vectors, want["image_embeds"]) < UNIT
    texts = np.stack([model.encode_query(text) for text in case["texts"]])
    assert gap(texts, want["text_embeds"]) < UNIT
    logits = vectors @ texts.T * np.exp(np.float32(2.6592))
    assert gap(logits, want["logits_per_image"]) < LOGIT * 4


def test_colpali(reference):
    folder, case, want = reference("late-vision")
    model = Vision(folder)
    pages = model.encode_batch([(folder / name).read_bytes() for name in case["images"]])
    assert gap(pages, want["documents"]) < UNIT
    queries = [model.encode_query(text) for text in case["queries"]]
    assert gap(np.concatenate(queries), want["queries"]) < UNIT
    scores = np.array([[model.similarity(q, page) for page in pages] for q in queries])
    assert gap(scores, want["scores"]) < LOGIT * np.abs(want["scores"]).max()


def test_chronos_bolt(reference):
    folder, case, want = reference("chronos-bolt")
    model, mean = TimeSeries(folder), TimeSeries(folder, pooling="mean")
    series = [want[f"series_{i}"] for i in range(case["count"])]
    for i, one in enumerate(series):
        patches, loc, scale = model.patches(one)
        assert gap(patches, want[f"embeddings_{i}"]) < UNIT
        expected = want[f"loc_scale_{i}"]
        size = max(1.0, float(np.abs(expected).max()))
        assert gap(np.array([loc, scale]), expected) < UNIT * size
    assert gap(model.encode_batch(series)[5], want["embeddings_5"][-1]) < UNIT
    assert gap(mean.encode_batch(series)[6], want["embeddings_6"].mean(axis=0)) < UNIT


@pytest.mark.parametrize("aggregation", ["simple", "first", "average", "max"])
def test_named_entities(reference, aggregation):
    folder, case, want = reference("ner")
    model = TokenClassifier(folder, aggregation=aggregation, windows=False)
    assert model.labels == ("LOC", "MISC", "ORG", "PER")
    texts = [one["text"] for one in case["cases"]]
    for number, (one, found) in enumerate(
        zip(case["cases"], model.extract_batch(texts), strict=True)
    ):
        assert gap(model.logits(one["text"]), want[f"logits_{number}"]) < LOGIT
        assert [(piece.label, piece.start, piece.end) for piece in found] == [
            (piece["entity_group"], piece["start"], piece["end"]) for piece in one[aggregation]
        ]
        for piece, expected in zip(found, one[aggregation], strict=True):
            assert abs(piece.confidence - expected["score"]) < LOGIT
            assert piece.text == one["text"][piece.start : piece.end]
    assert sum(len(one[aggregation]) for one in case["cases"]) > 50


def test_summaries(reference):
    folder, case, want = reference("seq2seq-summary")
    model = Seq2Seq(folder)
    assert model.max_length == case["max_length"]
    assert model._encoder.tokens.ids(case["texts"]) == case["input_ids"]
    first = case["decoder_input_ids_of_logits"]
    for row, text in enumerate(case["texts"]):
        assert gap(model.encode(text).mean(axis=0), want["encoder_hidden_mean"][row]) < UNIT
        assert gap(model.logits(text, first), want["logits"][row]) < LOGIT
        assert model.generate(text) == case["greedy"][row]
        beams = model.generate(text, beams=4, length_penalty=2.0, early_stopping=True)
        assert beams == case["beam4"][row]
    written = [text.strip() for text in case["greedy_text"]]
    assert model.summarize_batch(case["texts"]) == written
