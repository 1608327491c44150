"""What a service needs around its data: writers that wait, whole batches, checks, backups.

Four processes write to one file at once; one of them is killed in the middle of its work.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import tempfile
from pathlib import Path

import engram

WRITERS, BATCHES, RECORDS = 4, 6, 20


def write(path: str, writer: int, acknowledged: multiprocessing.SimpleQueue[str]) -> None:
    """Write batches, each one transaction; say which ones are on disk."""
    with engram.open(path, lock_timeout_ms=30_000, embedder=None) as db:
        events = db.collection("events")
        for batch in range(BATCHES):
            with db.transaction():
                for n in range(RECORDS):
                    key = f"{writer}-{batch}-{n}"
                    events.put(key, text=f"event {n}", metadata={"batch": f"{writer}-{batch}"})
            acknowledged.put(f"{writer}-{batch}")
            if writer == 0 and batch == BATCHES // 2:
                signal.raise_signal(signal.SIGKILL)


def main() -> int:
    """Let processes write, then look at what they left."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "events.engram")
        acknowledged: multiprocessing.SimpleQueue[str] = context.SimpleQueue()
        writers = [
            context.Process(target=write, args=(path, n, acknowledged)) for n in range(WRITERS)
        ]
        for process in writers:
            process.start()
        for process in writers:
            process.join()
        print(f"exit codes of the writers: {[process.exitcode for process in writers]}")

        with engram.open(path, create=False) as db:
            events = db.collection("events")
            facet = events.facets("batch", limit=WRITERS * BATCHES)["batch"]
            whole = {batch for batch, count in facet.values if count == RECORDS}
            promised = set()
            while not acknowledged.empty():
                promised.add(acknowledged.get())
            # Nothing acknowledged is lost, and no batch is there in part.
            assert promised <= whole
            assert len(whole) == len(facet.values)
            print(f"{len(promised)} batches acknowledged, {len(whole)} there, none in part")

            # Check, then copy while others may read and write.
            report = db.verify(deep=True)
            assert report, report.problems
            copied = db.backup(Path(folder) / "backup.engram")
            print(f"sound: {report.records:,} records; {copied.bytes:,} bytes backed up")

            # A reader cannot write, and every error has a code to act on.
            with engram.open(path, read_only=True) as reader:
                try:
                    reader.collection("events").put("x", text="no")
                except engram.Conflict as error:
                    print(f"a read-only handle: {error.code}")
            stats = db.stats()
            print(f"commit {stats.commit}, {stats.file_bytes:,} bytes, {stats.segments} segments")
    return 0


if __name__ == "__main__":
    sys.exit(main())
