"""The examples run, say what they should, and leave nothing behind."""

import subprocess
import sys
from pathlib import Path

import pytest
from network_guard import watched

import engram

ROOT = Path(__file__).parents[2]
PACKAGE = str(Path(engram.__file__).parents[1])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "basic_rag.py",
            [
                "put tents.md: 2 chunks",
                "Petrol stoves work in any cold, but need cleaning. [1]",
                "carbon monoxide has no smell. [1]",
                "stoves.md: Safety (",
            ],
        ),
        (
            "pdf_rag.py",
            [
                "tent.pdf: 3 pages, 3 chunks",
                "-> tent.pdf, page 2",
                "-> tent.pdf, page 3",
                "-> tent.pdf, page 1",
            ],
        ),
        (
            "conversation.py",
            [
                "Be brief.\n\nsystem: Summary so far: My cat is called Minka",
                "user: My cat is called Minka, and she is nine years old.",
                "after clear(): 0 records",
            ],
        ),
        (
            "text_splitting.py",
            [
                "  0-82\n    | Storks winter in Africa.",
                "'Birds > Size\\n| species | wingspan |\\n|---|---|'",
                "'class Stork'",
                "to the last character",
            ],
        ),
    ],
)
def test_an_example_runs_and_cleans_up(tmp_path, name, said):
    (tmp_path / "tmp").mkdir()
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / name],
        cwd=tmp_path,
        env=watched({"PYTHONPATH": PACKAGE, "TMPDIR": str(tmp_path / "tmp"), "PATH": ""}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for words in said:
        assert words in done.stdout
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "tmp"]
