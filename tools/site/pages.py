"""What the site has beside the files of docs/, and in which order.

Owns: the navigation (pages by folder, titled by their headings), one page of docstrings for each public
module, and pages of the files beside docs/. MkDocs calls the functions whose names begin with ``on_``.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "engram"
FIRST = ["index.md", "installation.md", "quickstart.md", "tutorial.md", "rag-tutorial.md"]
SECTIONS = {
    "How-to": "how-to",
    "Reference": "reference",
    "Explanation": "explanation",
    "Internals": "internals",
}
BESIDE = {
    "ARCHITECTURE.md": "internals/architecture.md",
    "CHANGELOG.md": "internals/changelog.md",
    "CONTRIBUTING.md": "internals/contributing.md",
    "SECURITY.md": "internals/security.md",
}
MORE = {"engram.errors", "engram.types"}
DOCSTRINGS = "reference/python"
LINK = re.compile(r"\[([^\]]*)\]\(([^):#]+)(#[^)]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Make the navigation."""
    docs = ROOT / "docs"
    top = [name for name in FIRST if (docs / name).exists()]
    top += sorted(page.name for page in docs.glob("*.md") if page.name not in FIRST)
    nav: list[Any] = list(top)
    for title, folder in SECTIONS.items():
        pages = [f"{folder}/{page.name}" for page in (docs / folder).glob("*.md")]
        pages += [page for page in BESIDE.values() if page.startswith(f"{folder}/")]
        inside: list[Any] = sorted(pages)
        if folder == "reference":
            inside.sort(key=lambda page: page != "reference/api.md")
            modules = [{module: page_of(module)} for module in public_modules()]
            inside.append({"Docstrings": modules})
        nav.append({title: inside})
    config.nav = nav
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are no files of docs/."""
    for module in public_modules():
        text = f"# {module}\n\n::: {module}\n"
        files.append(File.generated(config, page_of(module), content=text))
    for name, page in BESIDE.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        text = LINK.sub(lambda link, page=page: moved(link, page), text)
        files.append(File.generated(config, page, content=text))
    return files


def page_of(module: str) -> str:
    """Give the page of a module's docstrings."""
    return f"{DOCSTRINGS}/{module}.md"


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
    """List the modules that say what of them is public: the package and its subpackages, and more."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        if any(part.startswith("_") and part != "__init__" for part in parts):
            continue
        package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if package else parts)
        listed = package or name in MORE or parts[-2] == "compat"
        if listed and name != "engram.cli" and names_of(path):
            found.append(name)
    return found


def names_of(path: Path) -> list[str]:
    """Give the names of ``__all__`` of a module."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return list(ast.literal_eval(node.value))
    return []
