"""A model that runs here tells nobody."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime")

PROGRAM = """
import os
from engram.embed import devices
assert "cpu" in devices()
assert os.environ.get("ORT_DISABLE_TELEMETRY") == {before!r}, "the environment was changed"
"""


@pytest.mark.parametrize("before", [None, "0"])
def test_the_runtime_is_loaded_without_its_reports(tmp_path, before):
    """What reports leaves the number of its session in the folder for temporary files."""
    # A runtime that believes itself under test reports nothing in any case.
    own = {"CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "GITHUB_ACTIONS"}
    environment = {name: value for name, value in os.environ.items() if name not in own}
    environment |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment |= {"TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    if before is not None:
        environment["ORT_DISABLE_TELEMETRY"] = before
    subprocess.run(
        [sys.executable, "-c", PROGRAM.format(before=before)],
        check=True,
        env=environment,
        cwd=Path(__file__).parents[2],
        timeout=50,
    )
    assert list(tmp_path.iterdir()) == []
