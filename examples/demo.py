"""Put the documentation of Python's standard library into one file and ask it questions.

Run by ``make demo``. Everything happens offline: the passages are the docstrings of the standard
library that this Python came with, found by parsing its sources.
"""

from __future__ import annotations

import ast
import inspect
import sysconfig
import tempfile
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import engram

if TYPE_CHECKING:
    from collections.abc import Iterator

MIN_CHARS = 40
QUESTIONS: list[tuple[str, str | None]] = [
    ("how do I measure how long a small piece of code takes to run?", None),
    ("undo the compression of a gzip file", None),
    ("pick a random element from a list", None),
    ("wait until several tasks running at the same time are all finished", None),
    ("split a shell command line into arguments", None),
    ("parse dates from text", "package = 'email' OR package = 'datetime'"),
]


def docstrings(library: Path) -> Iterator[dict[str, Any]]:
    """Give a record for every public docstring of the library's sources."""
    for path in sorted(library.rglob("*.py")):
        parts = path.relative_to(library).with_suffix("").parts
        hidden = any(part.startswith("_") and part != "__init__" for part in parts)
        if hidden or {"test", "tests", "site-packages", "idlelib", "lib2to3"} & set(parts):
            continue
        module = ".".join(part for part in parts if part != "__init__")
        try:
            tree = ast.parse(path.read_bytes())
        except SyntaxError:
            continue
        yield from _documented(tree, module, module)


def _documented(node: ast.AST, name: str, module: str) -> Iterator[dict[str, Any]]:
    """Give the docstring of a module, class or function, and those within it."""
    assert isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
    text = ast.get_docstring(node)
    if text and len(text) >= MIN_CHARS:
        kind = {"Module": "module", "ClassDef": "class"}.get(type(node).__name__, "function")
        line = getattr(node, "lineno", 1)
        yield {
            "id": f"{name}:{line}",
            "text": f"{name}\n{inspect.cleandoc(text)}",
            "metadata": {
                "module": module,
                "package": module.partition(".")[0],
                "name": name,
                "kind": kind,
                "line": line,
            },
        }
    for child in node.body:
        if isinstance(child, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            private = child.name.startswith("_")
            if not private:
                yield from _documented(child, f"{name}.{child.name}", module)


def main() -> None:
    """Fill a file, ask it questions, check it."""
    records = list(docstrings(Path(sysconfig.get_path("stdlib"))))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library.engram"
        with engram.open(path) as db:
            library = db.collection("library")
            started = time.perf_counter()
            count = library.put_many(records)
            seconds = time.perf_counter() - started
            stats = db.stats()
            print(f"Put {count:,} docstrings of the standard library into one file")
            print(f"  {count / seconds:,.0f} records/s, each with full text and a vector")
            print(f"  {stats.file_bytes / 1e6:.1f} MB on disk, commit {stats.commit}\n")
            for question, where in QUESTIONS:
                ask(library, question, where)
            report = db.verify(deep=True)
            state = "sound" if report else "DAMAGED"
            print(f"verify(deep=True): {state}, {report.records:,} records counted again")


def ask(library: engram.Collection, question: str, where: str | None) -> None:
    """Ask one question and print the best passages with their sources."""
    hits = library.query(question, where=where, k=3)
    report = hits.report
    condition = f"  [where {where}]" if where else ""
    print(f"? {question}{condition}")
    for hit in hits:
        source = f"{hit.metadata['module']}, line {hit.metadata['line']}"
        print(f"  {hit.score:.4f}  {hit.metadata['name']}  ({source})")
        said = " ".join((hit.text or "").partition("\n")[2].split())
        print(textwrap.indent(textwrap.shorten(said, 110, placeholder=" ..."), " " * 10))
    ran = " + ".join(report.retrievers)
    print(f"  {ran} over {report.matched:,} records in {report.took_ms:.1f} ms\n")


if __name__ == "__main__":
    main()
