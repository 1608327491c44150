"""Query sets as files: the forms of BEIR and of TREC.

Owns: reading and writing them. Invariant: what is written is read back equal; a line that cannot be
read is an error with its number, never left out. Opposite side: `engram.evaluate.query_sets`.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engram.errors import EngramError, InvalidInput
from engram.files import io_error, open_text, replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engram.evaluate.query_sets import QuerySet

__all__ = ["read_judgments", "read_queries", "write_set"]

_BEIR_COLUMNS = 3
_TREC_COLUMNS = 4
_HEADERS = {"query-id", "query_id", "qid"}


@dataclass(frozen=True)
class Judged:
    """The queries that have judgments, in the order of the file of queries."""

    queries: dict[str, str]
    judgments: dict[str, dict[str, int]]


def read_queries(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read the texts of queries by their ids."""
    plain = os.fspath(path).removesuffix(".gz")
    found: dict[str, str] = {}
    for number, line in _lines(path):
        query, text = _json_query(line) if plain.endswith(".jsonl") else _tabbed_query(line)
        if query is None:
            raise _bad(path, number, 'is no query: {"_id": ..., "text": ...}, or id, tab, text')
        if query in found:
            raise _bad(path, number, f"has the id {query!r} again")
        found[query] = text
    return found


def _json_query(line: str) -> tuple[str | None, str]:
    try:
        read = json.loads(line)
        query, text = read["_id"], read["text"]
    except (ValueError, KeyError, TypeError):
        return None, ""
    return (query, text) if isinstance(query, str) and isinstance(text, str) else (None, "")


def _tabbed_query(line: str) -> tuple[str | None, str]:
    query, tab, text = line.partition("\t")
    return (query, text) if tab else (None, "")


def read_judgments(path: str | os.PathLike[str], queries: dict[str, str]) -> Judged:
    """Read grades, and keep the queries that have any."""
    judgments: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        # Ids of BEIR may hold spaces; those of TREC are parted by them.
        columns = line.split("\t") if "\t" in line else line.split()
        if number == 1 and columns[0] in _HEADERS:
            continue
        if len(columns) == _TREC_COLUMNS:
            del columns[1]
        if len(columns) != _BEIR_COLUMNS:
            raise _bad(path, number, "is no judgment: query, record and grade")
        query, record, grade = columns
        try:
            grades = judgments.setdefault(query, {})
            value = int(grade)
        except ValueError as cause:
            raise _bad(path, number, f"has a grade that is no whole number: {grade!r}") from cause
        if grades.setdefault(record, value) != value:
            raise _bad(path, number, f"grades {record!r} for {query!r} otherwise than before")
        if query not in queries:
            raise _bad(path, number, f"judges the query {query!r}, which has no text")
    kept = {query: text for query, text in queries.items() if query in judgments}
    return Judged(kept, {query: judgments[query] for query in kept})


def write_set(
    queries: QuerySet,
    queries_path: str | os.PathLike[str],
    judgments_path: str | os.PathLike[str],
    format: str,
) -> None:
    """Write a set to two files."""
    if format not in {"beir", "trec"}:
        raise InvalidInput("input.invalid", f"unknown format {format!r}", "one of: beir, trec")
    rows = [
        (query, record, str(grade))
        for query, grades in queries.judgments.items()
        for record, grade in grades.items()
    ]
    if format == "trec":
        for query, text in queries.queries.items():
            _fits(query, r"\s", format)
            _fits(text, r"[\t\r\n]", format)
        for _, record, _ in rows:
            _fits(record, r"\s", format)
        asked = [f"{query}\t{text}" for query, text in queries.queries.items()]
        judged = [f"{query} 0 {record} {grade}" for query, record, grade in rows]
    else:
        if not os.fspath(queries_path).removesuffix(".gz").endswith(".jsonl"):
            raise InvalidInput(
                "input.invalid", "the queries of BEIR are JSON Lines", "name the file .jsonl"
            )
        for query, record, _ in rows:
            _fits(query, r"[\t\r\n]", format)
            _fits(record, r"[\t\r\n]", format)
        asked = [
            json.dumps({"_id": query, "text": text}, ensure_ascii=False)
            for query, text in queries.queries.items()
        ]
        judged = ["query-id\tcorpus-id\tscore", *("\t".join(row) for row in rows)]
    _write(queries_path, asked)
    _write(judgments_path, judged)


def _fits(text: str, separator: str, format: str) -> None:
    if re.search(separator, text):
        raise InvalidInput("input.invalid", f"{text[:60]!r} does not fit into a line of {format}")


def _lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """Give the lines that are not blank, with their numbers."""
    source = os.fspath(path)
    try:
        with open_text(source, "r", compressed=source.endswith(".gz")) as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except (OSError, EOFError, UnicodeDecodeError) as cause:
        if isinstance(cause, EngramError):
            raise
        raise io_error(f"reading {source}", cause, source) from cause


def _write(path: str | os.PathLike[str], lines: Iterable[str]) -> None:
    target = os.fspath(path)
    with (
        replacing(target) as temporary,
        open_text(temporary, "w", compressed=target.endswith(".gz")) as stream,
    ):
        stream.writelines(f"{line}\n" for line in lines)


def _bad(path: str | os.PathLike[str], number: int, what: str) -> InvalidInput:
    name = os.fspath(path)
    return InvalidInput(
        "input.invalid", f"line {number} of {name} {what}", None, {"line": str(number)}
    )
