"""A model that is loaded and run leaves nothing behind."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

NOT_OURS = {"CI", "GITHUB_ACTIONS", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS"}
"""A runtime that believes itself under test reports nothing in any case."""

CODE = """
import os, sys
before = dict(os.environ)
from engram.embed import Dense
assert "onnxruntime" not in sys.modules
Dense(sys.argv[1]).encode("a cat")
assert "onnxruntime" in sys.modules
print(dict(os.environ) == before)
"""


OPENVINO = """
import os, sys
before = dict(os.environ)
from engram.embed import Dense
assert "openvino" not in sys.modules
Dense(sys.argv[1], backend="openvino").encode("a cat")
assert "openvino" in sys.modules
print(dict(os.environ) == before and not any("openvino_telemetry" in name for name in sys.modules))
"""


def load(folder, place, code=CODE, **variables):
    """Load a model in a process of its own; give what it says, and the files that it leaves."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    homes = dict.fromkeys(("HOME", "TMPDIR", "XDG_DATA_HOME", "XDG_CACHE_HOME"), str(place))
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        env=kept | homes | variables | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, sorted(path.name for path in place.rglob("*"))


@pytest.mark.parametrize("variables", [{}, {"ORT_DISABLE_TELEMETRY": "0"}])
def test_no_identifier_and_no_variable_is_left(dense_folder, tmp_path, variables):
    place = tmp_path / "home"
    place.mkdir()
    said, left = load(dense_folder(), place, **variables)
    assert said == "True\n"
    assert left == []


def test_openvino_reports_to_nobody_and_leaves_nothing(dense_folder, tmp_path):
    if find_spec("openvino") is None:
        pytest.skip("OpenVINO is not installed")
    place = tmp_path / "home"
    place.mkdir()
    said, left = load(dense_folder(), place, OPENVINO)
    assert said == "True\n"
    assert left == []
