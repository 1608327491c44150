"""Tiny models that the tests build: true graphs, true tokenizers, weights of noise.

A token's vector is its row of a table plus the mean of the text's unmasked rows, so that a wrong
mask, a wrong limit or a wrong padding changes every number.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

SHARED = Path(__file__).parents[2].parent / "shared" / "models"
LINE = "the a cat dog bird runs sleeps sings far near red green house garden query passage"
WORDS = LINE.split(" ")
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[Q] ", "[D] ", ".", ","]
VOCABULARY = SPECIALS + WORDS
WIDTH = 8


def table(width=WIDTH, seed=1):
    """The vectors of the vocabulary."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((len(VOCABULARY), width)).astype(np.float32)


def hidden_of(ids, width=WIDTH, seed=1):
    """What the tiny graph gives for one text, unpadded."""
    rows = table(width, seed)[ids]
    return rows + rows.mean(axis=0)


def save(path, nodes, inputs, outputs, constants):
    """Write a graph."""
    path.parent.mkdir(parents=True, exist_ok=True)
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def integers(*names):
    shape = ["batch", "tokens"]
    return [helper.make_tensor_value_info(n, TensorProto.INT64, shape) for n in names]


def floats(name, *shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))


def mixing(width=WIDTH, seed=1):
    """Nodes from ids and mask to ``last_hidden_state``, with their constants."""
    node = helper.make_node
    nodes = [
        node("Gather", ["table", "input_ids"], ["rows"]),
        node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        node("Unsqueeze", ["mask", "last"], ["mask3"]),
        node("Mul", ["rows", "mask3"], ["known"]),
        node("ReduceSum", ["known", "one"], ["total"], keepdims=1),
        node("ReduceSum", ["mask3", "one"], ["count"], keepdims=1),
        node("Div", ["total", "count"], ["mean"]),
        node("Add", ["rows", "mean"], ["last_hidden_state"]),
    ]
    constants = [
        constant("table", table(width, seed)),
        constant("last", np.array([2], dtype=np.int64)),
        constant("one", np.array([1], dtype=np.int64)),
    ]
    return nodes, constants


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def write_tokenizer(folder, length=16, baked=5):
    """A word tokenizer whose own truncation and padding contradict the model's limit."""
    vocabulary = {token: i for i, token in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.add_special_tokens(SPECIALS[:7])
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    tokenizer.enable_truncation(baked)
    tokenizer.enable_padding(length=baked)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    write_json(
        folder / "tokenizer_config.json",
        {"model_max_length": length, "pad_token": "[PAD]", "tokenizer_class": "BertTokenizer"},
    )
    write_json(folder / "config.json", {"model_type": "bert", "max_position_embeddings": 32})


def write_dense(folder, *, pooling="mean", normalize=True, prompts=None, place="model.onnx"):
    """A folder in the layout of sentence-transformers."""
    write_tokenizer(folder)
    nodes, constants = mixing()
    outputs = [floats("last_hidden_state", "batch", "tokens", WIDTH)]
    save(folder / place, nodes, integers("input_ids", "attention_mask"), outputs, constants)
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling")]
    kinds += [("2_Normalize", "Normalize")] if normalize else []
    modules = [{"path": path, "type": f"sentence_transformers.models.{k}"} for path, k in kinds]
    write_json(folder / "modules.json", modules)
    write_json(folder / "1_Pooling" / "config.json", {"pooling_mode": pooling})
    write_json(folder / "config_sentence_transformers.json", {"prompts": prompts or {}})
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 12})
    return folder


@pytest.fixture
def dense_folder(tmp_path):
    """Make a dense model's folder."""

    def make(name="tiny", **settings):
        return write_dense(tmp_path / name, **settings)

    return make


@pytest.fixture
def tiny():
    """The tiny models' parts, for tests that compute what should come out."""

    class Tiny:
        vocabulary = VOCABULARY
        hidden_of = staticmethod(hidden_of)
        write_json = staticmethod(write_json)
        write_tokenizer = staticmethod(write_tokenizer)
        mixing = staticmethod(mixing)
        save = staticmethod(save)
        constant = staticmethod(constant)
        integers = staticmethod(integers)
        floats = staticmethod(floats)

        @staticmethod
        def ids_of(text, limit=12):
            words = [VOCABULARY.index(w) if w in VOCABULARY else 1 for w in text.lower().split()]
            return [2, *words[: limit - 2], 3]

    return Tiny


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
