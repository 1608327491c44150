"""The processes of the kill campaign, and what must come of them. Run by `test_kills.py`.

    python campaign.py write FILE DURABILITY MESSAGES    does the steps that are left, then ends
    python campaign.py work FILE DURABILITY              weaves until it is killed

Each step of the writer is one commit, with the number of the next one in it, so that a writer
that was killed goes on where its last commit left off. Both roles print a line whenever
something is done.
"""

import re
import sys
import threading
import zlib
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from random import Random

import numpy as np

import engram
from engram.weaver import Policy, Weaver

CHATS = 10
NAMES = [
    "Alfa",
    "Bravo",
    "Charlie",
    "Delta",
    "Echo",
    "Foxtrot",
    "Golf",
    "Hotel",
    "India",
    "Juliett",
    "Kilo",
    "Lima",
    "Mike",
    "November",
    "Oscar",
    "Papa",
    "Quebec",
    "Romeo",
    "Sierra",
    "Tango",
    "Uniform",
    "Victor",
    "Whiskey",
    "Xray",
    "Yankee",
    "Zulu",
]
# So many that few pairs have more sources than an edge names.
PEOPLE = [name + ending for name in NAMES for ending in ("", "son", "ova")]
NAME = re.compile(r"\b[A-Z][a-z]+\b")
SEPARATOR = " | "


@dataclass(frozen=True)
class Name:
    text: str
    label: str
    confidence: float


class Enricher:
    """Answers that anybody can make again."""

    model = "campaign"
    identity = engram.Identity("campaign", "1", 8, normalized=False)

    def embed(self, texts, /):
        return np.array([vector(text) for text in texts])

    def entities(self, text, /):
        return [Name(name, "PERSON", 0.5) for name in NAME.findall(text)]

    def summarize(self, texts, /):
        return SEPARATOR.join(texts)


def vector(text):
    row = np.zeros(8, dtype=np.float32)
    for word in text.split():
        row[zlib.crc32(word.encode()) % 8] += 1
    return row


def said(number, edit=0):
    """The text of a message: its id, so that it is found again in summaries, and some people."""
    people = Random(f"{number} {edit}").sample(PEOPLE, k=2 + number % 3)
    return f"m{number:05}.{edit} {' met '.join(people)}"


def steps(messages):
    """What the writer does: mostly new messages, some changes, some deletions of earlier ones."""
    gone = set()
    for number in range(messages):
        yield "add", number, said(number)
        earlier = Random(number).randrange(max(number, 1))
        if number % 5 == 4 and earlier not in gone:
            yield "edit", earlier, said(earlier, number)
        if number % 11 == 10 and earlier not in gone:
            gone.add(earlier)
            yield "delete", earlier, ""


def tell(what):
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def write(path, durability, messages):
    with engram.open(path, embedder=None, lock_timeout_ms=60_000, durability=durability) as db:
        graph, progress = db.graph, db.collection("progress")
        start = 0
        for step, (what, number, text) in enumerate(steps(messages)):
            if step < start:
                continue
            with db.transaction():
                # Read under the lock: the last commit of a writer that was killed may be found only
                # by whoever takes it next.
                record = progress.get("next")
                start = 0 if record is None else record.metadata["step"]
                if step < start:
                    continue
                node = f"m{number:05}"
                if what == "add":
                    graph.create_message(f"chat{number % CHATS}", text, "somebody", id=node)
                elif what == "edit":
                    graph.update_node(node, text=text)
                else:
                    graph.delete_node(node)
                progress.put("next", metadata={"step": step + 1})
            tell(step)


def work(path, durability):
    with engram.open(path, embedder=None, lock_timeout_ms=60_000, durability=durability) as db:
        weaver = Weaver(db.graph, enricher=Enricher(), workers=2, policy=Policy(lease_seconds=20))
        weaver.on("done", tell)
        with weaver:
            threading.Event().wait()


def problems(db, messages):
    """Compare the file with what the steps come to; each difference is one line."""
    graph, collection = db.graph, db.graph.collection
    texts = {}
    for what, number, text in steps(messages):
        if what == "delete":
            del texts[f"m{number:05}"]
        else:
            texts[f"m{number:05}"] = text
    nodes = {node.id: node for node in graph.nodes()}
    named = {id_: Counter(NAME.findall(text)) for id_, text in texts.items()}
    people = {name for names in named.values() for name in names}
    expected = {
        "messages": (
            texts,
            {id_: node.text for id_, node in nodes.items() if node.label == "Message"},
        ),
        "entities": (
            sorted(people),
            sorted(node.name for node in nodes.values() if node.label == "Entity"),
        ),
        "vectors": (
            {id_: list(vector(node.text)) for id_, node in nodes.items() if node.text},
            {
                record.id: list(record.vectors["text"])
                for record in collection.iterate(vectors=True)
                if record.vectors
            },
        ),
        "mentions": (
            {(id_, name): count for id_, names in named.items() for name, count in names.items()},
            {
                (edge.source, nodes[edge.target].name): edge.properties["count"]
                for edge in collection.iterate_edges()
                if edge.type == "MENTIONS"
            },
        ),
        "relations": (relations(named), stored_relations(collection, nodes)),
        "ledger": (sorted(nodes), sorted(one.id for one in db.collection("graph.woven").iterate())),
        "summaries": (summed_up(texts), stored_summaries(nodes)),
    }
    found = [
        f"{what}: {sorted(map(str, difference(right, there)))[:5]}"
        for what, (right, there) in expected.items()
        if right != there
    ]
    report = db.verify(deep=True)
    return found if report.ok else [*found, str(report)]


def difference(right, there):
    if isinstance(right, dict):
        return [
            (key, right.get(key), there.get(key))
            for key in {*right, *there}
            if right.get(key) != there.get(key)
        ]
    return Counter(right) - Counter(there) or Counter(there) - Counter(right)


def relations(named):
    """By pair of names: how many messages name both, and which."""
    found = {}
    for id_, names in named.items():
        for pair in combinations(sorted(names), 2):
            found.setdefault(pair, []).append(id_)
    return {pair: (len(ids), sorted(ids)) for pair, ids in found.items()}


def stored_relations(collection, nodes):
    found = {}
    for edge in collection.iterate_edges():
        if edge.type == "RELATED_TO":
            pair = tuple(sorted((nodes[edge.source].name, nodes[edge.target].name)))
            found[pair] = (edge.properties["count"], sorted(edge.properties["sources"]))
    return found


def summed_up(texts):
    chats = {}
    for id_, text in texts.items():
        chats.setdefault(f"chat{int(id_[1:]) % CHATS}", []).append(text)
    return {chat: sorted(said_there) for chat, said_there in chats.items()}


def stored_summaries(nodes):
    return {
        node.properties["chat_id"]: sorted(node.text.split(SEPARATOR))
        for node in nodes.values()
        if node.label == "Summary"
    }


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        work(sys.argv[2], sys.argv[3])
