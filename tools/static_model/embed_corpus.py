"""Teacher vectors of the training pairs, in shards that survive an interruption.

Owns: the shard files `shard-NNNN.npz` (float16 `query` and `text`, rows in the order of the pair
file, `SHARD` pairs each). Run several workers with `--worker I --workers N`; a shard that exists
is skipped.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from teacher import Teacher

SHARD = 4096
TOKENS_MAX = 128


def main() -> None:
    """Embed every `workers`-th shard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--worker", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    teacher = Teacher(args.packages, quantised=True, max_tokens=TOKENS_MAX, threads=1)
    rows = [json.loads(line) for line in args.pairs.open()]
    for index in range(args.worker, (len(rows) + SHARD - 1) // SHARD, args.workers):
        target = args.out / f"shard-{index:04d}.npz"
        if target.exists():
            continue
        part = rows[index * SHARD : (index + 1) * SHARD]
        vectors = {
            k: teacher.encode([r[k] for r in part]).astype(np.float16) for k in ("query", "text")
        }
        scratch = target.with_suffix(".tmp.npz")
        np.savez(scratch, **vectors)
        scratch.rename(target)


if __name__ == "__main__":
    main()
