"""What a newcomer does, run by the wheel in an environment that holds nothing else of ours.

`make package` runs it; it is no pytest module, since pytest is not installed there.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

started = time.perf_counter()
import engram  # noqa: E402 - the import is what is timed

IMPORT_MS_MAX = 150
WHEEL_BYTES_MAX = 15_000_000

took_ms = (time.perf_counter() - started) * 1e3
assert took_ms < IMPORT_MS_MAX, f"import took {took_ms:.0f} ms"
assert "numpy" not in sys.modules, "importing engram imports NumPy"
assert Path(engram.__file__).is_relative_to(sys.prefix), f"not the installed one: {engram.__file__}"
assert Path(sys.argv[1]).stat().st_size < WHEEL_BYTES_MAX, "the wheel is above 15 MB"

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "notes.engram"
    with engram.open(path) as db:
        notes = db.collection("notes")
        notes.put("n1", text="Alice met Bob in Paris.", metadata={"year": 2024})
        notes.put("n2", text="The recipe needs two eggs.", metadata={"year": 2019})
        assert notes.query("who was in France?", where="year >= 2020")[0].id == "n1"
        assert db.verify(deep=True)
    command = [Path(sys.prefix) / "bin" / "engram", "find", path, "eggs", "--collection", "notes"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "n2" in shown.stdout, shown

sys.stdout.write(f"the wheel works: import {took_ms:.0f} ms\n")
