"""Training text: (heading, passage) pairs from Debian documentation, dictionaries and package notes.

Owns: which sources are read and how a source becomes pairs. Input is a folder of unpacked Debian
packages (see README.md) and the apt translation list; output is one JSON object a line:
`source`, `query` (a heading, a headword or a question cut from the passage), `text`.
Invariants: deterministic for a seed and the same packages; a passage holds 8 to 110 words;
at most `PER_SOURCE` pairs a package. No file of the measured retrieval sets is read.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser as HTMLParser

PER_SOURCE = 4000
WORDS_MIN, WORDS_MAX = 8, 110
SPACE = re.compile(r"\s+")
Pair = tuple[str, str]

QUESTIONS = (
    "what is {}",
    "what is {}?",
    "what does {} mean?",
    "how does {} work?",
    "explain {}",
    "tell me about {}",
    "where can I find {}?",
    "how do I use {}?",
    "why {}?",
    "{} meaning",
)


def clean(text: str) -> str:
    """Collapse white space and drop permalink marks."""
    return SPACE.sub(" ", text.replace("¶", " ").replace("#", " ")).strip()


def passages(parts: list[str]) -> Iterator[str]:
    """Join short parts and cut long ones, so that each passage has a useful length."""
    buffer: list[str] = []
    for part in parts:
        for word in part.split(" "):
            buffer.append(word)
            if len(buffer) >= WORDS_MAX:
                yield " ".join(buffer)
                buffer = []
        if len(buffer) >= 60:
            yield " ".join(buffer)
            buffer = []
    if len(buffer) >= WORDS_MIN:
        yield " ".join(buffer)


def html_pairs(path: Path) -> Iterator[Pair]:
    """Sections of one page: the heading with the page title, and the text below it."""
    tree = HTMLParser(path.read_bytes()[:400_000])
    title_node = tree.css_first("title")
    title = re.split(r" [-—|–] |—", clean(title_node.text()) if title_node else "")[0]
    heading, parts = title, []
    for node in tree.css("h1,h2,h3,h4,p,dd,li,title"):
        if node.tag == "li" and node.css_first("p,li,a"):
            continue
        text = clean(node.text(separator=" "))
        if node.tag in ("h1", "h2", "h3", "h4"):
            yield from ((heading, p) for p in passages(parts))
            heading, parts = (text if title in text else f"{title} {text}"), []
        elif node.tag != "title" and text.count(" ") >= 5:
            parts.append(text)
    yield from ((heading, p) for p in passages(parts))


def folder_pairs(folder: Path, rng: random.Random) -> list[Pair]:
    """Pairs of one package's web pages, at most `PER_SOURCE`."""
    pages = sorted(
        p
        for s in ("*.html", "*.xhtml", "*.page")
        for p in folder.rglob(s)
        if p.is_file() and is_english(p)
    )
    rng.shuffle(pages)
    found: list[Pair] = []
    seen: set[str] = set()
    for page in pages:
        for heading, text in html_pairs(page):
            if text not in seen and mostly_ascii(text):
                seen.add(text)
                found.append((heading, text))
        if len(found) > 3 * PER_SOURCE:
            break
    rng.shuffle(found)
    return found[:PER_SOURCE]


def is_english(path: Path) -> bool:
    """Guess from the path whether a page is the English edition of a translated manual."""
    parts = path.as_posix()
    if "/core_arch/" in parts or "/core/arch/" in parts or "/_sources/" in parts:
        return False
    if "/gnome/help/" in parts or parts.endswith(".page"):
        return "/C/" in parts
    marked = re.search(
        r"/([a-z]{2}(?:[-_][A-Z]{2})?)(?:/|\.html|\.xhtml)", parts.split("/usr/share/", 1)[-1]
    )
    return marked is None or marked.group(1) in (
        "en",
        "en-US",
        "en_US",
        "cc",
        "io",
        "os",
        "fs",
        "vm",
    )


def mostly_ascii(text: str) -> bool:
    """True for text that is nearly all ASCII letters: drops tables and other languages."""
    letters = sum(c.isascii() and (c.isalpha() or c == " ") for c in text)
    return letters >= 0.82 * len(text)


