"""Build the documentation as a site: `make docs`, or ``python tools/site/build.py OUT``.

Owns: what the site has beside the files of docs/: the navigation, one page of docstrings for each
public module, and the pages of the files beside docs/. The sources are put together in
``OUT/source``, since Sphinx reads one folder; docs/ itself stays plain Markdown.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import re
import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import main as sphinx

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PACKAGE = ROOT / "python" / "engram"
BESIDE = {
    "ARCHITECTURE.md": "internals/architecture.md",
    "CHANGELOG.md": "internals/changelog.md",
    "CONTRIBUTING.md": "internals/contributing.md",
    "SECURITY.md": "internals/security.md",
}
FOREIGN = ["model_config", "model_post_init"]
"""Members that pydantic gives."""

LINK = re.compile(r"\[([^\]]*)\]\(([^):#]+)(#[^)]*)?\)")
NAVIGATION = {
    "": ["installation", "quickstart", "tutorial", "rag-tutorial"],
    "How-to": ["how-to/*"],
    "Reference": ["reference/api", "reference/*"],
    "Docstrings": ["reference/python/engram", "reference/python/*"],
    "Explanation": ["explanation/*"],
    "Internals": ["internals/architecture", "internals/*"],
}


def main() -> int:
    """Put the sources together and build; a warning is an error."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("out", type=Path, help="the folder to write to")
    out = arguments.parse_args().out
    for part in ("source", "cache", "html"):
        shutil.rmtree(out / part, ignore_errors=True)
    source = out / "source"
    gather(source)
    settings = ["-c", str(Path(__file__).parent), "-d", str(out / "cache")]
    strict = ["--fail-on-warning", "--keep-going", "--quiet"]
    return sphinx(["-b", "html", *settings, *strict, str(source), str(out / "html")])


def gather(source: Path) -> None:
    """Copy docs/, and add what is not there."""
    shutil.copytree(DOCS, source)
    (source / "reference" / "python").mkdir()
    for module, text in docstrings().items():
        (source / "reference" / "python" / f"{module}.md").write_text(text, encoding="utf-8")
    for name, page in BESIDE.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        text = LINK.sub(lambda link, page=page: moved(link, page), text)
        (source / page).write_text(text, encoding="utf-8")
    with (source / "index.md").open("a", encoding="utf-8") as index:
        index.writelines(contents(source, caption, pages) for caption, pages in NAVIGATION.items())


def contents(source: Path, caption: str, pages: list[str]) -> str:
    """Write one part of the navigation; pages that are not there are left out."""
    there = [page for page in pages if "*" in page or (source / f"{page}.md").exists()]
    head = [":hidden:", ":glob:", *([f":caption: {caption}"] if caption else [])]
    return "\n".join(["", "```{toctree}", *head, "", *there, "```", ""])


def docstrings() -> dict[str, str]:
    """Write a page of docstrings for each public module; each object stands on the first of them.

    Names that load when they are asked for are loaded here, so that autodoc sees them, and before
    autodoc sets ``typing.TYPE_CHECKING`` for what it imports: not every package bears that.
    """
    os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
    pages, homes = {}, {}
    for name in public_modules():
        module = importlib.import_module(name)
        elsewhere = {}
        for one in module.__all__:
            value = getattr(module, one)
            setattr(module, one, value)
            if callable(value) and homes.setdefault(value, name) != name:
                elsewhere[one] = homes[value]
        also = "".join(f"- `{home}.{one}`\n" for one, home in elsewhere.items())
        pages[name] = "\n".join(
            [
                f"# {name}\n",
                "```{eval-rst}",
                f".. automodule:: {name}",
                f"   :exclude-members: {','.join([*FOREIGN, *elsewhere])}",
                "```\n",
                f"Also here:\n\n{also}" if also else "",
            ]
        )
    return pages


def moved(link: re.Match[str], page: str) -> str:
    """Let a link of a file beside docs/ lead to its target in the site; or keep its text alone."""
    shown, target, anchor = link.groups("")
    if target in BESIDE:
        found = BESIDE[target]
    elif target.startswith("docs/"):
        found = target.removeprefix("docs/")
    else:
        return shown
    return f"[{shown}]({'../' * page.count('/')}{found}{anchor})"


def public_modules() -> list[str]:
    """List the packages, and the modules of `engram.compat`, that say what of them is public."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if package else parts)
        listed = package or parts[-2] == "compat"
        if listed and name != "engram.cli" and has_names(path):
            found.append(name)
    # What another system's names lead to has its own page.
    return sorted(found, key=lambda name: name.startswith("engram.compat."))


def has_names(path: Path) -> bool:
    """Say whether a module has an ``__all__``."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return any(
        isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
        for node in body
    )


if __name__ == "__main__":
    sys.exit(main())
