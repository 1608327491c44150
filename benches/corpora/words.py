"""Text queries of W5 with the top 10 of a plain exhaustive BM25 as the reference.

Owns: the five kinds of queries and the references: k1 = 1.2, b = 0.75, lower-cased runs of word
characters, Lucene's idf; once with the words as they are, once with Snowball's English stems.
Engines agree with them mostly, not wholly: ties, lengths and tokenizers differ.
"""

from __future__ import annotations

import functools
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

TOKEN = re.compile(r"\w+")
EACH = 200
COMMON = 20
K1, B = 1.2, 0.75
STOP = frozenset(
    """that with this from which have will your there their been were when then than them they only
    into also such each other more some these what where must does should would could about after
    before because between being over under very just like most many same both here while since
    upon""".split()
)


class Reference:
    """An exhaustive BM25 over all texts; `stem` turns a word into what it counts as."""

    def __init__(self, texts: list[str], stem: Callable[[str], str] = str) -> None:
        self.stem = stem
        rows: dict[str, list[int]] = defaultdict(list)
        times: dict[str, list[int]] = defaultdict(list)
        lengths = np.empty(len(texts), np.float32)
        for row, text in enumerate(texts):
            counts = Counter(map(stem, TOKEN.findall(text.lower())))
            lengths[row] = sum(counts.values())
            for word, count in counts.items():
                rows[word].append(row)
                times[word].append(count)
        self.postings = {
            word: (np.array(rows[word]), np.array(times[word], np.float32)) for word in rows
        }
        self.norm = K1 * (1 - B + B * lengths / lengths.mean())

    def top(self, query: str, k: int = 10) -> list[int]:
        scores = np.zeros(len(self.norm), np.float32)
        for word in set(map(self.stem, TOKEN.findall(query.lower()))) & self.postings.keys():
            rows, times = self.postings[word]
            idf = np.log(1 + (len(scores) - len(rows) + 0.5) / (len(rows) + 0.5))
            scores[rows] += idf * times * (K1 + 1) / (times + self.norm[rows])
        order = np.argsort(-scores, kind="stable")[:k]
        return [int(row) for row in order if scores[row] > 0]


def _stemmer() -> Callable[[str], str]:
    """Snowball's English stemmer, each word stemmed once."""
    import snowballstemmer

    return functools.cache(snowballstemmer.stemmer("english").stemWord)


def make(texts: list[str], sentences: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Queries by kind (`one`, `three`, `ten`, `common`, `sentence`), each with its references:
    `top` by whole words, `stemmed` by stems."""
    reference = Reference(texts)
    stemmed = Reference(texts, _stemmer())
    plain = {
        word: len(rows)
        for word, (rows, _) in reference.postings.items()
        if word.isalpha() and len(word) > 3
    }
    shuffle = random.Random(11).shuffle
    kinds: dict[str, list[str]] = {name: [] for name in ("one", "three", "ten", "sentence")}
    for sentence in sentences:
        words = list(dict.fromkeys(TOKEN.findall(sentence.lower())))
        rare = [word for word in words if 10 <= plain.get(word, 0) <= 0.02 * len(texts)]
        shuffle(rare)
        if len(rare) >= 3:
            kinds["one"].append(rare[0])
            kinds["three"].append(" ".join(rare[:3]))
        if len(words) >= 10:
            kinds["ten"].append(" ".join(words[:10]))
        kinds["sentence"].append(sentence)
    by_count = sorted(plain, key=plain.__getitem__, reverse=True)
    kinds["common"] = [word for word in by_count if word not in STOP][:COMMON]
    return {
        name: [
            {"text": text, "top": reference.top(text), "stemmed": stemmed.top(text)}
            for text in texts_of[:EACH]
        ]
        for name, texts_of in kinds.items()
    }
