"""Measures what the weaver costs a put, and how quickly it works, on a file with full durability.

    python benches/weaver.py [--blocks 2] [--seconds 6] [--puts 50] [--batches 3]

Blocks of puts take turns: some into a graph that nobody weaves, while no worker runs; some into a
graph whose changes are queued, with the workers that the line names. So both meet the same disk in
the same minutes. A block has to be longer than the patience of a worker, 5 seconds at most, to meet
what puts without an end meet. Each line compares single puts (one message, one commit), or commits
of 100 nodes, by median and mean, and by the mean of the quickest 99 in 100, since a checkpoint or
another process may make a put a hundred times as long and comes when it comes; a ratio of 1.2 is
the most that is allowed. `enriched` is how many tasks the workers of this process did meanwhile. At
last, how many messages a second they enrich, and how long one message takes when there is nothing
else to do.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import engram
from engram.weaver import Weaver

TEXTS = [
    "Alice met Bob in Paris to talk about the budget of the new project, number %d.",
    "The server of Acme Corp was down for %d minutes, and Carol had to restart it from Berlin.",
    "I think that we should move the release by %d days, said Dora, since Microsoft is late.",
    "Nothing much happened in the last %d hours; everybody was out for lunch in Rome.",
]
BATCH = 100
OTHER_PROCESS = """
import sys
import engram
from engram.weaver import Weaver
with engram.open(sys.argv[1], lock_timeout_ms=60_000) as db:
    weaver = Weaver(engram.Graph(db, "woven"))
    for line in sys.stdin:
        weaver.start() if line == "start\\n" else weaver.stop()
        print("ready", flush=True)
"""


def text(number: int) -> str:
    return TEXTS[number % len(TEXTS)] % number


class Pair:
    """A graph without a weaver, and one with, in one file."""

    def __init__(self, db: engram.Database) -> None:
        self.graphs = {name: engram.Graph(db, name) for name in ("plain", "woven")}
        self.chats = {name: graph.create_chat("c").id for name, graph in self.graphs.items()}
        self.number = 0

    def put(self, name: str) -> float:
        """Put one message; give the seconds it takes."""
        self.number += 1
        start = time.perf_counter()
        self.graphs[name].create_message(self.chats[name], text(self.number), "Alice")
        return time.perf_counter() - start

    def put_batch(self, name: str) -> float:
        """Put a batch of nodes."""
        nodes = []
        for _ in range(BATCH):
            self.number += 1
            nodes.append({"label": "Message", "text": text(self.number)})
        start = time.perf_counter()
        self.graphs[name].put_nodes(nodes)
        return time.perf_counter() - start


def most(taken: list[float]) -> float:
    """Give the mean of the quickest 99 in 100."""
    return statistics.fmean(sorted(taken)[: max(1, len(taken) * 99 // 100)])


def compared(taken: dict[str, list[float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for kind, mean in (("median", statistics.median), ("mean", statistics.fmean), ("most", most)):
        plain, woven = mean(taken["plain"]), mean(taken["woven"])
        found |= {f"plain_{kind}_us": round(plain * 1e6), f"woven_{kind}_us": round(woven * 1e6)}
        found[f"ratio_{kind}"] = round(woven / plain, 3)
    return {**found, "count": len(taken["woven"])}


def enriched_per_second(db: engram.Database, messages: int) -> dict[str, float]:
    graph = engram.Graph(db, "speed")
    weaver = Weaver(graph)
    weaver.set_activity_level("SleepMode")
    graph.put_nodes({"label": "Message", "text": text(n)} for n in range(messages))
    start = time.perf_counter()
    with weaver:
        weaver.wait_until_enriched(timeout=600)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    with weaver:
        weaver.wait_until_enriched(graph.create_node("Message", text=text(0)).id, timeout=60)
    alone = time.perf_counter() - start
    return {
        "messages_per_second": round(messages / seconds, 1),
        "one_message_ms": round(alone * 1e3, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--blocks", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=6.0, help="of a block")
    parser.add_argument("--puts", type=int, default=50, help="single puts between batches")
    parser.add_argument("--batches", type=int, default=3, help="batches between single puts")
    parser.add_argument("--messages", type=int, default=2_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        path = Path(folder) / "bench.engram"
        db = stack.enter_context(engram.open(path, lock_timeout_ms=60_000))
        pair = Pair(db)
        weaver = Weaver(pair.graphs["woven"])
        for name in pair.graphs:
            pair.put(name)

        def measure(line: str, start: Callable[[], object], stop: Callable[[], object]) -> None:
            before = weaver.weaver_status()["kinds"]["weave"]["done"]
            single: dict[str, list[float]] = {"plain": [], "woven": []}
            batches: dict[str, list[float]] = {"plain": [], "woven": []}
            for _ in range(options.blocks):
                for name, prepare in (("plain", stop), ("woven", start)):
                    prepare()
                    end = time.perf_counter() + options.seconds
                    while time.perf_counter() < end:
                        single[name] += [pair.put(name) for _ in range(options.puts)]
                        batches[name] += [pair.put_batch(name) for _ in range(options.batches)]
            stop()
            done = weaver.weaver_status()["kinds"]["weave"]["done"] - before
            print(f"{line}, enriched", done, flush=True)
            print(f"{line}, single puts", json.dumps(compared(single)), flush=True)
            print(f"{line}, batches of {BATCH}", json.dumps(compared(batches)), flush=True)

        measure("nobody works", lambda: None, lambda: None)
        command = [sys.executable, "-c", OTHER_PROCESS, str(path)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            send, answers = process.stdin, process.stdout

            def tell(word: str) -> None:
                send.write(f"{word}\n")
                send.flush()
                answers.readline()

            measure("another process works", lambda: tell("start"), lambda: tell("stop"))
        for level in ("HighActivity", "Normal"):
            weaver.set_activity_level(level)
            measure(f"this process works, {level}", weaver.start, weaver.stop)
        print("speed", json.dumps(enriched_per_second(db, options.messages)))


if __name__ == "__main__":
    main()
