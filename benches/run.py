"""Measures W1 to W13 of the README's table: engram beside baselines of the same run.

    python benches/run.py DATA [--records N] [--rounds N] [--only W2,W4] [--optimize] [--out FILE]
        [--table FILE]

DATA is a folder that `benches/corpus.py` made. The measurements take turns within each round;
medians over rounds are reported. Read ratios, not absolute times.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

from corpora.sets import Set
from measures import MEASUREMENTS, report
from measures.bench import Bench
from measures.figures import Figure, medians


TARGETS_AT = 100_000
"""The size that the targets are for, but those that name another."""


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("data", type=Path, help="the folder of benches/corpus.py")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--optimize", action="store_true", help="search after optimize, not right after the load"
    )
    parser.add_argument("--only", help=f"some of {','.join(MEASUREMENTS)}")
    parser.add_argument("--out", type=Path, help="write the figures as JSON to this file")
    parser.add_argument("--table", type=Path, help="write the Markdown table to this file")
    parser.add_argument("--folder", type=Path, help="where the stores go (default: temporary)")
    parser.add_argument("--wheel", type=Path, help="the base wheel, for its size")
    options = parser.parse_args()
    options.only = options.only.split(",") if options.only else list(MEASUREMENTS)
    unknown = set(options.only) - MEASUREMENTS.keys()
    if unknown:
        parser.error(f"unknown measurements: {', '.join(sorted(unknown))}")
    return options


def measure(bench: Bench, names: list[str], failed: set[str]) -> list[Figure]:
    """One round; the names of measurements that failed are added to `failed`."""
    out: list[Figure] = []
    for name in names:
        for function in MEASUREMENTS[name]:
            try:
                figures = function(bench)
            except Exception:  # one broken measurement must not cost hours of the others
                print(f"  {name} failed:\n{traceback.format_exc()}", file=sys.stderr, flush=True)
                failed.add(name)
                continue
            for figure in figures:
                quality = "" if figure.quality is None else f" at {figure.quality:.4f}"
                print(
                    f"  {figure.workload:9} {figure.name}: {figure.value:.4g} {figure.unit}"
                    f"{quality}  {figure.beside or ''}",
                    flush=True,
                )
            out += figures
    return out


def main() -> None:
    options = parse()
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="engram-bench-", dir=options.folder))
    data = Set(options.data, options.records)
    bench = Bench(data, folder, wheel=options.wheel, optimize=options.optimize)
    rounds: list[list[Figure]] = []
    failed: set[str] = set()
    try:
        for turn in range(options.rounds):
            print(f"round {turn + 1} of {options.rounds}", flush=True)
            rounds.append(measure(bench, options.only, failed))
    finally:
        shutil.rmtree(folder)
    figures = medians(rounds)
    if options.records != TARGETS_AT:
        figures = [figure.without_target() for figure in figures]
    print(report.table(figures))
    if options.out:
        found = report.record(figures, options.records, options.rounds)
        options.out.write_text(json.dumps(found, indent=1) + "\n")
    if options.table:
        options.table.write_text(report.table(figures) + "\n")
    missed = [figure for figure in figures if figure.met is False]
    print(f"\n{len(missed)} targets missed", file=sys.stderr)
    if failed:
        raise SystemExit(f"failed: {', '.join(sorted(failed))}")


if __name__ == "__main__":
    main()
