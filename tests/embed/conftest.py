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


def write_colbert(folder, *, projected=True, **settings):
    """A folder in the layout of PyLate; ``[MASK]`` is the padding token, as it is there."""
    write_tokenizer(folder)
    write_json(
        folder / "tokenizer_config.json",
        {"model_max_length": 24, "pad_token": "[MASK]", "mask_token": "[MASK]"},
    )
    nodes, constants = mixing()
    if projected:
        nodes[-1].output[0] = "contextual"
    outputs = [floats("contextual" if projected else "last_hidden_state", "batch", "tokens", WIDTH)]
    save(folder / "model.onnx", nodes, integers("input_ids", "attention_mask"), outputs, constants)
    recipe = {
        "query_prefix": "[Q] ",
        "document_prefix": "[D] ",
        "query_length": 8,
        "document_length": 12,
        "skiplist_words": [".", ",", "absent"],
    }
    write_json(folder / "config_sentence_transformers.json", recipe | settings)
    return folder


def write_splade(folder, strategy="max"):
    """A folder whose logits are the products of each token's vector with the whole table."""
    write_tokenizer(folder)
    nodes, constants = mixing()
    nodes.append(helper.make_node("MatMul", ["last_hidden_state", "words"], ["logits"]))
    constants.append(constant("words", np.ascontiguousarray(table().T)))
    outputs = [floats("logits", "batch", "tokens", len(VOCABULARY))]
    save(folder / "model.onnx", nodes, integers("input_ids", "attention_mask"), outputs, constants)
    kinds = [("", "MLMTransformer"), ("1_SpladePooling", "SpladePooling")]
    write_json(folder / "modules.json", [{"path": p, "type": f"x.{k}"} for p, k in kinds])
    write_json(folder / "1_SpladePooling" / "config.json", {"pooling_strategy": strategy})
    return folder


def write_clip(folder):
    """A folder with two graphs: an image is its mean colour, a text its mean token, 3 numbers."""
    write_tokenizer(folder)
    settings = {
        "size": {"shortest_edge": 4},
        "crop_size": {"height": 4, "width": 4},
        "do_center_crop": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.25, 0.5],
        "resample": 3,
    }
    write_json(folder / "preprocessor_config.json", settings)
    image = [helper.make_node("ReduceMean", ["pixel_values"], ["image_embeds"], axes=[2, 3],
                              keepdims=0)]  # fmt: skip
    pixels = [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, 4, 4])]
    outputs = [floats("image_embeds", "n", 3)]
    save(folder / "visual" / "model.onnx", image, pixels, outputs, [])
    nodes, constants = mixing(width=3)
    one = [constant("first", np.array(0, dtype=np.int64))]
    nodes.append(
        helper.make_node("Gather", ["last_hidden_state", "first"], ["text_embeds"], axis=1)
    )
    outputs = [floats("text_embeds", "n", 3)]
    inputs = integers("input_ids", "attention_mask")
    save(folder / "textual" / "model.onnx", nodes, inputs, outputs, constants + one)
    return folder


def write_series(folder, patch=4, context=16):
    """A folder whose patch vectors are the sums of the known values and their squares."""
    settings = {"input_patch_size": patch, "context_length": context}
    write_json(folder / "config.json", {"chronos_config": settings})
    node = helper.make_node
    nodes = [
        node("IsNaN", ["context"], ["unknown"]),
        node("Where", ["unknown", "zero", "context"], ["known"]),
        node("Reshape", ["known", "shape"], ["cut"]),
        node("ReduceSum", ["cut", "last"], ["sums"], keepdims=1),
        node("Mul", ["cut", "cut"], ["squares"]),
        node("ReduceSum", ["squares", "last"], ["sums2"], keepdims=1),
        node("Concat", ["sums", "sums2"], ["embeddings"], axis=2),
        node("ReduceMean", ["known"], ["loc"], axes=[1], keepdims=0),
        node("ReduceMax", ["known"], ["scale"], axes=[1], keepdims=0),
    ]
    constants = [
        constant("zero", np.float32(0)),
        constant("shape", np.array([0, -1, patch], dtype=np.int64)),
        constant("last", np.array([2], dtype=np.int64)),
    ]
    outputs = [floats("embeddings", "n", "patches", 2), floats("loc", "n"), floats("scale", "n")]
    save(folder / "encoder_model.onnx", nodes, [floats("context", "n", "t")], outputs, constants)
    return folder


@pytest.fixture
def colbert_folder(tmp_path):
    """Make a multi-vector model's folder."""

    def make(name="colbert", **settings):
        return write_colbert(tmp_path / name, **settings)

    return make


@pytest.fixture
def splade_folder(tmp_path):
    """Make a sparse model's folder."""

    def make(name="splade", **settings):
        return write_splade(tmp_path / name, **settings)

    return make


@pytest.fixture
def clip_folder(tmp_path):
    """A vision model's folder."""
    return write_clip(tmp_path / "clip")


@pytest.fixture
def series_folder(tmp_path):
    """A time-series model's folder."""
    return write_series(tmp_path / "series")


@pytest.fixture
def tiny():
    """The tiny models' parts, for tests that compute what should come out."""

    class Tiny:
        vocabulary = VOCABULARY
        hidden_of = staticmethod(hidden_of)
        table = staticmethod(table)
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
