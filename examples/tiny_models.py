"""Folders of tiny models for the examples: true formats, vectors of noise, one for each word.

They find what shares words with the query and know nothing of meaning. Give the examples the folder
of a real model instead. Needs ``pip install 'engram[build]'``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

if TYPE_CHECKING:
    from pathlib import Path

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[Q] ", "[D] "]
WIDTH = 64
IDS = ("input_ids", "attention_mask", "token_type_ids")


def dense(folder: Path, texts: list[str]) -> Path:
    """A model that pools the vectors of a text's words."""
    words = _tokenizer(folder, texts)
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])]
    _graph(folder, nodes, [_table(words)], ("last_hidden_state", ["n", "t", WIDTH]))
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    _json(folder / "modules.json", [{"path": path, "type": f"models.{k}"} for path, k in kinds])
    _json(folder / "1_Pooling" / "config.json", {"pooling_mode": "mean"})
    return folder


def colbert(folder: Path, texts: list[str]) -> Path:
    """A model with a vector for each word."""
    words = _tokenizer(folder, texts)
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["contextual"])]
    _graph(folder, nodes, [_table(words)], ("contextual", ["n", "t", WIDTH]))
    settings = {"query_prefix": "[Q] ", "document_prefix": "[D] ", "query_length": 16}
    settings |= {"document_length": 64, "skiplist_words": [".", ",", "?"]}
    _json(folder / "config_sentence_transformers.json", settings)
    return folder


def cross_encoder(folder: Path, texts: list[str]) -> Path:
    """A model whose score counts the words that query and text share."""
    _tokenizer(folder, texts)
    node = helper.make_node
    nodes = [
        node("Cast", ["token_type_ids"], ["second"], to=TensorProto.FLOAT),
        node("Sub", ["one", "second"], ["first"]),
        node("Unsqueeze", ["first", "two"], ["first3"]),
        node("Unsqueeze", ["second", "middle"], ["second3"]),
        node("Unsqueeze", ["input_ids", "two"], ["down"]),
        node("Unsqueeze", ["input_ids", "middle"], ["across"]),
        node("Equal", ["down", "across"], ["same"]),
        node("Cast", ["same"], ["shared"], to=TensorProto.FLOAT),
        node("Mul", ["shared", "first3"], ["of_query"]),
        node("Mul", ["of_query", "second3"], ["of_both"]),
        node("ReduceSum", ["of_both", "last"], ["logits"], keepdims=0),
        node("Unsqueeze", ["logits", "middle"], ["score"]),
    ]
    numbers = {"two": [2], "middle": [1], "last": [1, 2]}
    constants = [numpy_helper.from_array(np.array(v), k) for k, v in numbers.items()]
    constants.append(numpy_helper.from_array(np.float32(1).reshape(()), "one"))
    _graph(folder, nodes, constants, ("score", ["n", 1]))
    return folder


def tagger(folder: Path, texts: list[str], labels: dict[str, str]) -> Path:
    """A model that gives the words of a list their labels."""
    words = _tokenizer(folder, texts)
    kinds = sorted(set(labels.values()))
    names = ["O", *(f"{mark}-{kind}" for kind in kinds for mark in "BI")]
    scores = np.zeros((len(words), len(names)), dtype=np.float32)
    for number, word in enumerate(words):
        label = labels.get(word)
        scores[number, names.index(f"I-{label}") if label else 0] = 5
    nodes = [helper.make_node("Gather", ["scores", "input_ids"], ["logits"])]
    constants = [numpy_helper.from_array(scores, "scores")]
    _graph(folder, nodes, constants, ("logits", ["n", "t", len(names)]))
    config = {"id2label": {str(n): name for n, name in enumerate(names)}}
    _json(folder / "config.json", config | {"architectures": ["BertForTokenClassification"]})
    return folder


def writer(folder: Path, texts: list[str]) -> Path:
    """A model that writes the text's own beginning."""
    words = _tokenizer(folder, texts)
    node, width = helper.make_node, len(words)
    constants = [numpy_helper.from_array(np.eye(width, dtype=np.float32), "table")]
    nodes = [node("Gather", ["table", "input_ids"], ["last_hidden_state"])]
    state = ["n", "t", width]
    _graph(folder, nodes, constants, ("last_hidden_state", state), file="encoder_model.onnx")
    numbers = {"one": [1], "two": [2]}
    constants = [numpy_helper.from_array(np.array(v), k) for k, v in numbers.items()]
    nodes = [
        node("Shape", ["input_ids"], ["written"], start=1),
        node("Add", ["written", "one"], ["next"]),
        node("Slice", ["encoder_hidden_states", "one", "next", "one"], ["logits"]),
    ]
    read = helper.make_tensor_value_info("encoder_hidden_states", TensorProto.FLOAT, state)
    output = ("logits", ["n", "u", width])
    _graph(folder, nodes, constants, output, file="decoder_model.onnx", more=[read])
    rules = {"decoder_start_token_id": 2, "eos_token_id": 3, "max_length": 32}
    _json(folder / "generation_config.json", rules)
    _json(folder / "config.json", {"is_encoder_decoder": True})
    return folder


def _tokenizer(folder: Path, texts: list[str]) -> list[str]:
    split = pre_tokenizers.Whitespace().pre_tokenize_str
    found = sorted({word for text in texts for word, _ in split(text.lower())})
    words = [*SPECIALS, *found]
    tokenizer = Tokenizer(
        models.WordLevel(dict(zip(words, range(len(words)))), unk_token=SPECIALS[1])
    )
    tokenizer.add_special_tokens(SPECIALS)
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = {"single": "[CLS] $A [SEP]", "pair": "[CLS] $A [SEP] $B:1 [SEP]:1"}
    tokenizer.post_processor = processors.TemplateProcessing(
        **ends, special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"model_max_length": 64, "pad_token": "[PAD]", "mask_token": "[MASK]"}
    _json(folder / "tokenizer_config.json", settings)
    return words


def _table(words: list[str]) -> object:
    rows = np.random.default_rng(1).standard_normal((len(words), WIDTH)).astype(np.float32)
    rows[: len(SPECIALS)] /= 100
    return numpy_helper.from_array(rows, "table")


def _graph(
    folder: Path,
    nodes: list,
    constants: list,
    output: tuple,
    *,
    file: str = "model.onnx",
    more: list | None = None,
) -> None:
    used = {name for node in nodes for name in node.input}
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "t"])
        for name in IDS
        if name in used
    ]
    inputs += more or []
    outputs = [helper.make_tensor_value_info(output[0], TensorProto.FLOAT, output[1])]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    opset = [helper.make_opsetid("", 17)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=9), str(folder / file))


def _json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
