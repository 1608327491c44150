"""Real passages for the benchmarks: the Python sources that every machine with Python has.

Owns: how files become passages and vectors. Deterministic for one Python installation; the record
of a run names the version and the number of passages. Vectors are those of the built-in model, cut
to 384 dimensions and brought to unit length.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import Any

import numpy as np

from engram.embed import Static

DIMENSION = 384
WORDS = 60


def passages(limit: int) -> list[str]:
    """Passages of about 60 words, in the order of file names; fewer than `limit` where there are."""
    roots = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib")]
    files = sorted({file for root in roots for file in root.rglob("*.py")})
    out: list[str] = []
    for file in files:
        words = file.read_text("utf-8", errors="replace").split(" ")
        words = [word for word in words if word]
        for start in range(0, len(words) - WORDS // 2, WORDS):
            out.append(" ".join(words[start : start + WORDS])[:1200])
            if len(out) == limit:
                return out
    return out


def records(texts: list[str]) -> list[dict[str, Any]]:
    """Records with text, metadata and a 384-d float32 vector each."""
    rng = np.random.default_rng(7)
    years = rng.integers(1000, 2000, len(texts))
    vectors = Static().encode_batch(texts)[:, :DIMENSION].copy()
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    noise = rng.normal(0, 1e-3, vectors.shape).astype(np.float32)
    vectors = vectors / np.maximum(norms, 1e-6) + noise
    return [
        {
            "id": f"r{i:07d}",
            "text": text,
            "metadata": {"year": int(years[i]), "category": i % 50, "tags": [f"t{i % 7}"]},
            "vector": vectors[i],
        }
        for i, text in enumerate(texts)
    ]


def raw_bytes(rows: list[dict[str, Any]]) -> int:
    """Bytes of text and float32 vectors."""
    return sum(len(row["text"].encode()) + DIMENSION * 4 for row in rows)
