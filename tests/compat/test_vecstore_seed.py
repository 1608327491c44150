"""The document that ordered VecStore: its samples run, with the import changed and nothing else."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from network_guard import watched

import engram
from engram.compat import vecstore

SEED = Path(__file__).parents[2].parent / "shared" / "seeds" / "000-vecstore-python.md"

pytestmark = pytest.mark.skipif(not SEED.exists(), reason="the document is not here")


def blocks():
    text = SEED.read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def promised():
    """List every method of a class in the samples: class, method, names of its parameters."""
    found = []
    for block in blocks() if SEED.exists() else ():
        for one in re.finditer(
            r"class (\w+):|^    def (\w+)\((.*?)\)", block, re.DOTALL | re.MULTILINE
        ):
            if one.group(1):
                kind = one.group(1)
                continue
            parameters = re.sub(r"\[[^\]]*\]", "", one.group(3))
            found.append((kind, one.group(2), re.findall(r"(\w+): ", parameters)))
    return found


@pytest.mark.parametrize(("kind", "method", "names"), promised())
def test_every_promised_method_takes_what_was_promised(kind, method, names):
    assert kind in vecstore.__all__
    promised_by = getattr(vecstore, kind)
    if method in getattr(promised_by, "__dataclass_fields__", {}):
        return
    assert set(names) <= set(inspect.signature(getattr(promised_by, method)).parameters)


def test_enough_was_found_in_the_document():
    assert len(list(promised())) >= 25
    assert {kind for kind, _, _ in promised()} >= {"VecStore", "VecDatabase", "Collection"}


def test_the_sample_of_a_test_passes(tmp_path):
    (sample,) = [block for block in blocks() if "def test_upsert" in block]
    changed = sample.replace("from vecstore import", "from engram.compat.vecstore import")
    assert changed != sample
    (tmp_path / "test_sample.py").write_text(changed, encoding="utf-8")
    package = str(Path(engram.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_sample.py"],
        cwd=tmp_path,
        env=watched({"PYTHONPATH": package, "PATH": "", "TMPDIR": str(tmp_path)}),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
