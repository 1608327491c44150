"""Fit the piece table to the teacher, and write the model file.

Owns: the loss and the optimiser, in NumPy. In a batch of pairs, every text (query or passage) is
compared with every other one; the softmax over the student's cosines shall equal the softmax over
the teacher's, mixed with a little of the plain label (the other half of the pair).
Invariants: seeded; sources in `HELD_OUT` are never trained on and choose the settings.
Limits: about 0.2 s a step of 1,024 pairs on two cores.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sparse

from artefact import bags, tokenizer_of, write
from embed_corpus import SHARD
from initial import initial_table, load_pieces
from vocabulary import HELD_OUT

SEED = 7


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the held-out sources decided (README.md)."""

    steps: int = 1200
    pairs_per_batch: int = 1024
    learning_rate: float = 8e-4
    temperature: float = 0.06
    label_share: float = 0.2
    # Share of batches that are drawn from eight narrow runs of one source each: harder negatives.
    grouped_share: float = 0.5


class Data:
    """Bags and teacher vectors of the embedded pairs."""

    def __init__(self, pairs: Path, shards: Path, pieces: list[str]) -> None:
        rows = [json.loads(line) for line in pairs.open()]
        files = sorted(shards.glob("shard-????.npz"))
        loaded = [np.load(f) for f in files]
        starts = [int(f.stem[-4:]) * SHARD for f in files]
        index = np.concatenate(
            [np.arange(s, s + len(z["text"])) for s, z in zip(starts, loaded, strict=True)]
        )
        tokenizer = tokenizer_of(pieces)
        self.teacher, self.bags = {}, {}
        for side in ("query", "text"):
            self.teacher[side] = np.concatenate([z[side] for z in loaded])
            self.bags[side] = bags(tokenizer, [rows[i][side] for i in index], len(pieces))
        source = np.array([rows[i]["source"] for i in index])
        # A query copied out of its passage says little about retrieval; validation leaves it out.
        copied = np.array([rows[i]["query"].split("?")[0][:40] in rows[i]["text"] for i in index])
        filled = (np.diff(self.bags["query"].indptr) > 0) & (np.diff(self.bags["text"].indptr) > 0)
        held = np.isin(source, sorted(HELD_OUT))
        self.held = np.flatnonzero(held & filled & ~copied)[:4000]
        train = np.flatnonzero(~held & filled)
        self.by_source = train[np.argsort(source[train], kind="stable")]

    def batch(self, rng: np.random.Generator, settings: Settings) -> np.ndarray:
        """Draw pair numbers: at random, or from a few narrow runs."""
        order, count = self.by_source, settings.pairs_per_batch
        if rng.random() >= settings.grouped_share:
            return rng.choice(order, count, replace=False)
        starts = rng.integers(0, len(order) - count, size=8)
        runs = [
            rng.choice(np.arange(s, min(s + 1500, len(order))), count // 8, replace=False)
            for s in starts
        ]
        return np.unique(order[np.concatenate(runs)])


def unit(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return unit rows and the lengths they had."""
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return rows / lengths, lengths


def softmax(logits: np.ndarray) -> np.ndarray:
    """Softmax over rows, in place."""
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    return logits


def gradient(
    counts: sparse.csr_matrix, teacher: np.ndarray, table: np.ndarray, settings: Settings
) -> np.ndarray:
    """Gradient of the mean cross entropy; the first half of the rows are queries, the second passages."""
    vectors, lengths = unit(counts @ table)
    total = len(vectors)
    own = np.arange(total)
    wanted, found = (v @ v.T / settings.temperature for v in (teacher, vectors))
    wanted[own, own] = found[own, own] = -50
    wanted = softmax(wanted) * (1 - settings.label_share)
    wanted[own, (own + total // 2) % total] += settings.label_share
    error = softmax(found) - wanted
    slope = (error @ vectors + error.T @ vectors) / (settings.temperature * total)
    slope = (slope - vectors * (slope * vectors).sum(axis=1, keepdims=True)) / lengths
    return np.asarray(counts.T @ slope)


def validate(data: Data, table: np.ndarray) -> dict[str, float]:
    """Known-item retrieval among the held-out passages, and agreement with the teacher's top 10."""
    held = data.held
    queries, passages = (unit(data.bags[side][held] @ table)[0] for side in ("query", "text"))
    similarity = queries @ passages.T
    rank = (similarity > np.diag(similarity)[:, None]).sum(axis=1)
    first = held[:1000]
    teacher = (
        data.teacher["query"][first].astype(np.float32)
        @ data.teacher["text"][held].astype(np.float32).T
    )
    tops = [np.argsort(-s, axis=1)[:, :10] for s in (teacher, similarity[:1000])]
    shared = np.mean([len(np.intersect1d(a, b)) / 10 for a, b in zip(*tops, strict=True)])
    ndcg = np.where(rank < 10, 1 / np.log2(rank + 2), 0).mean()
    return {
        "ndcg": round(float(ndcg), 4),
        "recall": round(float((rank < 10).mean()), 4),
        "shared": round(float(shared), 4),
    }


def train(data: Data, table: np.ndarray, settings: Settings) -> np.ndarray:
    """Adam with one second moment a row; the rate falls linearly to 5 %."""
    rng = np.random.default_rng(SEED)
    table = table.copy()
    first, second = np.zeros_like(table), np.zeros((len(table), 1), np.float32)
    began = time.monotonic()
    for step in range(1, settings.steps + 1):
        chosen = data.batch(rng, settings)
        counts = sparse.vstack([data.bags[side][chosen] for side in ("query", "text")]).tocsr()
        teacher = np.concatenate([data.teacher[side][chosen] for side in ("query", "text")]).astype(
            np.float32
        )
        slope = gradient(counts, teacher, table, settings)
        first += 0.1 * (slope - first)
        second += 0.01 * ((slope * slope).mean(axis=1, keepdims=True) - second)
        rate = settings.learning_rate * min(1, step / 30) * (1 - 0.95 * step / settings.steps)
        table -= rate * first / (np.sqrt(second) + 1e-9)
        if step % 200 == 0:
            print(step, round(time.monotonic() - began), "s", validate(data, table), flush=True)
    return table


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("packages", "pairs", "shards", "pieces", "contextual", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=Settings.steps)
    args = parser.parse_args()
    pieces = load_pieces(args.pieces)
    data = Data(args.pairs, args.shards, pieces)
    passages = data.bags["text"][data.by_source]
    table = initial_table(args.packages, args.contextual, pieces, passages)
    print(f"{len(data.by_source)} pairs; at the start", validate(data, table), flush=True)
    table = train(data, table, Settings(steps=args.steps))
    np.save(args.out.with_suffix(".npy"), table)
    print("revision", write(args.out, "engram-static-v1", pieces, table))


if __name__ == "__main__":
    main()
