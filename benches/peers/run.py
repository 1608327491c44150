"""Runs engram and its peers interleaved, in the harness that measures the peers.

    python benches/peers/run.py HARNESS DATA SETS --records 100000 --rounds 2 \
        --steps ingest,query,put,cold,import,delete --peers engram,sqlitevec,qdrant

HARNESS is the harness' folder (its README describes it); it is not changed: what it needs is linked
into DATA/harness, engram's adapter beside it. DATA is where the databases go and where `venvs/NAME`
hold one environment per peer (see requirements/ there; engram's is the one that runs this script).
SETS is a folder of `benches/corpus.py`, whose data set is handed over in the harness' form.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from corpora.sets import Set

FILTERS = {
    "all": "all",
    "half": "s50",
    "tenth": "s10",
    "hundredth": "s1",
    "thousandth": "s01",
    "tag": "tag10",
    "far": "corr",
    "kept": "del20",
}
KINDS = {"one": "t1", "three": "t3", "ten": "t10", "common": "common", "sentence": "sentence"}
REGISTER = """
NAMES["engram"] = NAMES["engram-unstemmed"] = "engram_adapter"
VENV["engram-unstemmed"] = "engram"
"""
MODULE = '''"sqlitevec": "sqlite_vec"'''


def hand_over(data: Set, target: Path) -> None:
    """Write a data set in the harness' form."""
    target.mkdir(parents=True, exist_ok=True)
    records = data.records()
    with (target / "passages.jsonl").open("w", encoding="utf-8") as out:
        for number, record in enumerate(records):
            row = {"id": number, "text": record["text"], **record["metadata"]}
            out.write(json.dumps(row) + "\n")
    with (target / "queries.jsonl").open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(query) + "\n" for query in data.queries())
    for ours, theirs in (("vectors", "vec.f32"), ("query_vectors", "qvec.f32")):
        link = target / f"{theirs}.npy"
        link.unlink(missing_ok=True)
        link.symlink_to((data.folder / f"{ours}.npy").resolve())
    truth = data.truth()
    found = {f"t_{theirs}": truth[ours] for ours, theirs in FILTERS.items()}
    found["corr_category"] = truth["far_category"]
    found["corr_queries"] = truth["far_queries"]
    found["t_corr"] = truth["far"]
    count = len(records)
    np.savez(target / f"truth_{count}.npz", **found)
    words = data.words()
    texts = {
        theirs: [{"q": one["text"], "top": one["top"]} for one in words[ours]]
        for ours, theirs in KINDS.items()
    }
    (target / f"text_{count}.json").write_text(json.dumps(texts))


def mirror(harness: Path, target: Path) -> None:
    """A copy of the harness' scripts with engram in its list."""
    (target / "adapters").mkdir(parents=True, exist_ok=True)
    for file in [*harness.glob("*.py"), *harness.glob("adapters/*.py")]:
        text = file.read_text()
        if file.name == "__init__.py":
            text += REGISTER
        if file.name == "bench.py":
            assert MODULE in text, "the harness' table of modules has changed"
            text = text.replace(MODULE, MODULE + ', "engram": "engram"')
        (target / file.relative_to(harness)).write_text(text)
    adapter = Path(__file__).with_name("engram_adapter.py")
    (target / "adapters" / adapter.name).write_text(adapter.read_text())


def own_environment(data: Path) -> None:
    """Give engram's entry among the environments: the interpreter that runs this script."""
    home = data / "venvs" / "engram" / "bin"
    home.mkdir(parents=True, exist_ok=True)
    launcher = home / "python"
    launcher.unlink(missing_ok=True)
    paths = os.environ.get("PYTHONPATH", "")
    launcher.write_text(f'#!/bin/sh\nPYTHONPATH="{paths}" exec "{sys.executable}" "$@"\n')
    launcher.chmod(0o755)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("harness", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", default="ingest,query,put,cold,import,delete")
    parser.add_argument("--peers", default="engram,sqlitevec")
    options = parser.parse_args()
    data = options.data.resolve()
    hand_over(Set(options.sets.resolve(), options.records), data / "sets")
    scripts = data / "harness"
    mirror(options.harness, scripts)
    own_environment(data)
    environment = {**os.environ, "BENCH_DATA": str(data)}
    environment.pop("PYTHONPATH", None)
    steps = options.steps.split(",")
    for turn in range(options.rounds):
        # The files are made once and deleted from last; the steps between are what rounds repeat.
        now = [step for step in steps if step not in {"ingest", "fsync", "import"} or turn == 0]
        now = [step for step in now if step != "delete" or turn == options.rounds - 1]
        arguments = [str(options.records), str(turn), ",".join(now), options.peers]
        subprocess.run(
            [sys.executable, "run.py", *arguments], cwd=scripts, env=environment, check=True
        )
    report = [sys.executable, "report.py", str(options.records)]
    subprocess.run(report, cwd=scripts, env=environment, check=True)


if __name__ == "__main__":
    main()
