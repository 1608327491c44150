"""Conversations in files.

Owns: reading JSON, JSON Lines and the archive that ChatGPT exports, and writing what `Chat.export`
gives. Limits: `MOST_BYTES` of one file within an archive.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from engram.errors import InvalidInput
from engram.files import io_error, open_text, replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

__all__ = ["load", "save"]

MOST_BYTES = 2**30
"""Unpacked bytes of one file of an archive."""


def load(path: str | os.PathLike[str]) -> Iterator[Any]:
    """Give the JSON values of a file.

    Raises:
        Io: ``file.not_found``, ``io.failed``.
        InvalidInput: ``input.invalid`` where it is no JSON, ``input.limit``.
    """
    name = os.fsdecode(path)
    try:
        if name.lower().endswith(".zip"):
            yield from _archive(name)
        elif name.lower().endswith((".jsonl", ".jsonl.gz")):
            with open_text(name, "r", compressed=name.lower().endswith(".gz")) as lines:
                for number, line in enumerate(lines, start=1):
                    if line.strip():
                        yield _parsed(line, f"line {number} of {name}")
        else:
            yield _parsed(Path(name).read_text(encoding="utf-8"), name)
    except (OSError, UnicodeDecodeError) as error:
        raise io_error(f"reading {name}", error, name) from error


def _archive(name: str) -> Iterator[Any]:
    """Give the conversations of ChatGPT's archive, which may be in several files."""
    try:
        with ZipFile(name) as archive:
            members = [one for one in archive.infolist() if _holds_chats(one.filename)]
            if not members:
                raise InvalidInput(
                    "input.invalid", f"{name} holds no conversations.json", "ChatGPT's export does"
                )
            for member in sorted(members, key=lambda one: one.filename):
                if member.file_size > MOST_BYTES:
                    raise InvalidInput(
                        "input.limit",
                        f"{member.filename} has {member.file_size:,} bytes, above {MOST_BYTES:,}",
                    )
                yield _parsed(archive.read(member), member.filename)
    except BadZipFile as error:
        raise InvalidInput("input.invalid", f"{name} is no archive: {error}") from error


def _holds_chats(name: str) -> bool:
    last = name.rpartition("/")[2]
    return last.startswith("conversations") and last.endswith(".json")


def _parsed(text: str | bytes, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("input.invalid", f"{where} is no JSON: {error}") from error


def save(path: str | os.PathLike[str], chats: Iterable[Any], *, lines: bool) -> int:
    """Write conversations, one to a line or as one list; say how many there were."""
    name, count = os.fsdecode(path), 0
    before, between, after = ("", "\n", "\n") if lines else ("[\n", ",\n", "\n]\n")
    compressed = name.lower().endswith(".gz")
    with replacing(name) as temporary, open_text(temporary, "w", compressed=compressed) as out:
        out.write(before)
        for chat in chats:
            out.write(f"{between if count else ''}{json.dumps(chat, ensure_ascii=False)}")
            count += 1
        out.write(after if count or not lines else "")
    return count
