"""Embedding texts again in a process that is killed, beside others that search and write."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import engram
from reembed_models import Words, rows, same_answers, texts

WORKER = """
import sys
sys.path.insert(0, {tests!r})
import engram
from reembed_models import Words, rows, texts
new = Words("newer", 24)
seen = []
def tell(found):
    seen.append(len(found))
    print(sum(seen), flush=True)
    sys.stdin.readline()
new.before = tell
with engram.open({path!r}, embedder=Words()) as db:
    db.collection("notes").reembed(new, batch_size=25)
"""


def test_a_killed_process_is_followed_by_another_while_a_third_writes_and_searches(tmp_path):
    path = tmp_path / "a.engram"
    old, count = Words(), 200
    with engram.open(path, embedder=old) as db:
        notes = db.collection("notes")
        notes.put_many(rows(texts(count)))
        expected = notes.query("silver harbour", mode="semantic", k=5).ids
        code = WORKER.format(tests=str(Path(__file__).parent), path=os.fspath(path))
        worker = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        stop, errors, written = threading.Event(), [], []

        def busy():
            try:
                with engram.open(path, embedder=old) as mine:
                    others = mine.collection("notes")
                    while not stop.is_set():
                        name = f"busy{len(written)}"
                        others.put(name, text=f"unrelated words {name}")
                        written.append(name)
                        found = others.query("silver harbour", mode="semantic", k=5)
                        assert found.ids == expected
            except Exception as error:
                errors.append(error)

        thread = threading.Thread(target=busy)
        thread.start()
        assert worker.stdin is not None
        assert worker.stdout is not None
        with worker.stdin, worker.stdout:
            for _ in range(4):
                assert worker.stdout.readline()
                worker.stdin.write("\n")
                worker.stdin.flush()
            assert worker.stdout.readline()
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        stop.set()
        thread.join()
        assert not errors
        assert written
        report = notes.reembed(Words("newer", 24))
        assert report.resumed >= 100
        assert report.resumed + report.embedded == count + len(written)
        with engram.open(":memory:", embedder=Words("newer", 24)) as other:
            fresh = other.collection("notes")
            fresh.put_many(rows(texts(count)))
            fresh.put_many({"id": i, "text": f"unrelated words {i}"} for i in written)
            same_answers(notes, fresh)
        assert db.verify(deep=True).ok
