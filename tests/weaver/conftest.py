"""What the tests of the weaver share: a clock that they move, models that always answer alike."""

import queue as queues
import re
import threading
import zlib
from dataclasses import dataclass

import numpy as np
import pytest

import engram
from engram.embed import Identity
from engram.weaver import Clock, Policy, Queue, Weaver
from engram.weaver.listening import listen
from engram.weaver.place import Place
from engram.weaver.workers import Worker

NAMES = re.compile(r"\b[A-Z][a-z]+\b")
PLACES = {"Paris", "Lima", "Oslo", "Rome"}


class ManualClock(Clock):
    """A clock that stands still until it is moved."""

    def __init__(self, now=1_800_000_000.0):
        self.time = now
        self.offset = 0.0
        self.lock = threading.Lock()
        self.waiting = set()
        self.asked = queues.Queue()

    def now(self):
        return self.time + self.offset

    def elapsed(self):
        return self.time

    def wait(self, condition, seconds):
        with self.lock:
            self.waiting.add(condition)
        self.asked.put(seconds)
        return condition.wait(None if seconds is None else 5.0)

    def advance(self, seconds):
        self.time += seconds
        with self.lock:
            waiting, self.waiting = self.waiting, set()
        for condition in waiting:
            with condition:
                condition.notify_all()


@dataclass(frozen=True)
class Name:
    text: str
    label: str
    start: int
    end: int
    confidence: float = 0.9


class NamesEnricher:
    """Takes every word with a capital for a name; sums up by joining."""

    model = "names 1"
    identity = Identity("letters", "1", 8, normalized=False)

    def __init__(self):
        self.embedded = []
        self.read = []
        self.summed_up = []

    def embed(self, texts, /):
        self.embedded.append(list(texts))
        rows = np.zeros((len(texts), 8), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[zlib.crc32(word.encode()) % 8] += 1
        return rows

    def entities(self, text, /):
        self.read.append(text)
        return [
            Name(m[0], "GPE" if m[0] in PLACES else "PERSON", *m.span())
            for m in NAMES.finditer(text)
        ]

    def summarize(self, texts, /):
        self.summed_up.append(list(texts))
        return " | ".join(texts)


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def enricher():
    return NamesEnricher()


@pytest.fixture
def policy():
    return Policy(lease_seconds=60, tries=3, backoff_seconds=10, backoff_max_seconds=100)


@pytest.fixture
def queue(db, clock, policy):
    return Queue(db, "graph.queue", policy=policy, clock=clock, random=lambda: 0.5)


@pytest.fixture
def live(db):
    """A graph whose time is the system's."""
    return engram.Graph(db, embedder=None)


@pytest.fixture
def graph(db, clock):
    """A graph whose listener goes by the clock of the test."""
    made = engram.Graph(db, embedder=None)
    made.listeners[:] = [listen(Place(db, made.name), clock)]
    return made


@pytest.fixture
def weaver(graph, enricher, clock, policy):
    """A weaver that was not started: `drain` does its work."""
    return Weaver(graph, enricher=enricher, clock=clock, policy=policy, random=lambda: 0.5)


@pytest.fixture
def drain():
    """Do the work of a weaver in this thread until there is none that may be done."""

    def run(weaver):
        worker = Worker(weaver._shop, 0)
        weaver._shop.signal.last_put = None  # no put to be quiet for
        while worker._turn(worker._budget()):
            weaver._shop.signal.last_put = None

    return run
