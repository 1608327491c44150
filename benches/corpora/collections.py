"""Test collections with known answers, made from documentation: what quality is judged on besides
collections that others judged.

Owns: seven collections. In each a question belongs to one text, from which it was taken away:
package summaries and descriptions (English, German, Japanese), manual pages and their NAME lines,
two lists of frequent questions, functions of Python's library and their first docstring sentence.
They are known-item collections: good for comparing settings, not for absolute claims.
"""

from __future__ import annotations

import ast
import gzip
import html
import json
import random
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from .packages import read_text
from .paragraphs import of_manual, of_page

SEED = 3
MOST_DOCUMENTS = 3000
MOST_CHARACTERS = 12_000

Pairs = list[tuple[str, str]]
"""Questions with the text that answers each."""


def _spaces(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def descriptions(file: Path, language: str, least: int) -> Pairs:
    """Summaries and long descriptions of apt's translation list."""
    pairs: dict[str, str] = {}
    starts: set[str] = set()
    entries = re.split(rf"^Description-{language}:", file.read_text("utf-8"), flags=re.MULTILINE)
    for entry in entries[1:]:
        head, *rest = entry.split("\n\n", 1)[0].split("\n")
        summary = head.strip()
        text = " ".join("" if line.strip() == "." else line.strip() for line in rest).strip()
        fresh = summary not in pairs and text[:80] not in starts
        if len(text) >= least and len(summary) >= 12 and fresh:
            pairs[summary] = text
            starts.add(text[:80])
    return list(pairs.items())


def manuals(trees: Path) -> Pairs:
    """Manual pages without their NAME section, which is the question."""
    pairs: dict[str, str] = {}
    for file in sorted(trees.rglob("man[1-8]/*.gz")):
        if file.is_symlink() or file.parent.parent.name != "man":
            continue
        source = read_text(file)
        name = re.search(r'\.SH "?NAME"?\s*\n(.*?)(?=\n\.SH)', source, re.DOTALL)
        if name is None:
            continue
        line = re.sub(r"\\f[BIRP]|\\&|^\.\w+", "", name[1].replace("\\-", "-"), flags=re.MULTILINE)
        question = _spaces(line).partition(" - ")[2].strip()
        text = _spaces(" ".join(of_manual(source[name.end() :])))
        if len(question.split()) >= 4 and len(text) >= 400:
            pairs.setdefault(question, text[:MOST_CHARACTERS])
    return list(pairs.items())


def perl_questions(trees: Path) -> Pairs:
    """perlfaq: headings and what stands under them."""
    pairs = []
    for file in sorted((trees / "perl-doc").rglob("perlfaq[1-9].pod")):
        for part in re.split(r"^=head2 ", read_text(file), flags=re.MULTILINE)[1:]:
            heading, _, answer = part.partition("\n")
            answer = re.split(r"^=head1", answer, flags=re.MULTILINE)[0]
            question = re.sub(r"[A-Z]<([^>]*)>", r"\1", heading).strip()
            if len(answer) > 120:
                pairs.append((question, _spaces(re.sub(r"X<[^>]*>", "", answer))))
    return pairs


def essays(trees: Path) -> Pairs:
    """An FAQ of long prose: headings and the section under each."""
    section = r"<h[23]>\s*[A-J]\.[\d.]+\s+(.*?)</h[23]>(.*?)(?=<h[23]>|\Z)"
    pairs = []
    for file in sorted((trees / "anarchism").rglob("*.html")):
        for heading, body in re.findall(section, read_text(file), re.DOTALL):
            question = _spaces(re.sub(r"<[^>]+>", "", html.unescape(heading)))
            text = _spaces(" ".join(of_page(body)))
            if len(text) > 300:
                pairs.append((question, text[: MOST_CHARACTERS // 2]))
    return pairs


def _functions(source: str) -> Iterator[tuple[str, str]]:
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or len(node.body) < 2:
            continue
        documented = ast.get_docstring(node)
        first, last = node.body[1].lineno, node.end_lineno or 0
        if documented and 4 <= last - first <= 60:
            head = lines[node.lineno - 1 : node.body[0].lineno - 1]
            question = _spaces(re.split(r"(?<=[.])\s|\n\s*\n", documented.strip())[0])
            yield question, "\n".join(head + lines[first - 1 : last])


def functions() -> Pairs:
    """Functions of the installed library without their docstring, whose first sentence asks."""
    pairs: dict[str, str] = {}
    for file in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        if "test" in file.parts or "site-packages" in file.parts:
            continue
        try:
            found = list(_functions(file.read_text("utf-8")))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for question, code in found:
            if 5 <= len(question.split()) <= 30:
                pairs.setdefault(question, code)
    return list(pairs.items())


def _write(folder: Path, name: str, pairs: Pairs, questions: int) -> str:
    random.Random(SEED).shuffle(pairs)
    pairs = pairs[:MOST_DOCUMENTS]
    target = folder / name
    target.mkdir(parents=True, exist_ok=True)
    asked = pairs[:questions]
    corpus = ({"_id": f"d{i}", "title": "", "text": text} for i, (_, text) in enumerate(pairs))
    queries = ({"_id": f"q{i}", "text": question} for i, (question, _) in enumerate(asked))
    for file, rows in (("corpus", corpus), ("queries", queries)):
        with gzip.open(target / f"{file}.jsonl.gz", "wt", encoding="utf-8") as out:
            out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    with gzip.open(target / "qrels.tsv.gz", "wt", encoding="utf-8") as out:
        out.writelines(f"q{i}\td{i}\t1\n" for i in range(len(asked)))
    return f"{name}: {len(pairs):,} texts, {len(asked)} questions"


def make(folder: Path, target: Path) -> Iterator[str]:
    """Make the collections from what `packages.fetch` got; a line about each."""
    trees = folder / "trees"
    for language, least in (("en", 200), ("de", 200), ("ja", 80)):
        file = folder / ("descriptions.txt" if language == "en" else f"descriptions-{language}.txt")
        yield _write(target, f"packages-{language}", descriptions(file, language, least), 400)
    yield _write(target, "manuals", manuals(trees), 300)
    yield _write(target, "perl-questions", perl_questions(trees), 300)
    yield _write(target, "essays", essays(trees), 300)
    yield _write(target, "functions", functions(), 400)
