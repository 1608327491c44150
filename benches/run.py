"""Measures engram beside SQLite on the same data in the same run.

    python benches/run.py [--records N] [--rounds N] [--out FILE]

Workloads: W1 bulk ingest, W7 durable put, W8 cold start, W9 size, W10 delete and reclaim. The
stores take turns within each round; medians over rounds are printed with the ratio to SQLite, and
for W7 to a bare preallocated append + fdatasync. Read ratios, not absolute times.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import corpus
from stores import STORES

BATCH = 10_000
SINGLE_PUTS = 1_000
SLICE = 50
FRAME_BYTES = 2_200  # of a commit frame with such a record
QUERY = "open a file and read its lines"

COLD = """
import sys, time
start = time.perf_counter()
def peak():
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1])
base = peak()
sys.path.insert(0, {here!r})
if {name!r} == "engram":
    import engram
    with engram.open({path!r}, embedder=None, read_only=True) as db:
        hits = db.collection("bench").query(text={query!r}, mode="lexical", k=10)
else:
    import sqlite3
    db = sqlite3.connect({path!r})
    words = " OR ".join('"' + w + '"' for w in {query!r}.split())
    sql = ("SELECT id FROM words JOIN records ON n = words.rowid"
           " WHERE words MATCH ? ORDER BY rank LIMIT 10")
    hits = db.execute(sql, (words,)).fetchall()
took = time.perf_counter() - start
assert len(hits) == 10
print(took * 1e3, (peak() - base) / 1024)
"""


class BareAppend:
    """Appends to written blocks, each with fdatasync: what a durable put cannot be faster than."""

    name = "bare append"

    def __init__(self, folder: Path) -> None:
        self.fd = os.open(folder / "bare", os.O_CREAT | os.O_RDWR, 0o600)
        self.at = 0
        os.pwrite(self.fd, b"\0" * (FRAME_BYTES * SINGLE_PUTS), 0)
        os.fsync(self.fd)

    def put(self, _row: dict[str, Any]) -> None:
        os.pwrite(self.fd, b"x" * FRAME_BYTES, self.at)
        os.fdatasync(self.fd)
        self.at += FRAME_BYTES


def single_puts(stores: list[Any], rows: list[dict[str, Any]], folder: Path) -> dict[str, float]:
    """W7: medians of durable puts, the stores and the bare append in turn, slice by slice."""
    writers = [BareAppend(folder), *stores]
    times: dict[str, list[float]] = {writer.name: [] for writer in writers}
    for at in range(0, SINGLE_PUTS, SLICE):
        for writer in writers:
            for row in rows[at : at + SLICE]:
                fresh = {**row, "id": "single-" + row["id"]}
                start = time.perf_counter()
                writer.put(fresh)
                times[writer.name].append((time.perf_counter() - start) * 1e3)
    os.close(writers[0].fd)
    return {name: statistics.median(taken) for name, taken in times.items()}


def cold_start(store_name: str, path: Path) -> tuple[float, float]:
    """W8: milliseconds from import to the first answer in a new process, and MB of memory."""
    code = COLD.format(here=os.getcwd(), name=store_name, path=str(path), query=QUERY)
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    took, memory = done.stdout.split()
    return float(took), float(memory)


def one_round(rows: list[dict[str, Any]], folder: Path) -> dict[str, dict[str, float]]:
    """Every workload once, on every store."""
    figures: dict[str, dict[str, float]] = {}

    def note(workload: str, store: str, value: float) -> None:
        figures.setdefault(workload, {})[store] = value

    stores = [cls(folder) for cls in STORES.values()]
    raw = corpus.raw_bytes(rows)
    for store in stores:
        start = time.perf_counter()
        for at in range(0, len(rows), BATCH):
            store.put_many(rows[at : at + BATCH])
        note("W1 ingest, records/s", store.name, len(rows) / (time.perf_counter() - start))
        assert len(store.find(QUERY)) == 10
        store.close()
        note("W9 file / raw bytes", store.name, store.file_bytes() / raw)
    for store in stores:
        took, memory = zip(*(cold_start(store.name, store.path) for _ in range(5)), strict=True)
        note("W8 cold start, ms", store.name, statistics.median(took))
        note("W8 memory, MB", store.name, statistics.median(memory))
    stores = [cls(folder) for cls in STORES.values()]
    for name, value in single_puts(stores, rows, folder).items():
        note("W7 durable put, ms", name, value)
    gone = [row["id"] for row in rows[::5]]
    for store in stores:
        start = time.perf_counter()
        store.delete(gone)
        deleted = time.perf_counter()
        store.reclaim()
        note("W10 delete 20 %, s", store.name, deleted - start)
        note("W10 reclaim, s", store.name, time.perf_counter() - deleted)
        note("W10 file / raw bytes", store.name, store.file_bytes() / (raw * 0.8))
        store.close()
    return figures


def report(rounds: list[dict[str, dict[str, float]]]) -> str:
    """A Markdown table of medians with ratios to SQLite."""
    lines = ["| workload | engram | SQLite + FTS5 | bare append | engram / SQLite |", "|---|---|---|---|---|"]
    for workload in rounds[0]:
        values = {
            store: statistics.median(r[workload][store] for r in rounds)
            for store in rounds[0][workload]
        }
        ours, theirs = values["engram"], values["sqlite+fts5"]
        bare = values.get("bare append")
        shown = "" if bare is None else f"{bare:.3g} (engram × {ours / bare:.2f})"
        lines.append(f"| {workload} | {ours:,.4g} | {theirs:,.4g} | {shown} | {ours / theirs:.2f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="also write the figures as JSON to this file")
    parser.add_argument("--folder", type=Path, help="where the files go (default: a temporary folder)")
    options = parser.parse_args()
    rows = corpus.records(corpus.passages(options.records))
    print(f"{len(rows):,} passages, {corpus.raw_bytes(rows) / 1e6:.0f} MB raw, "
          f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    rounds = []
    for _ in range(options.rounds):
        folder = Path(tempfile.mkdtemp(prefix="engram-bench-", dir=options.folder))
        try:
            rounds.append(one_round(rows, folder))
        finally:
            shutil.rmtree(folder)
    print(report(rounds))
    if options.out:
        record = {"records": len(rows), "python": platform.python_version(), "rounds": rounds}
        options.out.write_text(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
