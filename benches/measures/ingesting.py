"""Puts a data set into a new file, in a process of its own: W1 and its memory.

    python benches/measures/ingesting.py STORE SET FOLDER    prints one JSON object

The data is in memory before the clock starts; memory is counted above that. The clock stops when
everything is durable and has been found by a search.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from corpora.sets import Set

from measures.figures import forget_peak, memory_mb
from measures.stores import STORES, file_bytes


def main() -> None:
    store_name, set_folder, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    data = Set(set_folder.parent, int(set_folder.name))
    rows = data.records()
    vectors = data.vectors()[:].copy()
    path = folder / "bench.file"
    before = memory_mb()
    forget_peak()
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    store = STORES[store_name](path)
    store.put_all(rows, vectors)
    took = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    peak = memory_mb(peak=True) - before
    assert rows[0]["id"] in store.search(rows[0]["text"][:200])
    store.close()
    texts = sum(len(row["text"].encode()) for row in rows)
    metadata = sum(len(json.dumps(row["metadata"])) for row in rows)
    report = {
        "path": str(path),
        "records_per_s": len(rows) / took,
        "seconds": took,
        "cpu_s": used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime,
        "peak_mb": peak,
        "bytes": file_bytes(path),
        "raw_bytes": texts + vectors.nbytes,
        "raw_bytes_with_metadata": texts + vectors.nbytes + metadata,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
