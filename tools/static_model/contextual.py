"""Mean state of each teacher piece over the texts it occurs in.

Owns: `contextual.npz` with `sum` (float64 (30522, 384)) and `count` (30522). The teacher's sentence
vector is the mean of its last hidden states, so the mean state of a piece over many texts is the
best constant guess at what the piece adds to a sentence: a far better start than the piece alone.
Invariants: the first `TEXTS` training passages whose source is not held out, in file order.
"""

from __future__ import annotations

import argparse
import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from embed_corpus import TOKENS_MAX
from teacher import HIDDEN, LAYERS, Teacher
from vocabulary import HELD_OUT

TEXTS = 34_000
STATES = f"encoder.layer.{LAYERS - 1}.h2"


def states_session(packages: Path) -> onnxruntime.InferenceSession:
    """The int8 teacher with its last hidden states as an output."""
    target = packages / "teacher-int8-states.onnx"
    model = onnx.load(packages / "teacher-int8.onnx")
    shape = ["batch", "tokens", HIDDEN]
    model.graph.output.append(
        onnx.helper.make_tensor_value_info(STATES, onnx.TensorProto.FLOAT, shape)
    )
    onnx.save(model, target)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(target), options, providers=["CPUExecutionProvider"])


def main() -> None:
    """Write the sums."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    tokenizer = Teacher(args.packages, quantised=True, max_tokens=TOKENS_MAX).tokenizer
    session = states_session(args.packages)

    def states(ids: list[int]) -> tuple[list[int], np.ndarray]:
        row = np.array([ids], np.int32)
        return ids, session.run([STATES], {"input_ids": row, "attention_mask": np.ones_like(row)})[
            0
        ][0]

    pairs = (json.loads(line) for line in args.pairs.open())
    texts = (p["text"] for p in pairs if p["source"] not in HELD_OUT)
    chosen = list(itertools.islice(texts, TEXTS))
    count = np.zeros(tokenizer.get_vocab_size())
    total = np.zeros((len(count), HIDDEN))
    with ThreadPoolExecutor(2) as pool:
        for start in range(0, len(chosen), 1000):
            encodings = tokenizer.encode_batch(chosen[start : start + 1000])
            for ids, rows in pool.map(states, [e.ids for e in encodings]):
                np.add.at(total, ids, rows)
                np.add.at(count, ids, 1)
    np.savez(args.out, sum=total, count=count)


if __name__ == "__main__":
    main()
