"""One data set on disk: writes it, and reads it back for the measurements.

Owns: the layout of `FOLDER/<records>/`. Opposite side: `corpus.py` makes it, `run.py` reads it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from . import passages, truth, words
from .vectors import Encoder

SMALL_WORDS = 28
"""Words of a passage in a set so large that the sources do not give enough passages of 110."""

WITH_WORDS_UP_TO = 200_000


class Set:
    """A data set of one size; each part is read when it is asked for."""

    def __init__(self, folder: Path, records: int) -> None:
        self.folder = folder / str(records)
        if not (self.folder / "truth.npz").exists():
            raise SystemExit(
                f"no data set of {records:,} records in {folder}; make it with\n"
                f"  python benches/corpus.py fetch {folder}\n"
                f"  python benches/corpus.py make {folder} --records {records}"
            )

    def _lines(self, name: str, most: int | None = None) -> list[dict[str, Any]]:
        out = []
        with (self.folder / name).open(encoding="utf-8") as lines:
            for line in lines:
                if len(out) == most:
                    break
                out.append(json.loads(line))
        return out

    def records(self, most: int | None = None) -> list[dict[str, Any]]:
        """Records with `id`, `text` and `metadata`."""
        return self._lines("records.jsonl", most)

    def queries(self) -> list[dict[str, str]]:
        """Queries with `text` and `category`."""
        return self._lines("queries.jsonl")

    def vectors(self) -> np.ndarray:
        """float32 (records, 384), unit length, mapped."""
        return np.load(self.folder / "vectors.npy", mmap_mode="r")

    def query_vectors(self) -> np.ndarray:
        """float32 (1000, 384), unit length."""
        return np.load(self.folder / "query_vectors.npy")

    def truth(self) -> dict[str, np.ndarray]:
        """See `truth.find`."""
        return dict(np.load(self.folder / "truth.npz"))

    def words(self) -> dict[str, list[dict[str, Any]]]:
        """See `words.make`."""
        return json.loads((self.folder / "words.json").read_text())


def make(folder: Path, records: int, most_words: int) -> str:
    """Make the set of this size from what `packages.fetch` got; returns a line about it."""
    found = list(passages.all_passages(folder, most_words))
    kept, queries = passages.divide(found, records)
    if len(kept) < records:
        return f"only {len(kept):,} passages of {most_words} words: choose smaller --words"
    target = folder / str(records)
    target.mkdir(exist_ok=True)
    _write(target / "records.jsonl", kept)
    _write(target / "queries.jsonl", queries)
    texts = [record["text"] for record in kept]
    sentences = [query["text"] for query in queries]
    encode = Encoder(folder / "minilm", texts)
    vectors, query_vectors = encode(texts), encode(sentences)
    np.save(target / "vectors.npy", vectors)
    np.save(target / "query_vectors.npy", query_vectors)
    if records <= WITH_WORDS_UP_TO:
        (target / "words.json").write_text(json.dumps(words.make(texts, sentences)))
    np.savez(target / "truth.npz", **truth.find(kept, queries, vectors, query_vectors))
    size = sum(len(text.encode()) for text in texts) / 1e6
    return f"{records:,} of {len(found):,} passages, {size:.0f} MB of text, in {target}"


def _write(file: Path, rows: list[dict[str, Any]]) -> None:
    with file.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