def wordnet_pairs(folder: Path) -> list[Pair]:
    """Synset members against their gloss."""
    found = []
    for name in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"usr/share/wordnet/data.{name}").read_text().splitlines():
            if line.startswith("  "):
                continue
            head, _, gloss = line.partition(" | ")
            fields = head.split(" ")
            words = [fields[4 + 2 * i].replace("_", " ") for i in range(int(fields[3], 16))]
            found.append((", ".join(words[:3]), clean(", ".join(words) + ": " + gloss)))
    return found


def dictd_pairs(path: Path) -> list[Pair]:
    """Headword (first column) against the entry below it."""
    found: list[Pair] = []
    head, body = "", []
    for line in gzip.open(path, "rt", errors="replace"):
        if line[:1] not in (" ", "\n", ""):
            if head and body:
                found.append((head, clean(head + ": " + " ".join(body))))
            head, body = clean(line.split("\\")[0]), []
        elif "Webster]" not in line and not re.match(r"\s*\(\d{4}-\d\d", line):
            body.append(re.sub(r"[{}\[\]_]", "", line))
    return found


def description_pairs(apt_list: Path) -> list[Pair]:
    """One-line against long descriptions of Debian packages; data and debug twins are dropped."""
    found, seen = [], set()
    for block in apt_list.read_text().split("\n\n"):
        name = re.search(r"^Package: (\S+)", block, re.M)
        text = re.search(r"^Description-en: (.*)\n((?: .*\n?)*)", block, re.M)
        if not name or not text or text.group(1)[:24] in seen:
            continue
        seen.add(text.group(1)[:24])
        found.append((text.group(1), clean(text.group(2).replace("\n .", "\n"))))
    return found


def plain_pairs(path: Path) -> list[Pair]:
    """Paragraphs of a plain text without headings; the query is cut from them later."""
    text = path.read_text(errors="replace")
    blocks = re.split(r"\n%\n|\n\s*\n", text)
    return [("", p) for p in passages([clean(b) for b in blocks if b.count(" ") > 5])]


def query_of(heading: str, text: str, rng: random.Random) -> str:
    """Turn a pair into a query: its heading, a question about it, or words of the passage."""
    words = text.split(" ")
    kind = rng.random()
    if heading and kind < 0.45:
        return heading
    if heading and kind < 0.6:
        return rng.choice(QUESTIONS).format(heading.lower())
    if kind < 0.8:
        return re.split(r"(?<=[.!?;]) ", text)[
            rng.randrange(1 + text.count(". ")) if ". " in text else 0
        ]
    length = min(len(words), rng.randint(4, 12))
    start = rng.randrange(len(words) - length + 1)
    span = words[start : start + length]
    return rng.choice(QUESTIONS).format(" ".join(span)) if rng.random() < 0.3 else " ".join(span)


def collect(packages: Path, apt_list: Path, rng: random.Random) -> Iterator[tuple[str, list[Pair]]]:
    """Yield each source with its pairs."""
    for folder in sorted(packages.iterdir()):
        yield folder.name, folder_pairs(folder, rng)
    caps = {"foldoc": 9000, "gcide": 30000}
    for path in sorted(packages.rglob("*.dict.dz")):
        name = path.name.split(".")[0]
        pairs = dictd_pairs(path)
        rng.shuffle(pairs)
        yield name, pairs[: caps.get(name, PER_SOURCE)]
    pairs = wordnet_pairs(packages / "wordnet-base")
    rng.shuffle(pairs)
    yield "wordnet", pairs[:45000]
    pairs = description_pairs(apt_list)
    rng.shuffle(pairs)
    yield "descriptions", pairs[:35000]
    plain = [
        *packages.rglob("games/fortunes/*.u8"),
        *packages.rglob("skycultures/*/description.en.utf8"),
    ]
    for path in sorted(plain):
        yield "plain", plain_pairs(path)


def main() -> None:
    """Write the pairs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--apt-list", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    rng = random.Random(20261120)
    rows = []
    for source, pairs in collect(args.packages, args.apt_list, rng):
        kept = [
            (h, " ".join(t.split(" ")[:WORDS_MAX]))
            for h, t in pairs
            if t.count(" ") >= WORDS_MIN - 1
        ]
        rows += [{"source": source, "query": query_of(h, t, rng), "text": t} for h, t in kept]
        if kept:
            print(source, len(kept))
    rows = [r for r in rows if r["query"].strip()]
    rng.shuffle(rows)
    with args.out.open("w") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    print("total", len(rows))


if __name__ == "__main__":
    main()
