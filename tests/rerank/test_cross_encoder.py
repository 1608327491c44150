"""A cross-encoder scores pairs as its files say."""

import numpy as np
import pytest

from engram.errors import InvalidInput, Io
from engram.rerank import CrossEncoder

TEXTS = ["cat runs", "dog", "", "bird bird sings", "zebra"]


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x)))


def test_it_scores_the_second_text_of_each_pair(judge_folder, logit):
    model = CrossEncoder(judge_folder())
    scores = model.score("dog dog", TEXTS)
    assert scores.dtype == np.float32
    assert np.allclose(scores, sigmoid([logit(text) for text in TEXTS]), atol=1e-6)
    pairs = [("dog", text) for text in TEXTS]
    assert np.allclose(model.predict(pairs), scores, atol=1e-6)
    assert model.predict([]).shape == (0,)


def test_the_longer_text_is_cut_first(judge_folder, logit):
    model = CrossEncoder(judge_folder(), activation="Identity")
    assert model.max_length == 9
    (score,) = model.score("dog", ["cat " * 50])
    assert score == pytest.approx(logit("cat " * 5))
    (shorter,) = CrossEncoder(judge_folder("s"), activation="Identity", max_length=6).score(
        "dog", ["cat " * 50]
    )
    assert shorter == pytest.approx(logit("cat cat"))


@pytest.mark.parametrize(
    ("file", "settings"),
    [
        ("config_sentence_transformers.json", {"activation_fn": "torch.nn.Identity"}),
        ("config.json", {"sentence_transformers": {"activation_fn": "torch.nn.Identity"}}),
        ("config.json", {"sbert_ce_default_activation_function": "torch.nn.modules.Identity"}),
    ],
)
def test_the_activation_is_read_from_every_form(judge_folder, write, logit, file, settings):
    folder = judge_folder()
    write(folder / file, settings | {"max_position_embeddings": 16})
    model = CrossEncoder(folder)
    assert model.activation == "Identity"
    assert model.score("x", ["cat"])[0] == pytest.approx(logit("cat"))


def test_segments_are_left_out_where_the_tokenizer_has_none(judge_folder, write):
    folder = judge_folder()
    settings = {"model_max_length": 9, "pad_token": "[PAD]"}
    write(folder / "tokenizer_config.json", settings | {"model_input_names": ["input_ids"]})
    assert CrossEncoder(folder, activation="Identity").score("x", ["cat"])[0] == 0
    write(folder / "tokenizer_config.json", settings | {"tokenizer_class": "TokenizersBackend"})
    assert CrossEncoder(folder, activation="Identity").score("x", ["cat"])[0] == 0


def test_a_pair_comes_out_the_same_whatever_stands_beside_it(judge_folder):
    model = CrossEncoder(judge_folder(), batch_tokens=16)
    together = model.score("dog", TEXTS)
    for text, score in zip(TEXTS, together, strict=True):
        assert model.score("dog", [text])[0] == pytest.approx(score, abs=1e-6)


def test_texts_are_ranked(judge_folder):
    model = CrossEncoder(judge_folder())
    ranked = model.rank("x", TEXTS, k=3)
    assert [place for place, _ in ranked] == [0, 3, 2]
    assert [score for _, score in ranked] == sorted((s for _, s in ranked), reverse=True)


def test_it_orders_the_hits_of_a_query(judge_folder, notes):
    hits = notes.query("cat dog", rerank=CrossEncoder(judge_folder()), rerank_depth=50)
    assert hits.ids == ["d", "c", "a"]
    assert hits.report.notes["rerank"]["reranker"] == "CrossEncoder(judge)"


def test_it_says_what_it_is(judge_folder):
    model = CrossEncoder(judge_folder(), threads=1, name="small")
    assert repr(model) == (
        "CrossEncoder(model='small', device='cpu', threads=1, max_length=9, activation='Sigmoid')"
    )
    assert (model.device, model.name) == ("cpu", "CrossEncoder(small)")


def test_several_labels_are_no_score(judge_folder):
    with pytest.raises(InvalidInput, match="one label") as caught:
        CrossEncoder(judge_folder(labels=3))
    assert caught.value.code == "model.invalid"


def test_what_it_does_not_take_is_refused(judge_folder, write, tmp_path):
    folder = judge_folder()
    model = CrossEncoder(folder)
    for call in (
        lambda: model.score("x", "one text"),
        lambda: model.score(5, ["x"]),
        lambda: model.predict([("a", "b", "c")]),
        lambda: CrossEncoder(folder, activation="Tanh"),
    ):
        with pytest.raises(InvalidInput) as caught:
            call()
        assert caught.value.code == "input.invalid"
    write(folder / "config_sentence_transformers.json", {"activation_fn": "torch.nn.Tanh"})
    with pytest.raises(InvalidInput, match="Tanh") as caught:
        CrossEncoder(folder)
    assert caught.value.code == "model.invalid"
    with pytest.raises(Io):
        CrossEncoder(tmp_path / "absent")
