"""Measures how fast a BERT model embeds here: float32 against int8, batches against one by one.

    python benches/embedding.py WEIGHTS CORPUS [--texts 128] [--words 75] [--passes 5]

WEIGHTS is a folder with `model.safetensors` in the layout of sentence-transformers; CORPUS a
`corpus.jsonl.gz` with texts, of which the first words are taken. Both graphs are written, then take
turns; the fastest pass of each counts, since the machine may be shared.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import engram
from engram.embed import Dense, build_graph

QUERY = "how does the engine find near vectors quickly"
QUERIES = 300


def passages(corpus: Path, count: int, words: int) -> list[str]:
    """The first words of texts that have as many."""
    with gzip.open(corpus, "rt", encoding="utf-8") as lines:
        split = (json.loads(line)["text"].split() for line in lines)
        return [" ".join(one[:words]) for one in split if len(one) >= words][:count]


def made(weights: Path, place: Path, precision: str) -> Path:
    """A folder with the graph in that precision."""
    folder = place / precision
    shutil.copytree(weights, folder, ignore=shutil.ignore_patterns("*.safetensors", "*.onnx"))
    build_graph(weights, folder / "model.onnx", precision=precision)
    return folder


def fastest(ways: dict[str, Callable[[], object]], passes: int) -> dict[str, float]:
    """Seconds of the fastest pass of each way; the ways take turns."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(passes):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--texts", type=int, default=128)
    parser.add_argument("--words", type=int, default=75)
    parser.add_argument("--passes", type=int, default=5)
    asked = parser.parse_args()
    texts = passages(asked.corpus, asked.texts, asked.words)
    short = [" ".join(text.split()[: 2 + i % 12]) for i, text in enumerate(texts)] * 3
    with tempfile.TemporaryDirectory() as place:
        folders = {one: made(asked.weights, Path(place), one) for one in ("float32", "int8")}
        models = {f"{one}": Dense(folder) for one, folder in folders.items()}
        for tokens in (256, 512, 2048):
            models[f"float32, {tokens} tokens a batch"] = Dense(
                folders["float32"], batch_tokens=tokens
            )
        lengths = [len(ids) for ids in models["int8"]._encoder.tokens.ids(texts)]
        print(f"{len(texts)} passages of {statistics.fmean(lengths):.0f} tokens, {models['int8']}")
        ways = {name: lambda m=model: m.encode_batch(texts) for name, model in models.items()}
        for name, seconds in fastest(ways, asked.passes).items():
            print(f"{name:30s} {len(texts) / seconds:9.0f} passages/s")
        models = {name: models[name] for name in ("float32", "int8")}
        for name, model in models.items():
            spent = []
            for _ in range(QUERIES):
                start = time.perf_counter()
                model.encode_query(QUERY)
                spent.append(time.perf_counter() - start)
            print(f"{name:30s} {statistics.median(spent) * 1e3:9.2f} ms a query, p50")
        for name, model in {**models, "built-in": engram.embed.default()}.items():
            both = fastest(
                {
                    "batch": lambda m=model: m.encode_batch(short),
                    "alone": lambda m=model: [m.encode(text) for text in short],
                },
                asked.passes,
            )
            share = both["alone"] / both["batch"]
            print(f"{name:30s} {share:9.1f} x one by one, {len(short)} short texts in a batch")


if __name__ == "__main__":
    main()
