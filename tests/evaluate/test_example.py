"""The example runs, says what it should, and leaves nothing behind."""

import subprocess
import sys
from pathlib import Path

from network_guard import watched

import engram

ROOT = Path(__file__).parents[2]


def test_the_example_measures_and_cleans_up(tmp_path):
    (tmp_path / "tmp").mkdir()
    package = str(Path(engram.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "evaluation.py"],
        cwd=tmp_path,
        env=watched({"PYTHONPATH": package, "TMPDIR": str(tmp_path / "tmp"), "PATH": ""}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for said in ("lexical: nDCG@5", "hybrid: nDCG@5", "(p=", "llm.answer", "REGRESSION"):
        assert said in done.stdout
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "tmp"]
