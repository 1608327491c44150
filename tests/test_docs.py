"""The docs are true: their blocks run, their names exist, their links lead somewhere."""

import importlib.util
import inspect
import re
import shlex
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import engram
import surface
from engram.cli.commands import app

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NEEDED = {
    "docs/how-to/documents.md": ("docx",),
    "docs/how-to/graph.md": ("graspologic_native", "matplotlib", "networkx"),
    "docs/how-to/migrate.md": (
        "apsw", "chromadb", "faiss", "lancedb", "qdrant_client", "sqlite_vec",
    ),
}  # fmt: skip
"""Packages that the blocks of a page need; it is skipped where one is not installed."""

NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

WORDS = [
    "the kitten sleeps",
    "people at the sea",
    "who wrote it? It was Ada who wrote it. In 1843.",
]
"""What the tiny models that stand for those of the pages have to know."""

NAMED = ["Ada Lovelace lived in London. She wrote the first program there."]


def script(path):
    """Load a file of the project that is no module of a package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_models(place):
    """Make tiny models of true format under the names that the pages have."""
    tiny = script(ROOT / "examples" / "tiny_models.py")
    tiny.dense(place / "my-fine-tuned-model", WORDS)
    tiny.colbert(place / "colbertv2", WORDS)
    tiny.cross_encoder(place / "ms-marco-MiniLM-L-6-v2", WORDS)
    tiny.tagger(place / "bert-base-NER", NAMED, {"ada": "PER", "lovelace": "PER", "london": "LOC"})
    tiny.writer(place / "distilbart-cnn-6-6", NAMED)
    script(ROOT / "tests" / "embed" / "conftest.py").write_clip(place / "clip-vit-base-patch32")


def blocks(page, language):
    pattern = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    found = pattern.findall(page.read_text(encoding="utf-8"))
    return [block for block in found if block.strip()]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_the_blocks_of_a_page_run_in_order(page, tmp_path, monkeypatch, capsys):
    for package in NEEDED.get(str(page.relative_to(ROOT)), ()):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    (tmp_path / "README.md").write_text((ROOT / "README.md").read_text(encoding="utf-8"))
    space = {"__name__": "docs"}
    assert blocks(page, "py") == [], "a block of Python runs"
    if any('"models/' in block for block in blocks(page, "python")):
        make_models(tmp_path / "models")
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), space)
    for value in space.values():
        if isinstance(value, engram.Database):
            value.close()
    for block in blocks(page, "console"):
        for line in block.splitlines():
            prompt, _, command = line.partition(" engram ")
            assert prompt == "$"
            result = CliRunner().invoke(app, shlex.split(command))
            assert result.exit_code == 0, (command, result.stderr, result.exception)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (page.parent / target).exists(), target


def test_the_quick_start_gives_what_it_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    records, lenses = blocks(ROOT / "README.md", "python")
    exec(records, {})
    first, report = capsys.readouterr().out.splitlines()
    assert first.startswith("n1 ")
    assert report.startswith("Report(lexical+semantic, exact=True, complete=True")
    exec(lenses, {})
    answer, nodes = capsys.readouterr().out.splitlines()
    assert answer.startswith("The Bergfex 2 weighs 1.9 kilograms. [1] [1] tents.txt (0-")
    assert "Message" in nodes


def test_every_public_name_is_in_the_reference():
    pages = (ROOT / "docs" / "reference").glob("*.md")
    text = " ".join(page.read_text(encoding="utf-8") for page in pages)
    named = set(re.findall(r"\w+", text))
    wanted = {name for module in surface.MODULES for name in module.__all__}
    for kind in (engram.Database, engram.Collection, engram.Transaction, engram.DatabaseView,
                 engram.Record, engram.Hit, engram.Results, engram.Report,
                 engram.Edge, engram.GraphPath, engram.Subgraph):  # fmt: skip
        wanted |= {name for name in dir(kind) if not name.startswith("_")}
        for _, method in inspect.getmembers(kind, inspect.isfunction):
            if not method.__name__.startswith("_"):
                wanted |= set(inspect.signature(method).parameters) - {"self"}
    inherited = {"index", "point", "start", "stop", "value"}
    assert wanted - named - inherited == set()


def test_the_limits_page_has_the_limits():
    text = (ROOT / "docs" / "reference" / "limits.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", text, re.MULTILINE)
    assert {name: int(limit.replace(",", "")) for name, limit in rows} == engram.LIMITS


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib")
def test_every_dependency_has_its_reason():
    import tomllib

    text = (ROOT / "docs" / "explanation" / "dependencies.md").read_text(encoding="utf-8")
    named = set(re.findall(r"[\w-]+", text))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted += extra
    wanted += [
        line
        for line in (ROOT / "requirements-dev.txt").read_text().splitlines()
        if not line.startswith("#")
    ]
    names = {re.match(r"[\w-]+", line).group() for line in wanted} - {"engram"}
    for manifest in (ROOT / "crates").glob("*/Cargo.toml"):
        cargo = tomllib.loads(manifest.read_text())
        for table in ("dependencies", "dev-dependencies", "build-dependencies"):
            names |= set(cargo.get(table, {}))
    assert names - named - {"engram-core"} == set()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib")
def test_every_extra_is_on_the_page_about_installing():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "docs" / "installation.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}
    assert named >= set(project["optional-dependencies"])


def test_versions_agree():
    cargo = (ROOT / "Cargo.toml").read_text()
    project = (ROOT / "pyproject.toml").read_text()
    assert f'version = "{engram.__version__}"' in cargo
    assert f'version = "{engram.__version__}"' in project
