"""What the tests of reranking share: a tiny cross-encoder, the reference folders, some notes."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers, processors

import engram

SHARED = Path(__file__).parents[2].parent / "shared" / "models"
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "cat", "dog", "bird", "runs", "sings"]
WEIGHTS = np.array([9, -1, 0, 0, 3, -2, 1, 0.5, -0.25], dtype=np.float32)
"""What a token of the text adds to the logit; the padding would add most."""


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def write_cross_encoder(folder, labels=1):
    """A graph whose logit is the sum of the weights of the tokens of the second text."""
    folder.mkdir(parents=True)
    tokenizer = Tokenizer(models.WordLevel(dict(zip(VOCABULARY, range(99))), unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"model_max_length": 9, "pad_token": "[PAD]", "tokenizer_class": "BertTokenizer"}
    write_json(folder / "tokenizer_config.json", settings)
    write_json(folder / "config.json", {"max_position_embeddings": 16})
    node = helper.make_node
    nodes = [
        node("Gather", ["weights", "input_ids"], ["each"]),
        node("Mul", ["token_type_ids", "attention_mask"], ["second"]),
        node("Cast", ["second"], ["counted"], to=TensorProto.FLOAT),
        node("Mul", ["each", "counted"], ["kept"]),
        node("ReduceSum", ["kept", "one"], ["sum"], keepdims=1),
        node("Expand", ["sum", "labels"], ["logits"]),
    ]
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, ["n", "t"]) for n in names]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", labels])]
    constants = [
        numpy_helper.from_array(WEIGHTS, "weights"),
        numpy_helper.from_array(np.array([1]), "one"),
        numpy_helper.from_array(np.array([1, labels]), "labels"),
    ]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    onnx.save(model, str(folder / "model.onnx"))
    return folder


@pytest.fixture
def judge_folder(tmp_path):
    """Make a cross-encoder's folder."""

    def make(name="judge", **settings):
        return write_cross_encoder(tmp_path / name, **settings)

    return make


@pytest.fixture
def write():
    """Write a JSON file."""
    return write_json


@pytest.fixture
def logit():
    """The logit of a text, as the tiny cross-encoder gives it."""

    def of(text):
        ids = [VOCABULARY.index(w) if w in VOCABULARY else 1 for w in text.split()]
        return float(WEIGHTS[[*ids, 3]].sum())

    return of


@pytest.fixture
def reference():
    """Open a folder of the reference models: its path, inputs and arrays; skip where absent."""

    def open_folder(name):
        folder = SHARED / name
        if not folder.is_dir():
            pytest.skip("the reference models are not here")
        case = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        with np.load(folder / "expected.npz") as file:
            arrays = dict(file)
        return folder, case, arrays

    return open_folder


@pytest.fixture
def notes():
    """Five notes; by inner product with [1, 0] the best is a, then b, c, d, e."""
    with engram.open(":memory:", embedder=None) as db:
        notes = db.collection("notes", metric="dot")
        rows = [
            ("a", "dog runs", [1.0, 0.1], {"stars": 1, "day": "2024-01-01"}),
            ("b", "bird sings", [0.9, 0.1], {"stars": 5, "day": "2024-03-01T00:00:00Z"}),
            ("c", "cat runs", [0.8, -0.6], {"stars": 2}),
            ("d", "cat cat", [0.7, 0.7], {"stars": 3, "day": "2024-02-01T12:00:00+02:00"}),
            ("e", None, [0.6, 0.2], {"stars": 4}),
        ]
        for name, text, vector, metadata in rows:
            notes.put(name, text=text, vector=vector, metadata=metadata)
        yield notes
