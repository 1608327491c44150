"""Reading files that are text: as it stands, so that offsets are those of the decoded file.

Owns: plain text, source code, Markdown with its front matter, delimited text and JSON. Invariant:
the document's text is the decoded file, to the character.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING

from engram.extract.building import storable, with_header
from engram.extract.dates import iso, stated_date
from engram.extract.encodings import decode
from engram.extract.failing import damaged, missing, reading
from engram.extract.sheets import BLOCK_ROWS
from engram.rag.markdown import FRONT_MATTER, outline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from engram.extract.building import Builder
    from engram.extract.documents import Document
    from engram.extract.request import Request

__all__ = ["read_delimited", "read_json", "read_json_lines", "read_markdown", "read_text"]

_SNIFFED = 16_384
_DELIMITERS = ",;\t|"
_AUTHORS = ("author", "authors", "creator")
_MODIFIED = ("modified", "updated", "lastmod", "last_modified")
_CELL_GAP = re.compile(r"(?<!\\)\|")


def _decoded(request: Request) -> tuple[str, Builder]:
    text, encoding, found = decode(request.raw, request.encoding)
    builder = request.builder()
    builder.metadata |= {"encoding": encoding, "encoding_from": found}
    return storable(text), builder


def read_text(request: Request) -> Document:
    """Read plain text, or source code."""
    text, builder = _decoded(request)
    builder.add_exact(text)
    if request.kind.name == "code":
        builder.metadata["programming_language"] = request.kind.media.removeprefix("text/x-")
    return builder.finish(request.kind.media)


def read_markdown(request: Request) -> Document:
    """Read Markdown: parts are its sections, metadata its front matter."""
    text, builder = _decoded(request)
    front = FRONT_MATTER.match(text)
    if front is not None:
        builder.metadata |= _front_matter(front[0])
        builder.title = builder.metadata.pop("title", None)
    sections, tables = outline(text)
    at = 0
    for start, end, path in sections:
        builder.begin(path=path)
        builder.add_exact(text[min(at, start) : end])
        at = end
        builder.title = builder.title or (path[0] if path else None)
    builder.add_exact(text[at:])
    for start, end, header in tables:
        names = _row(header.splitlines()[0])
        rows = [_row(line) for line in text[start:end].splitlines() if line.strip()]
        width = len(names)
        builder.note_table(
            start - len(header) - 1,
            end,
            names,
            tuple((row + ("",) * width)[:width] for row in rows),
        )
    return builder.finish(request.kind.media)


def _row(line: str) -> tuple[str, ...]:
    """Give the cells of a row."""
    bare = line.strip().removeprefix("|")
    bare = bare[:-1] if bare.endswith("|") and not bare.endswith("\\|") else bare
    return tuple(cell.replace("\\|", "|").strip() for cell in _CELL_GAP.split(bare))


def _front_matter(block: str) -> dict[str, Any]:
    """Read the facts before the text: YAML between lines of dashes."""
    try:
        import yaml
    except ImportError as cause:
        raise missing("PyYAML", "the front matter of Markdown") from cause
    content = block.strip().rpartition("\n")[0].partition("\n")[2]
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(content)):
            return {"defects": ["front matter: aliases are not read"]}
        stated = _plain(yaml.safe_load(content))
    except (yaml.YAMLError, ValueError, RecursionError) as cause:
        return {"defects": [f"front matter: {str(cause).splitlines()[0]}"]}
    if not isinstance(stated, dict):
        return {}

    def first(names: tuple[str, ...]) -> Any:
        return next((stated[name] for name in names if stated.get(name)), None)

    author, words = first(_AUTHORS), first(("keywords", "tags"))
    return {
        "title": str(stated["title"]) if stated.get("title") else None,
        "author": ", ".join(map(str, author)) if isinstance(author, list) else author,
        "date": stated_date(str(stated.get("date") or "")),
        "created": stated_date(str(stated.get("created") or "")),
        "modified": stated_date(str(first(_MODIFIED) or "")),
        "language": first(("language", "lang")),
        "description": first(("description", "summary")),
        "keywords": [word.strip() for word in words.split(",")]
        if isinstance(words, str)
        else words,
        "front_matter": stated,
    }


def _plain(value: Any) -> Any:
    """Make what YAML gives JSON-able."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return iso(value) or str(value)


def read_delimited(request: Request) -> Document:
    """Read CSV or TSV: parts are blocks of rows, and there is one table."""
    text, builder = _decoded(request)
    delimiter = "\t" if request.kind.name == "tsv" else _delimiter(text)
    builder.metadata["delimiter"] = delimiter
    rows: list[list[str]] = []
    cells = 0
    with reading(request.kind.what):
        lines = _Lines(text)
        reader = csv.reader(lines, delimiter=delimiter)
        block = start = number = 0
        for number, row in enumerate(reader, 1):
            cells += max(len(row), 1)
            builder.limits.check("cells", cells, "too many cells")
            if any(row):
                rows.append(row)
            if number % BLOCK_ROWS == 0:
                builder.begin(rows=(block + 1, number))
                builder.add_exact(text[start : lines.place])
                block, start = number, lines.place
        if start < len(text):
            builder.begin(rows=(block + 1, max(number, block + 1)))
            builder.add_exact(text[start:])
    if rows:
        builder.note_table(0, len(text), *with_header(rows))
    return builder.finish(request.kind.media)


class _Lines:
    """The lines of a text, and the offset behind the last that was given."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self.place = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.place += len(line)
            yield line


def _delimiter(text: str) -> str:
    """Tell what parts the cells; the comma where nothing tells otherwise, as in a single column."""
    try:
        return csv.Sniffer().sniff(text[:_SNIFFED], delimiters=_DELIMITERS).delimiter
    except csv.Error:
        return ","


def read_json(request: Request) -> Document:
    """Read JSON: its text as it stands, once it is known to be JSON."""
    text, builder = _decoded(request)
    with reading(request.kind.what):
        json.loads(text)
    builder.add_exact(text)
    return builder.finish(request.kind.media)


def read_json_lines(request: Request) -> Document:
    """Read JSON Lines: parts are blocks of lines."""
    text, builder = _decoded(request)
    lines = text.split("\n")
    lines = [f"{line}\n" for line in lines[:-1]] + lines[-1:] * bool(lines[-1])
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                json.loads(line)
            except (ValueError, RecursionError) as cause:
                raise damaged(request.kind.what, f"line {number}: {cause}") from cause
    for at in range(0, len(lines), BLOCK_ROWS):
        block = lines[at : at + BLOCK_ROWS]
        builder.begin(rows=(at + 1, at + len(block)))
        builder.add_exact("".join(block))
    return builder.finish(request.kind.media)
