"""Measures answers without a model: what is found, what is cited, what counts as supported.

    python benches/answers.py COLLECTIONS [--questions N] [--out FILE]

COLLECTIONS is a folder of test collections as `benches/quality.py` takes them. Each is put into a
memory. The questions of each are asked of its own memory, of its own with the relevant passages
taken out, and of the others' memories, which know nothing of them. Then sentences of one passage
are checked against that passage, the one behind it, and a random one.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from quality import lines

from engram import Memory
from engram.answer import Passage, ask, split_sentences

SEED = 7
PASSAGES = 6
MAX_CONTEXT = 6_000


class Collection:
    """A test collection in a memory of whole documents."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        read = lambda name: [json.loads(one) for one in lines(folder / name)]  # noqa: E731
        self.texts = {one["_id"]: f"{one['title']} {one['text']}" for one in read("corpus.jsonl.gz")}
        self.questions = {one["_id"]: one["text"] for one in read("queries.jsonl.gz")}
        self.relevant: dict[str, set[str]] = {}
        for row in lines(folder / "qrels.tsv.gz"):
            query, *_, document, grade = row.split()
            if query in self.questions and int(grade) > 0:
                self.relevant.setdefault(query, set()).add(document)
        self.db = Memory.open(":memory:").db
        self.passages = self.db.collection("passages")
        self.passages.put_many([{"id": k, "text": text} for k, text in self.texts.items()])


def asked(questions: Collection, of: Collection, count: int, *, taken_out: bool) -> dict[str, Any]:
    """Ask questions of a collection; give the shares."""
    judged = sorted(set(questions.questions) & set(questions.relevant))
    chosen = random.Random(SEED).sample(judged, min(count, len(judged)))
    found = cited = 0
    seconds = 0.0
    for one in chosen:
        right = questions.relevant[one]
        hits = list(of.passages.query(questions.questions[one], k=PASSAGES + len(right)))
        hits = [hit for hit in hits if not taken_out or hit.id not in right][:PASSAGES]
        begun = perf_counter()
        answer = ask(questions.questions[one], hits, max_context=MAX_CONTEXT)
        seconds += perf_counter() - begun
        found += answer.found
        cited += any(name in right for citation in answer.citations for name in citation.ids)
    return {
        "questions": questions.name,
        "passages": of.name + (" without the relevant" if taken_out else ""),
        "asked": len(chosen),
        "found": found / len(chosen),
        "found that cite a relevant passage": cited / found if found else None,
        "ms": 1e3 * seconds / len(chosen),
    }


def supported(of: Collection, count: int) -> dict[str, Any]:
    """Check sentences against their own passage, the next, and a random one."""
    draw = random.Random(SEED)
    names = list(of.texts)
    shares: dict[str, list[bool]] = {"own": [], "next": [], "random": []}
    for place in draw.sample(range(len(names)), min(count, len(names))):
        sentences = split_sentences(of.texts[names[place]])
        if not sentences:
            continue
        said = draw.choice(sentences).text
        for kind, other in (
            ("own", place),
            ("next", (place + 1) % len(names)),
            ("random", draw.randrange(len(names))),
        ):
            if (other == place) != (kind == "own") or not of.texts[names[other]].strip():
                continue
            passage = Passage(of.texts[names[other]], names[other])
            answer = ask("?", [passage], lambda _, said=said: f"{said} [1]", strict=False,
                         max_context=10**6)  # fmt: skip
            shares[kind] += [one.supported for one in answer.sentences[:1]]
    return {"passages": of.name, **{k: sum(v) / len(v) for k, v in shares.items() if v}}


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("collections", type=Path)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    folders = sorted(one for one in given.collections.iterdir() if one.is_dir())
    read = [Collection(folder) for folder in folders]
    rows = [asked(one, one, given.questions, taken_out=out) for one in read for out in (False, True)]
    rows += [
        asked(one, other, given.questions, taken_out=False)
        for one in read
        for other in read
        if not same_source(one, other)
    ]
    checks = [supported(one, given.questions) for one in read]
    text = json.dumps({"asked": rows, "supported": checks}, indent=1)
    sys.stdout.write(text + "\n")
    if given.out is not None:
        given.out.write_text(text + "\n")


def same_source(one: Collection, other: Collection) -> bool:
    """Say whether two collections are the same, or one in two languages."""
    return one.name.split("-")[0] == other.name.split("-")[0]


if __name__ == "__main__":
    main()
