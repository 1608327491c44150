"""What a run of measurements shares: the data, the folder, and the file it made once.

Owns: `Bench`. The engram file and the SQLite file of the data set are made once per run by a fresh
process each (which is W1 and its memory); measurements that change a file work on a copy.
"""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from corpora.sets import Set
from corpora.truth import conditions

import engram

COLLECTION = "bench"
HERE = Path(__file__).resolve().parent.parent


class Bench:
    """The data of one run, read when first used."""

    def __init__(
        self, data: Set, folder: Path, *, wheel: Path | None = None, optimize: bool = False
    ) -> None:
        self.data = data
        self.folder = folder
        self.wheel = wheel
        self.optimize = optimize
        self.made: dict[str, dict[str, float]] = {}

    @functools.cached_property
    def query_vectors(self) -> np.ndarray:
        """float32 (1000, 384)."""
        return self.data.query_vectors()

    @functools.cached_property
    def queries(self) -> list[dict[str, str]]:
        return self.data.queries()

    @functools.cached_property
    def truth(self) -> dict[str, np.ndarray]:
        return self.data.truth()

    @functools.cached_property
    def words(self) -> dict[str, list[dict[str, Any]]]:
        return self.data.words()

    @functools.cached_property
    def conditions(self) -> dict[str, str]:
        return conditions(str(self.truth["far_category"]))

    def path(self, store: str) -> Path:
        """The store's file with the whole data set; made where it is not there yet."""
        if store not in self.made:
            self.made[store] = self.ingest(store, self.folder / store)
            if self.optimize and store == "engram":
                with engram.open(str(self.made[store]["path"]), embedder=None) as db:
                    db.optimize()
        return Path(self.made[store]["path"])  # type: ignore[arg-type]

    def ingest(self, store: str, folder: Path) -> dict[str, Any]:
        """Put the data set into a new file of a store, in a process of its own; its report."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return run_python(HERE / "measures" / "ingesting.py", store, self.data.folder, folder)

    def copy(self, store: str) -> Path:
        """A copy of the store's file, to be changed and thrown away."""
        source = self.path(store)
        target = self.folder / f"copy.{source.parent.name}"
        target.unlink(missing_ok=True)
        shutil.copyfile(source, target)
        return target

    @functools.cached_property
    def collection(self) -> engram.Collection:
        """The collection of the whole data set, opened once, for reading."""
        path = self.path("engram")
        return engram.open(path, embedder=None, read_only=True).collection(COLLECTION)


def rows(ids: Sequence[str]) -> list[int]:
    """Row numbers of record ids; a record put later than the data set counts as -1."""
    return [int(one[1:]) if one.startswith("r") else -1 for one in ids]


def run_python(script: Path, *arguments: object) -> dict[str, Any]:
    """Run a script in a new process; it prints one JSON object as its last line."""
    command = [sys.executable, str(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{script.name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])
