"""Measures how fast a BERT model embeds here: each precision and runtime, batches and one by one.

    python benches/embedding.py WEIGHTS CORPUS [--texts 128] [--words 75] [--passes 5]
                                [--parts passages,queries,short]

WEIGHTS is a folder with `model.safetensors` in the layout of sentence-transformers; CORPUS a
`corpus.jsonl.gz` with texts, of which the first words are taken. The graphs are written, then take
turns; the fastest pass of each counts, since the machine may be shared. OpenVINO is measured where
it is installed. Cosines are those to float32 on ONNX Runtime, on the same passages.
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
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import engram
from engram.embed import Dense, build_graph
from engram.embed.local.runtime import openvino_runtime

QUERY = "how does the engine find near vectors quickly"
QUERIES = 600
TURN = 60


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


def loaded(folders: dict[str, Path], tokens: int | None = None) -> dict[str, Dense]:
    """Each way to run the model, by name."""
    models = {one: Dense(folder, batch_tokens=tokens) for one, folder in folders.items()}
    if find_spec("openvino") is not None:
        able = openvino_runtime().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        for precision in ("float32", "bf16", "int8"):
            if precision != "bf16" or "BF16" in able:
                models[f"openvino {precision}"] = Dense(
                    folders["float32"],
                    backend="openvino",
                    precision=precision,
                    batch_tokens=tokens,
                )
    return models


def of_passages(models: dict[str, Dense], texts: list[str], passes: int) -> None:
    """Passages a second, and how near the vectors are to those of float32."""
    tokens = models["int8"]._encoder.tokens.ids(texts)
    mean = statistics.fmean(len(ids) for ids in tokens)
    print(f"{len(texts)} passages of {mean:.0f} tokens, {models['int8']}")
    wanted = models["float32"].encode_batch(texts)
    near = {
        name: (model.encode_batch(texts) * wanted).sum(axis=1) for name, model in models.items()
    }
    ways = {name: lambda m=model: m.encode_batch(texts) for name, model in models.items()}
    for name, seconds in fastest(ways, passes).items():
        cosines = f"cosine {near[name].mean():.4f}, least {near[name].min():.4f}"
        print(f"{name:20s} {len(texts) / seconds:9.0f} passages/s, {cosines}")


def of_queries(models: dict[str, Dense]) -> None:
    """Milliseconds of one query, tokenizer and all.

    The models take turns of some queries each: one after each would find the others' weights in
    the processor's cache.
    """
    spent: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(QUERIES // TURN):
        for name, model in models.items():
            for _ in range(TURN):
                start = time.perf_counter()
                model.encode_query(QUERY)
                spent[name].append((time.perf_counter() - start) * 1e3)
    for name, times in spent.items():
        tenths = statistics.quantiles(times, n=10)
        print(f"{name:20s} {statistics.median(times):9.2f} ms a query, p50; p10 {tenths[0]:.2f}")


def of_short_texts(models: dict[str, Any], texts: list[str], passes: int) -> None:
    """How much quicker a batch is than its texts one by one, by the length of the texts."""
    for least, most in ((1, 1), (1, 3), (2, 7), (2, 13)):
        span = most - least + 1
        short = [
            " ".join(text.split()[i % 20 :][: least + i % span]) for i, text in enumerate(texts)
        ]
        counts = [len(ids) for ids in models["float32"]._encoder.tokens.ids(short)]
        mean = statistics.fmean(counts)
        print(f"{len(short)} texts of {least} to {most} words, {mean:.1f} tokens on average")
        for name, model in models.items():
            both = fastest(
                {
                    "batch": lambda m=model: m.encode_batch(short),
                    "alone": lambda m=model: [m.encode(text) for text in short],
                },
                passes,
            )
            alone, batch = (both[one] / len(short) * 1e6 for one in ("alone", "batch"))
            print(
                f"{name:20s} {alone:7.0f} us alone, {batch:7.0f} in a batch: {alone / batch:.1f} x"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--texts", type=int, default=128)
    parser.add_argument("--words", type=int, default=75)
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--parts", default="passages,queries,short")
    asked = parser.parse_args()
    texts = passages(asked.corpus, asked.texts, asked.words)
    parts = asked.parts.split(",")
    with tempfile.TemporaryDirectory() as place:
        folders = {one: made(asked.weights, Path(place), one) for one in ("float32", "int8")}
        models = loaded(folders)
        if "passages" in parts:
            of_passages(models, texts, asked.passes)
        if "queries" in parts:
            of_queries(models)
        if "short" in parts:
            of_short_texts(models | {"built-in": engram.embed.default()}, texts, asked.passes)


if __name__ == "__main__":
    main()
