"""Cuts paragraphs into passages, gives them metadata, and holds some back as queries.

Owns: what counts as prose, the lengths, the order (shuffled by a fixed seed) and the metadata.
`category` is the true source of a passage; `year` and `tags` are a fixed hash of its number, so
`year < 1000 + x` leaves x in a thousand of the records.
"""

from __future__ import annotations

import hashlib
import html
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .paragraphs import sources

WORD = re.compile(r"[A-Za-z][A-Za-z'\-]*")
MOST_WORDS = 110
LEAST_WORDS = 25
ENOUGH_WORDS = 55
QUERIES = 1000
MOST_OF_A_SOURCE = 60_000
MOST_OF_GENERATED = {
    "openjdk-17-doc": 18_000,
    "rust-doc": 18_000,
    "sagemath-doc": 25_000,
    "libboost1.74-doc": 12_000,
}
"""Sources that repeat themselves give fewer passages."""


def _clean(text: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(text)).strip(" *#=-|`\u00b6")


def _is_prose(words: list[str], text: str) -> bool:
    letters = sum(map(len, words))
    return len(words) >= 8 and letters > 0.68 * len(text) and 3 < letters / len(words) < 9


def _joined(paragraphs: Iterator[str], alone: bool) -> Iterator[list[str]]:
    """The words of paragraphs, short ones joined with those after them unless they stand alone."""
    waiting: list[str] = []
    count = 0
    for paragraph in paragraphs:
        text = _clean(paragraph)
        words = WORD.findall(text)
        if not _is_prose(words, text):
            continue
        waiting.append(text)
        count += len(words)
        if count < ENOUGH_WORDS and not alone:
            continue
        if count >= LEAST_WORDS:
            yield " ".join(waiting).split()
        waiting, count = [], 0


def all_passages(folder: Path, most_words: int = MOST_WORDS) -> Iterator[tuple[str, str]]:
    """Every distinct passage as (source, text), in the order of the sources."""
    seen: set[bytes] = set()
    taken: Counter[str] = Counter()
    least = min(LEAST_WORDS, most_words // 2)
    scale = MOST_WORDS / most_words  # a source's share is counted in words, not in passages
    for source, paragraphs, alone in sources(folder):
        limit = MOST_OF_GENERATED.get(source, MOST_OF_A_SOURCE) * scale
        for words in _joined(paragraphs, alone):
            if taken[source] >= limit:
                break
            for start in range(0, len(words), most_words):
                piece = words[start : start + most_words]
                if len(piece) < least:
                    break
                text = " ".join(piece)
                digest = hashlib.blake2b(text[:160].lower().encode(), digest_size=8).digest()
                if digest not in seen:
                    seen.add(digest)
                    taken[source] += 1
                    yield source, text


def metadata(number: int, source: str) -> dict[str, Any]:
    """The metadata of a passage, a function of its number and source."""
    digest = hashlib.blake2b(b"m%d" % number, digest_size=8).digest()
    value = int.from_bytes(digest, "big")
    tags = [f"t{(value >> 20) % 10}", f"u{(value >> 30) % 100}"]
    return {"category": source, "year": 1000 + value % 1000, "tags": tags}


def _sentence(text: str) -> str | None:
    parts = re.split(r"(?<=[.!?])\s+", text)
    return next((part for part in parts if 6 <= len(part.split()) <= 40), None)


def divide(
    passages: list[tuple[str, str]], records: int
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Shuffle; hold back 1,000 passages and keep a sentence of each; number the rest."""
    random.Random(7).shuffle(passages)
    queries: list[dict[str, str]] = []
    kept: list[dict[str, Any]] = []
    for source, text in passages:
        if len(queries) < QUERIES:
            sentence = _sentence(text)
            if sentence is not None:
                queries.append({"category": source, "text": sentence})
        elif len(kept) < records:
            number = len(kept)
            meta = metadata(number, source)
            kept.append({"id": f"r{number:07d}", "text": text, "metadata": meta})
    return kept, queries
