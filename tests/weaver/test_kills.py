"""The kill campaign: processes die at random moments, and every message is enriched exactly once.

`ENGRAM_LONG=1` (`make campaigns`) kills 100 times while 2,000 messages come in, else 6 and 120,
with syncs grouped: a killed process takes nothing of the system's memory along.
"""

import importlib.util
import os
import queue
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import engram
from engram.weaver import Weaver

SCRIPT = Path(__file__).with_name("campaign.py")
LONG = os.environ.get("ENGRAM_LONG", "0") != "0"
KILLS, MESSAGES = (100, 2_000) if LONG else (6, 120)
DURABILITY = "full" if LONG else "relaxed"
ROLES = ("write", "work", "work")


@pytest.fixture(scope="module")
def campaign():
    spec = importlib.util.spec_from_file_location("campaign", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Crew:
    """The processes of a campaign: one for each role, started again when it is killed."""

    def __init__(self, path):
        self.path = path
        self.lines = queue.Queue()
        self.processes = [self.start(role) for role in ROLES]

    def start(self, role):
        process = subprocess.Popen(
            [sys.executable, SCRIPT, role, self.path, DURABILITY, str(MESSAGES)],
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self.listen, args=(process,), daemon=True).start()
        return process

    def listen(self, process):
        with process.stdout as lines:
            for line in lines:
                self.lines.put(line)

    def hear(self, count):
        """Wait until so many things were done."""
        for _ in range(count):
            self.lines.get(timeout=60)

    def kill(self, place, *, again):
        process = self.processes[place]
        process.kill()
        process.wait()
        if again:
            self.processes[place] = self.start(ROLES[place])


@pytest.mark.timeout(1_800 if LONG else 60)
def test_whoever_is_killed_whenever_every_message_is_enriched_exactly_once(path, campaign):
    chance = random.Random(7)
    with engram.open(path, embedder=None) as db:
        for number in range(campaign.CHATS):
            db.graph.create_chat(id=f"chat{number}")
        weaver = Weaver(db.graph, enricher=campaign.Enricher())
        weaver.catch_up()
        crew = Crew(path)
        try:
            killed = []
            per_kill = 2 * MESSAGES // KILLS
            for _ in range(KILLS):
                crew.hear(chance.randrange(1, per_kill))
                for place in chance.choice([(0,), (1,), (2,), (1, 2), (0, 1, 2)]):
                    ended = crew.processes[place].poll() is not None
                    killed.append(not ended)
                    crew.kill(place, again=True)
            come = db.collection("progress").get("next").metadata["step"]
            assert crew.processes[0].wait(timeout=600) == 0
            db.graph.wait_until_enriched(timeout=600)
        finally:
            for place in range(len(ROLES)):
                crew.kill(place, again=False)
        sys.stdout.write(f"{sum(killed)} killed in {KILLS} moments, the last at step {come}\n")
        assert sum(killed) >= KILLS
        assert weaver.dead_letters() == []
        assert campaign.problems(db, MESSAGES) == []
