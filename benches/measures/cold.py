"""W8 the first answer of a new process, W11 import and size, and memory at rest."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from .bench import Bench
from .figures import Figure

RUNS = 7

# Prints milliseconds from before the import to the answer, and peak memory above the interpreter.
COLD = """
import sys, time
def peak():
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1])
base, start = peak(), time.perf_counter()
{code}
took = time.perf_counter() - start
assert len(hits) == 10 and "numpy" not in sys.modules
print(took * 1e3, (peak() - base) * 1024 / 1e6)
"""
ENGRAM = """
import engram
db = engram.open({path!r}, embedder=None, read_only=True)
hits = db.collection("bench").query({query}, k=10)
ids = [hit.id for hit in hits]
"""
SQLITE = '''
import sqlite3
db = sqlite3.connect({path!r})
sql = """SELECT id, records.text FROM words JOIN records ON n = words.rowid
 WHERE words MATCH ? ORDER BY rank LIMIT 10"""
hits = db.execute(sql, ({words!r},)).fetchall()
'''


def _cold(code: str) -> tuple[float, float]:
    command = [sys.executable, "-c", COLD.format(code=code)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    took, memory = done.stdout.split()
    return float(took), float(memory)


def start(bench: Bench) -> list[Figure]:
    """W8: import, open, first answer with text and metadata, by words and by vector, in turn; each
    run asks another question."""
    ours, theirs = str(bench.path("engram")), str(bench.path("SQLite + FTS5"))
    runs: dict[str, list[tuple[float, float]]] = {"vector": [], "words": [], "sqlite": []}
    for run in range(RUNS):
        sentence = bench.queries[run]["text"]
        vector = bench.query_vectors[run].tobytes()
        words = " OR ".join(f'"{word}"' for word in sentence.replace('"', " ").split())
        codes = {
            "vector": ENGRAM.format(path=ours, query=f"vector={vector!r}"),
            "words": ENGRAM.format(path=ours, query=f"text={sentence!r}, mode='lexical'"),
            "sqlite": SQLITE.format(path=theirs, words=words),
        }
        for name, code in codes.items():
            runs[name].append(_cold(code))
    took = {name: statistics.median(run[0] for run in several) for name, several in runs.items()}
    memory = {name: statistics.median(run[1] for run in several) for name, several in runs.items()}
    return [
        Figure("W8", "first answer of a new process, by vector", "ms", took["vector"], target=20),
        Figure("W8", "first answer of a new process, by words", "ms", took["words"], target=20,
               beside={"SQLite + FTS5": took["sqlite"]}),
        Figure("W8", "resident above the interpreter, by vector", "MB", memory["vector"],
               target=30),
        Figure("W8", "resident above the interpreter, by words", "MB", memory["words"], target=30,
               beside={"SQLite + FTS5": memory["sqlite"]}),
    ]  # fmt: skip


def importing(bench: Bench) -> list[Figure]:
    """W11: import time as the difference to an interpreter that imports nothing; the wheel."""
    modules = ("pass", "import engram", "import sqlite3", "import numpy")
    times: dict[str, list[float]] = {code: [] for code in modules}
    for _ in range(2 * RUNS):
        for code in modules:
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            times[code].append((time.perf_counter() - began) * 1e3)
    bare = statistics.median(times.pop("pass"))
    took = {code: statistics.median(taken) - bare for code, taken in times.items()}
    ours = took.pop("import engram")
    figures = [Figure("W11", "import", "ms", ours, target=20, beside=took)]
    if bench.wheel is not None:
        figures += _wheel(bench.wheel)
    return figures


def _wheel(wheel: Path) -> list[Figure]:
    with zipfile.ZipFile(wheel) as opened:
        installed = sum(member.file_size for member in opened.infolist())
    return [
        Figure("W11", "base wheel", "MB", wheel.stat().st_size / 1e6, target=15),
        Figure("W11", "installed", "MB", installed / 1e6),
    ]


RESTING = """
import engram, mmap, re
def anonymous():
    with open("/proc/self/smaps_rollup") as rollup:
        return int(next(line for line in rollup if line.startswith("Anonymous")).split()[1])
base = anonymous()
from pathlib import Path
vectors = Path({queries!r}).read_bytes()[-1536 * 1000:]
base = anonymous()
db = engram.open({path!r}, embedder=None, read_only=True)
notes = db.collection("bench")
for at in range(0, len(vectors), 1536):
    notes.query(vector=vectors[at:at + 1536], k=10, include=()).ids
print((anonymous() - base) * 1024 / 1e6)
"""


def resting(bench: Bench) -> list[Figure]:
    """Memory of a reader after 1,000 queries, beyond the mapped file: its anonymous pages."""
    queries = bench.data.folder / "query_vectors.npy"
    code = RESTING.format(queries=str(queries), path=str(bench.path("engram")))
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return [
        Figure("memory", "of 1,000 queries beyond the file", "MB", float(done.stdout),
               target=150, any_size=True)
    ]  # fmt: skip
