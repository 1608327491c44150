"""Reads paragraphs out of documentation: HTML, manual pages, plain text, dictionaries.

Owns: one reader per form, and `sources`: which file is read by which. Markup, code blocks, change
logs, indexes and translations are left out; nothing else is judged here (see `passages.py`).
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from .packages import read_text

MOST_BYTES = 8_000_000
DICTIONARIES = ("dict-gcide", "dict-foldoc", "dict-jargon", "dict-devil")
LEFT_OUT = re.compile(r"genindex|changelog|copyright|searchindex|/_sources/")
LANGUAGES = "ar ca cs da de el es fa fi fr he hr hu id it ja ko nb nl pl pt ro ru sv tr uk vi zh"
_CODES = "|".join(LANGUAGES.split())
TRANSLATED = re.compile(rf"/({_CODES})([-_]\w\w)?/|\.html\.(?!en)\w+|\.({_CODES})\.html")
BLANK_LINE = re.compile(r"\n\s*\n")


class _Page(HTMLParser):
    """Collects the text of a page, blocks parted by blank lines."""

    SKIPPED = frozenset(("script", "style", "head", "nav", "pre", "svg"))
    BLOCKS = frozenset("p div li h1 h2 h3 h4 h5 td tr dd dt table ul".split())

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.inside = 0

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        if tag in self.SKIPPED:
            self.inside += 1
        elif tag in self.BLOCKS or tag == "br":
            self.parts.append(" " if tag == "br" else "\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.SKIPPED:
            self.inside = max(0, self.inside - 1)
        elif tag in self.BLOCKS:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.parts.append(data)


def of_page(text: str) -> list[str]:
    page = _Page()
    page.feed(text)
    return BLANK_LINE.split("".join(page.parts))


def of_manual(text: str) -> list[str]:
    """A manual page in troff: words in fonts are kept, the other requests end a paragraph or go."""
    lines = []
    for line in text.splitlines():
        if not line.startswith((".", "'")):
            lines.append(line)
            continue
        request, _, rest = line.partition(" ")
        if request in {".PP", ".P", ".TP", ".SH", ".SS", ".LP", ".IP"}:
            lines.append("\n")
        elif request in {".B", ".I", ".BR", ".IR", ".RB", ".RI", ".BI", ".IB"} and rest:
            lines.append(rest.replace('"', ""))
    joined = "\n".join(lines).replace("\\-", "-")
    return BLANK_LINE.split(re.sub(r"\\f[BIRP]|\\&|\\[|^]", "", joined))


def of_dictionary(index: Path) -> Iterator[str]:
    """The entries of a dictd dictionary: its index names offset and length in base 64 digits."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    def number(word: str) -> int:
        value = 0
        for digit in word:
            value = value * 64 + digits.index(digit)
        return value

    body = gzip.open(index.with_suffix(".dict.dz")).read()
    for line in index.read_text("utf-8", "ignore").splitlines():
        fields = line.split("\t")
        if len(fields) >= 3 and not fields[0].startswith("00"):
            start = number(fields[1])
            yield body[start : start + number(fields[2])].decode("utf-8", "ignore")


def of_descriptions(file: Path) -> Iterator[str]:
    """Each package's description as one paragraph, from apt's translation list."""
    current: list[str] | None = None
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("Description-en:"):
                current = [line.split(":", 1)[1].strip() + "."]
            elif current is not None and line.startswith(" "):
                current.append("" if line.strip() == "." else line.strip())
            elif current is not None:
                yield " ".join(current)
                current = None


def of_file(file: Path) -> list[str] | None:
    """The paragraphs of one documentation file; None where it is none."""
    name = file.name.removesuffix(".gz")
    path = str(file)
    if LEFT_OUT.search(path):
        return None
    if name.endswith((".html", ".htm")):
        return None if TRANSLATED.search(path) else of_page(read_text(file))
    if re.search(r"\.[1-8][a-z]*$", name) and "/man" in path:
        return of_manual(read_text(file))
    if name.endswith((".txt", ".rst", ".md", ".pod")):
        return BLANK_LINE.split(read_text(file))
    if "/fortunes/" in path and not name.endswith((".dat", ".u8")):
        return read_text(file).split("\n%\n")
    return None


def sources(folder: Path) -> Iterator[tuple[str, Iterator[str], bool]]:
    """Every source as (name, paragraphs, whether a paragraph stands alone)."""
    trees = folder / "trees"
    yield "debian-package", of_descriptions(folder / "descriptions.txt"), True
    for name in DICTIONARIES:
        for index in sorted((trees / name).rglob("*.index")):
            yield name, of_dictionary(index), True
    for file in sorted((trees / "wordnet-base").rglob("data.*")):
        lines = file.read_text("utf-8", "ignore").splitlines()
        yield "wordnet", (line.split("|", 1)[1] for line in lines if "|" in line), False
    for tree in sorted(trees.iterdir()):
        if tree.name in {*DICTIONARIES, "wordnet-base"}:
            continue
        for file in sorted(tree.rglob("*")):
            if file.is_symlink() or not file.is_file() or file.stat().st_size > MOST_BYTES:
                continue
            paragraphs = of_file(file)
            if paragraphs is not None:
                yield tree.name, iter(paragraphs), False
