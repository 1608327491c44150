"""Labels of tokens become pieces of a text, with exact places, in texts of any length."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from engram.embed import LabeledSpan, TokenClassifier, get_embedder
from engram.errors import InvalidInput

LINE = "ada love ##lace lives in lon ##don near the acme works , . é ##é"
WORDS = LINE.split(" ")
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]
LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "I-ORG"]
LABEL_OF = {"ada": 1, "love": 2, "##lace": 0, "lon": 3, "##don": 4, "acme": 5, "works": 5, "é": 1}


def scores():
    """Logits of each entry of the vocabulary: 4 for its label, 2 more for a sure one."""
    table = np.zeros((len(VOCABULARY), len(LABELS)), dtype=np.float32)
    for number, word in enumerate(VOCABULARY):
        table[number, LABEL_OF.get(word, 0)] = 6 if word == "ada" else 4
    table[VOCABULARY.index("##lace"), 2] = 3.9
    return table


def write(tiny, folder, *, labels=LABELS, length=12, table=None):
    vocabulary = {word: number for number, word in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.add_special_tokens(VOCABULARY[:4])
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    tiny.write_json(folder / "tokenizer_config.json", {"model_max_length": length})
    config = {"architectures": ["BertForTokenClassification"], "max_position_embeddings": 512}
    if labels:
        config["id2label"] = {str(n): label for n, label in enumerate(labels)}
    tiny.write_json(folder / "config.json", config)
    from onnx import helper

    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["logits"])]
    table = scores() if table is None else table
    outputs = [tiny.floats("logits", "batch", "tokens", table.shape[1])]
    inputs = tiny.integers("input_ids", "attention_mask")
    tiny.save(folder / "model.onnx", nodes, inputs[:1], outputs, [tiny.constant("table", table)])
    return folder


@pytest.fixture
def folder(tiny, tmp_path):
    return write(tiny, tmp_path / "tagger")


def said(found):
    return [(one.text, one.label) for one in found]


def test_words_of_several_tokens_stay_whole(folder):
    model = TokenClassifier(folder)
    found = model.extract("Ada Lovelace lives in London, near the Acme works.")
    assert said(found) == [("Ada Lovelace", "PER"), ("London", "LOC"), ("Acme works", "ORG")]
    assert [(one.start, one.end) for one in found] == [(0, 12), (22, 28), (39, 49)]


def test_each_way_to_join_decides_by_what_it_says(folder):
    text = "lovelace"
    assert said(TokenClassifier(folder, aggregation="simple").extract(text)) == [("love", "PER")]
    for way in ("first", "average", "max"):
        assert said(TokenClassifier(folder, aggregation=way).extract(text)) == [(text, "PER")]
    shares = np.exp(scores()) / np.exp(scores()).sum(axis=1, keepdims=True)
    love, lace = (shares[VOCABULARY.index(one)][2] for one in ("love", "##lace"))
    mean = TokenClassifier(folder, aggregation="average").extract(text)[0].confidence
    assert mean == pytest.approx((love + lace) / 2, abs=1e-6)


def test_offsets_count_characters(folder):
    text = "\U0001f389 é near  Ada\t\u6771\u4eac London"
    for one in TokenClassifier(folder).extract(text):
        assert text[one.start : one.end] == one.text
    assert said(TokenClassifier(folder).extract(text)) == [
        ("é", "PER"),
        ("Ada", "PER"),
        ("London", "LOC"),
    ]


def test_unsure_pieces_are_left_out(folder):
    model = TokenClassifier(folder)
    text = "Ada in London"
    sure = model.extract(text)[0].confidence
    assert said(model.extract(text, min_confidence=sure)) == [("Ada", "PER")]
    assert model.extract(text, 1.0) == []
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(InvalidInput):
            model.extract(text, wrong)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(st.sampled_from(["Ada", "lovelace", "in", "London", "x", "."]), max_size=60),
    length=st.integers(3, 20),
)
def test_windows_find_what_one_look_finds(folder, words, length):
    text = " ".join(words)
    whole = TokenClassifier(folder, max_length=512, threads=1).extract(text)
    assert TokenClassifier(folder, max_length=length, threads=1).extract(text) == whole


def test_without_windows_the_rest_is_not_read(folder):
    text = "in " * 20 + "London"
    assert said(TokenClassifier(folder).extract(text)) == [("London", "LOC")]
    assert TokenClassifier(folder, windows=False).extract(text) == []


def test_a_batch_is_its_texts_one_by_one(folder):
    model = TokenClassifier(folder)
    texts = ["", "Ada", "in " * 30 + "London", "   ", "the Acme works. Ada"]
    seen = []
    assert model.extract_batch(texts, progress=seen.append) == [model.extract(t) for t in texts]
    assert seen[-1] == 4 + len(range(0, 30, 12 - 2 - 3))
    assert model.extract_batch([]) == []


def test_marks_of_ends_and_singles(tiny, tmp_path):
    labels = ["O", "B-PER", "E-PER", "S-LOC", "L-LOC", "U-ORG"]
    model = TokenClassifier(write(tiny, tmp_path / "t", labels=labels))
    assert said(model.extract("ada love love lon lon acme works")) == [
        ("ada love", "PER"),
        ("love", "PER"),
        ("lon", "LOC"),
        ("lon", "LOC"),
        ("acme", "ORG"),
        ("works", "ORG"),
    ]


def test_labels_without_marks_join(tiny, tmp_path):
    labels = ["O", "PERSON", "PERSON", "PLACE", "PLACE", "X-ORG"]
    model = TokenClassifier(write(tiny, tmp_path / "t", labels=labels))
    assert model.labels == ("PERSON", "PLACE", "X-ORG")
    assert said(model.extract("ada love lon")) == [("ada love", "PERSON"), ("lon", "PLACE")]


def test_what_is_no_token_classifier_is_refused(tiny, tmp_path, dense_folder, folder):
    with pytest.raises(InvalidInput, match="names no labels") as found:
        TokenClassifier(dense_folder())
    assert found.value.code == "model.invalid"
    with pytest.raises(InvalidInput, match="names no labels"):
        TokenClassifier(write(tiny, tmp_path / "none", labels=None))
    with pytest.raises(InvalidInput, match="not 5 scores a token"):
        TokenClassifier(write(tiny, tmp_path / "few", labels=LABELS[:5]))
    with pytest.raises(InvalidInput, match="unknown aggregation"):
        TokenClassifier(folder, aggregation="best")
    with pytest.raises(InvalidInput, match="not str"):
        TokenClassifier(folder).extract(None)
    with pytest.raises(InvalidInput, match="sequence of texts"):
        TokenClassifier(folder).extract_batch("Ada")


def test_the_registry_says_what_runs_it(folder):
    with pytest.raises(InvalidInput, match="token classifier") as found:
        get_embedder(folder)
    assert found.value.hint == "engram.embed.TokenClassifier"


def test_what_it_says_of_itself(folder):
    model = TokenClassifier(folder, name="mine", threads=1)
    assert repr(model) == (
        "TokenClassifier(model='mine', labels=['LOC', 'ORG', 'PER'], aggregation='first', "
        "device='cpu', threads=1, max_length=12)"
    )
    (piece,) = model.extract("Ada")
    assert repr(piece).startswith("LabeledSpan('Ada', 'PER', start=0, end=3, confidence=0.9")
    assert json.loads(json.dumps(piece.to_dict()))["label"] == "PER"
    assert piece == LabeledSpan("Ada", "PER", 0, 3, piece.confidence)
    assert len({piece, *model.extract("Ada")}) == 1
    with pytest.raises(AttributeError):
        piece.label = "LOC"
