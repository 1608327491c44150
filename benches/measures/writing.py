"""Commits single puts without a pause until its input ends; then prints commits per second.

python benches/measures/writing.py FILE SET
"""

from __future__ import annotations

import select
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from corpora.sets import Set

import engram
from measures.bench import COLLECTION

SAMPLE = 200


def main() -> None:
    folder = Path(sys.argv[2])
    data = Set(folder.parent, int(folder.name))
    rows, vectors = data.records(SAMPLE), data.vectors()[:SAMPLE].copy()
    with engram.open(sys.argv[1], embedder=None) as db:
        notes = db.collection(COLLECTION)
        done = 0
        print("writing", flush=True)
        start = time.perf_counter()
        while not select.select([sys.stdin], [], [], 0)[0]:
            row, vector = rows[done % SAMPLE], vectors[done % SAMPLE]
            notes.put(f"w{done % 2000}", text=row["text"], metadata=row["metadata"], vector=vector)
            done += 1
        print(done / (time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    main()
