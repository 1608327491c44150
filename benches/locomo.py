"""Evidence recall on long conversations: files of LoCoMo's form.

    python benches/locomo.py locomo10.json --embedder default
    python benches/locomo.py --made 4 --seed 11 --embedder all-MiniLM-L6-v2

The form is that of https://github.com/snap-research/locomo (Maharana et al., 2024): a list of
samples with ``conversation`` (``session_<n>``: turns with ``speaker``, ``dia_id``, ``text``;
``session_<n>_date_time``) and ``qa`` (``question``, ``evidence``: ids of turns, ``category``). For
each question the share of its evidence among the first ten turns is taken, and the mean over all
questions that have evidence. Plain search has a record for each turn, ``speaker: text``; `recall`
is `engram.AgentMemory.recall`. Owns: reading the form, and the four ways.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import engram
from engram.embed import get_embedder

WAYS = ("lexical", "semantic", "hybrid", "recall")
_DIALOGUE = re.compile(r"D\d+:\d+")
_SESSION = re.compile(r"session_(\d+)")
_DATES = ("%I:%M %p on %d %B, %Y", "%I:%M %p on %d %b, %Y")


def sessions(conversation: dict[str, Any]) -> list[tuple[int, datetime, list[dict[str, Any]]]]:
    """Give the sessions of a conversation: number, time, turns."""
    found = []
    for name, turns in conversation.items():
        match = _SESSION.fullmatch(name)
        if match and turns:
            stated = conversation.get(f"{name}_date_time", "")
            found.append((int(match[1]), moment(stated, int(match[1])), turns))
    return sorted(found, key=lambda one: one[0])


def moment(stated: str, number: int) -> datetime:
    """Read the time of a session; one that has none keeps the order."""
    for form in _DATES:
        try:
            return datetime.strptime(stated.strip(), form).replace(tzinfo=timezone.utc)
        except ValueError:
            continue
    return datetime(2000, 1, 1 + number % 28, tzinfo=timezone.utc)


def said(turn: dict[str, Any]) -> str:
    """Give what a turn says; of a picture, its caption."""
    caption = turn.get("blip_caption")
    return f"{turn['text']} [shares {caption}]" if caption else turn["text"]


def evidence(question: dict[str, Any], known: set[str]) -> list[str]:
    """Give the ids of turns that a question's answer stands in; some files join several in one."""
    given = question.get("evidence") or []
    ids = [one for part in given for one in _DIALOGUE.findall(str(part))]
    return [one for one in dict.fromkeys(ids) if one in known]


def measure(
    samples: list[dict[str, Any]], embedder: Any, k: int = 10
) -> tuple[dict[str, dict[str, list[float]]], dict[str, list[float]], int]:
    """Ask every question in every way.

    Returns:
        By way and category the evidence recall of each question (``"all"`` has every one), by way
        the milliseconds of each, and how many turns there were.
    """
    recalls: dict[str, dict[str, list[float]]] = {way: {} for way in WAYS}
    took: dict[str, list[float]] = {way: [] for way in WAYS}
    count = 0
    for sample in samples:
        with engram.open(":memory:", embedder=embedder) as db:
            plain, memory = db.collection("turns"), engram.AgentMemory(db)
            ids = load(sample["conversation"], plain, memory)
            count += len(ids)
            for question in sample["qa"]:
                wanted = evidence(question, set(ids))
                if not wanted:
                    continue
                for way in WAYS:
                    begin = time.perf_counter()
                    found = ask(way, question["question"], plain, memory, k)
                    took[way].append((time.perf_counter() - begin) * 1000)
                    share = len(set(found) & set(wanted)) / len(wanted)
                    for group in ("all", str(question.get("category", "?"))):
                        recalls[way].setdefault(group, []).append(share)
    return recalls, took, count


def load(conversation: dict[str, Any], plain: Any, memory: engram.AgentMemory) -> list[str]:
    """Store a conversation twice: a record for each turn, and as an agent's memory."""
    ids, texts = [], []
    for number, when, turns in sessions(conversation):
        messages = [
            {"role": "user", "speaker": turn["speaker"], "content": said(turn), "id": turn["dia_id"]}
            for turn in turns
        ]
        memory.remember(messages, session=f"session {number}", when=when)
        ids += [turn["dia_id"] for turn in turns]
        texts += [f"{turn['speaker']}: {said(turn)}" for turn in turns]
    plain.put_many(ids=ids, texts=texts)
    return ids


def ask(way: str, question: str, plain: Any, memory: engram.AgentMemory, k: int) -> list[str]:
    """Give the ids of the turns that a way finds."""
    if way == "recall":
        found = memory.recall(question, k=k, recent=0)
        return [turn.message for turn in found.turns if turn.message]
    return list(plain.query(question, k=k, mode=way).ids)


def table(
    recalls: dict[str, dict[str, list[float]]], took: dict[str, list[float]]
) -> list[dict[str, Any]]:
    """Give the means by way."""
    groups = sorted(recalls["hybrid"], key=lambda group: (group != "all", group))
    return [
        {
            "way": way,
            **{group: round(statistics.fmean(recalls[way][group]), 3) for group in groups},
            "median_ms": round(statistics.median(took[way]), 1),
        }
        for way in WAYS
    ]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description="Evidence recall@k on files of LoCoMo's form")
    parser.add_argument("file", nargs="?", type=Path, help="for example locomo10.json")
    parser.add_argument("--made", type=int, help="how many conversations to make up instead")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--embedder", default="default", help="a name for get_embedder")
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    options = parser.parse_args()
    if (options.file is None) == (options.made is None):
        parser.error("give a file, or --made")
    if options.made is not None:
        from dialogues import conversations

        samples = conversations(options.made, options.seed)
    else:
        samples = json.loads(options.file.read_text(encoding="utf-8"))
    recalls, took, turns = measure(samples, get_embedder(options.embedder), options.k)
    rows = table(recalls, took)
    asked = {group: len(values) for group, values in recalls["hybrid"].items()}
    print(f"{len(samples)} conversations, {turns} turns; questions: {asked}")
    columns = list(rows[0])
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(str(row[column]) for column in columns) + " |")
    if options.out:
        found = {"embedder": options.embedder, "k": options.k, "turns": turns, "rows": rows}
        options.out.write_text(json.dumps(found, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
