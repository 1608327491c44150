"""Vectors of passages: static, 384 dimensions, of high intrinsic dimension.

Owns: the SIF-weighted mean (Arora, Liang, Ma: A simple but tough-to-beat baseline for sentence
embeddings, ICLR 2017) of MiniLM's token embeddings, the common part removed. They are the hard case
for approximate search: a full transformer's vectors lie closer to a low-dimensional surface.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

DIMENSION = 384
MOST_TOKENS = 64
BLOCK = 8192
SAMPLE = 20_000
COMMON = 1e-3


def read_tensor(file: Path, name: str) -> np.ndarray:
    """One float32 tensor of a safetensors file: its header is a length and a JSON object."""
    with file.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        entry = json.loads(stream.read(size))[name]
        start, end = entry["data_offsets"]
        stream.seek(8 + size + start)
        values = np.frombuffer(stream.read(end - start), np.dtype("<f4"))
    assert entry["dtype"] == "F32"
    return values.reshape(entry["shape"])


class Encoder:
    """Turns texts into unit vectors; the word frequencies come from a sample of the corpus."""

    def __init__(self, model: Path, sample: Sequence[str]) -> None:
        from tokenizers import Tokenizer

        self.tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MOST_TOKENS)
        table = read_tensor(model / "model.safetensors", "embeddings.word_embeddings.weight")
        counts = np.ones(len(table))
        for ids in self._tokens(sample[:SAMPLE]):
            np.add.at(counts, ids, 1)
        share = counts / counts.sum()
        weight = COMMON / (COMMON + share)
        mean = (share[:, None] * table).sum(0)
        self.table = ((table - mean) * weight[:, None]).astype(np.float32)

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        encoded = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [one.ids or [0] for one in encoded]

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """float32 (n, 384), C-order, unit length."""
        blocks = [self._block(texts[at : at + BLOCK]) for at in range(0, len(texts), BLOCK)]
        return np.concatenate(blocks)

    def _block(self, texts: Sequence[str]) -> np.ndarray:
        ids = self._tokens(texts)
        starts = np.cumsum([0] + [len(one) for one in ids[:-1]])
        sums = np.add.reduceat(self.table[np.concatenate(ids)], starts, axis=0)
        return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
