"""What a newcomer does, run by the wheel in an environment that holds nothing else of ours.

`make package` runs it; it is no pytest module, since pytest is not installed there. It also
measures what the package weighs: the wheel, what is installed, and the import.
"""

import re
import subprocess
import sys
import sysconfig
import tempfile
from importlib import metadata
from pathlib import Path

import engram

IMPORT_MS_MAX = 20
WHEEL_BYTES_MAX = 15_000_000
RUNS = 15
TIMED = (
    "import time; started = time.perf_counter(); import engram; "
    "print((time.perf_counter() - started) * 1e3); import sys; assert 'numpy' not in sys.modules"
)


def import_ms():
    """Import it in fresh interpreters; the quickest is what the machine was not busy in."""
    command = [sys.executable, "-c", TIMED]
    return min(float(subprocess.check_output(command)) for _ in range(RUNS))


def installed_bytes(name):
    files = metadata.files(name) or []
    return sum(path.stat().st_size for path in (file.locate() for file in files) if path.is_file())


def needed(name, found):
    """Gather what a package needs, without its extras."""
    found.add(name)
    for line in metadata.requires(name) or []:
        other = re.match(r"[\w.-]+", line).group()
        if "extra ==" not in line and other not in found and has(other):
            needed(other, found)
    return found


def has(name):
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


wheel = Path(sys.argv[1])
assert Path(engram.__file__).is_relative_to(sys.prefix), f"not the installed one: {engram.__file__}"
assert wheel.stat().st_size < WHEEL_BYTES_MAX, "the wheel is above 15 MB"
assert "-cp310-abi3-" in wheel.name, f"one wheel for all versions of Python: {wheel.name}"
# What pip makes of a source distribution is for this machine alone.
if sysconfig.get_platform().startswith("linux") and "--for-here" not in sys.argv:
    assert "manylinux" in wheel.name, f"other systems would refuse it: {wheel.name}"

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

took = import_ms()
assert took < IMPORT_MS_MAX, f"import took {took:.0f} ms"
packages = needed("engram", set()) - {"engram"}
sys.stdout.write(
    f"{wheel.name} works: wheel {wheel.stat().st_size / 1e6:.1f} MB, installed "
    f"{installed_bytes('engram') / 1e6:.1f} MB, what it needs "
    f"{sum(map(installed_bytes, packages)) / 1e6:.1f} MB ({', '.join(sorted(packages))}), "
    f"import {took:.1f} ms\n"
)
