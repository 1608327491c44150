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
name, backend = sys.argv[2:]
assert name not in sys.modules
Dense(sys.argv[1], backend=backend).encode("a cat")
assert name in sys.modules
assert "openvino_telemetry" not in sys.modules
print(dict(os.environ) == before)
"""


def load(folder, place, name="onnxruntime", backend="onnx", **variables):
    """Load a model in a process of its own; give what it says, and the files that it leaves."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    homes = dict.fromkeys(("HOME", "TMPDIR", "XDG_DATA_HOME", "XDG_CACHE_HOME"), str(place))
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(folder), name, backend],
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


@pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is not installed")
def test_openvino_leaves_nothing_either(dense_folder, tmp_path):
    place = tmp_path / "home"
    place.mkdir()
    assert load(dense_folder(), place, "openvino", "openvino") == ("True\n", [])
