"""What putting many documents promises."""

import json
import os
import pickle
import signal
import subprocess
import sys

import numpy as np
import pytest

from engram import Memory
from engram.errors import Corrupt, InvalidInput, Io
from engram.memory import workers
from engram.memory.reading import Request

PARAGRAPH = "Tents keep dry when they are pitched on high ground, number {}. "


def statuses(done):
    return [put.status for put in done.documents]


def test_every_document_ends_in_one_of_two_lists(memory, tmp_path):
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.4 and then nothing")
    told = []
    done = memory.put_many(
        [
            "only text",
            {"text": "with a title", "title": "T", "uri": "t"},
            {"file": tmp_path / "bad.pdf"},
            {"file": tmp_path / "none.md"},
            {"text": "x", "colour": "red"},
            {"text": "y", "metadata": {"doc": 1}},
            7,
            {"file": b"# Head\n\nbody", "format": "markdown"},
            {"text": "z", "metadata": {"x": float("nan")}, "uri": "nan"},
            "only text",
        ],
        progress=lambda *said: told.append(said),
    )
    assert statuses(done) == ["added", "added", "added", "unchanged"]
    assert done.documents[0].id == done.documents[3].id
    assert [(one.name.rsplit("/")[-1], one.error.code) for one in done.failed] == [
        ("bad.pdf", "document.damaged"),
        ("none.md", "file.not_found"),
        ("4", "input.invalid"),
        ("5", "input.invalid"),
        ("6", "input.invalid"),
        ("nan", "input.not_finite"),
    ]
    assert [said[0] for said in told] == list(range(1, 11))
    assert {said[1] for said in told} == {10}
    assert len(memory) == 3
    assert memory.find("body", mode="lex")[0].title == "Head"
    assert json.dumps(done.to_dict())


def test_the_last_of_several_with_one_uri_is_there(memory):
    done = memory.put_many([{"text": f"version {n}", "uri": "a"} for n in range(3)])
    assert statuses(done) == ["added", "replaced", "replaced"]
    assert memory.get("a").text == "version 2"
    assert memory.db.collection("memory").count() == 1


def test_the_same_documents_in_processes_give_the_same_memory(tmp_path, words):
    files = []
    for n in range(12):
        path = tmp_path / f"{n}.md"
        path.write_text(f"# Number {n}\n\n" + PARAGRAPH.format(n) * (n * 9 + 1))
        files.append(path)
    files.append(tmp_path / "none.md")
    seen = []
    for count in (0, 2):
        with Memory.open(":memory:", embedder=words()) as memory:
            done = memory.put_many([{"file": path} for path in files], workers=count)
            assert [one.error.code for one in done.failed] == ["file.not_found"]
            records = sorted(
                (r.id, r.text, str(r.metadata)) for r in memory.db.collection("memory").iterate()
            )
            seen.append((done.ids, records))
    assert seen[0] == seen[1]


def test_a_process_that_dies_of_a_document_costs_that_document_alone(monkeypatch):
    command = (
        "import os\n"
        "from engram.memory import workers\n"
        "def answer(request):\n"
        "    if request.text == 'deadly':\n"
        "        os._exit(3)\n"
        "    return workers.timed(request)\n"
        "workers.serve(answer)\n"
    )
    monkeypatch.setattr(workers, "_COMMAND", command)
    texts = ["one", "deadly", "two", "three", "deadly", "four"]
    work = ((text, Request(text=text)) for text in texts)
    read = {name: [] for name in texts}
    for name, one, _ in workers.read_all(work, 2):
        read[name].append(one)
    assert all(isinstance(one, Corrupt) and "status 3" in str(one) for one in read["deadly"])
    assert [read[name][0].text for name in ("one", "two", "three", "four")] == [
        "one",
        "two",
        "three",
        "four",
    ]


def test_what_a_library_prints_does_not_disturb_a_reader():
    command = (
        "from engram.memory import workers\n"
        "def answer(request):\n"
        "    print('hello')\n"
        "    return workers.timed(request)\n"
        "workers.serve(answer)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    workers._send(process.stdin, Request(text="one"))
    read, seconds = workers._receive(process.stdout)
    assert read.text == "one"
    assert seconds > 0
    assert workers._end(process) == 0


def test_an_error_crosses_processes_with_what_it_says():
    with pytest.raises(Io) as raised:
        raise workers.timed(Request(path="none"))[0]
    again = pickle.loads(pickle.dumps(raised.value))
    assert (again.code, str(again)) == (raised.value.code, str(raised.value))


def test_a_folder_is_put_once_and_then_only_what_changed(memory, tmp_path):
    camp = tmp_path / "camp"
    (camp / "deep").mkdir(parents=True)
    (camp / "a.md").write_text("# A\n\nalpha")
    (camp / "b.txt").write_text("beta")
    (camp / "deep" / "c.html").write_text("<p>gamma</p>")
    (camp / "same.txt").write_text("beta")
    (camp / "pic.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (camp / ".hidden.md").write_text("secret")
    root = camp.as_posix()

    first = memory.put_folder(camp, tags=["camp"])
    assert statuses(first) == ["added"] * 4
    assert first.skipped == ("pic.png",)
    assert memory.get(f"{root}/deep/c.html").tags == ("camp",)
    commit = memory.db.stats().commit

    again = memory.put_folder(camp, tags=["camp"])
    assert statuses(again) == ["unchanged"] * 4
    assert memory.db.stats().commit == commit

    (camp / "b.txt").write_text("beta two")
    (camp / "a.md").unlink()
    changed = memory.put_folder(camp, tags=["camp"])
    assert statuses(changed) == ["replaced", "unchanged", "unchanged"]
    assert changed.removed == ()
    assert f"{root}/a.md" in memory

    memory.put("not a file", uri=f"{root}/note")
    last = memory.put_folder(camp, "**/*.txt", tags=["camp"], remove_vanished=True)
    assert len(last.removed) == 1
    assert f"{root}/a.md" not in memory
    assert f"{root}/note" in memory
    assert f"{root}/deep/c.html" in memory


def test_a_folder_can_be_narrowed(memory, tmp_path):
    for name in ("a.md", "b.txt", ".c.md", "d.py"):
        (tmp_path / name).write_text(f"this is {name}")
    done = memory.put_folder(
        tmp_path, ["*.md", "*.py"], exclude=["d*"], hidden=True, uri_prefix="x:"
    )
    assert sorted(put.uri for put in done.documents) == ["x:.c.md", "x:a.md"]
    with pytest.raises(Io) as raised:
        memory.put_folder(tmp_path / "none", remove_vanished=True)
    assert raised.value.code == "file.not_found"
    with pytest.raises(InvalidInput):
        memory.put_folder(tmp_path, [])


FILLING = """
import sys
from engram import Memory
with Memory.open(sys.argv[1], embedder=None) as memory:
    def told(done, total, name):
        print(done, flush=True)
    memory.put_folder(sys.argv[2], workers=0, near=1.0, duplicates="keep", progress=told)
"""


@pytest.mark.crash
def test_a_run_that_was_killed_is_completed_by_the_next(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for n in range(40):
        (folder / f"{n:02}.txt").write_text(PARAGRAPH.format(n) * 60)
    file = tmp_path / "m.engram"
    process = subprocess.Popen(
        [sys.executable, "-c", FILLING, file, folder],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    # Each document is a commit of its own there, since near duplicates are looked for.
    while int(process.stdout.readline()) < 10:
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with Memory.open(file, embedder=None) as memory:
        left = len(memory)
        assert 10 <= left < 40
        done = memory.put_folder(folder)
        # Those that were there were put with the same words said of them.
        assert (done.count("unchanged"), done.count("added")) == (left, 40 - left)
        passages = [record.id for record in memory.db.collection("memory").iterate()]
        wanted = [
            f"{record.id}#{n}"
            for record in memory.db.collection("memory.documents").iterate()
            for n in range(record.metadata["doc"]["passages"])
        ]
        assert sorted(passages) == sorted(wanted)
        assert memory.db.verify(deep=True)


def test_near_duplicates_are_told_or_left_out(memory):
    text = " ".join(f"word{n} is a word" for n in range(100))
    first = memory.put(text)
    close = text.replace("word50 ", "other ")
    far = " ".join(f"word{n} is no word" for n in range(100))
    told = memory.put(close, near=0.8, duplicates="keep")
    assert told.status == "added"
    assert [one for one, _ in told.near] == [first.id]
    assert 0.9 < told.near[0][1] < 1
    left = memory.put(close + " end", near=0.8)
    assert (left.status, left.id) == ("duplicate", told.id)
    assert memory.put(far, near=0.8).status == "added"
    assert statuses(memory.put_many([close + " z", close + " z y"], near=0.9)) == ["duplicate"] * 2
    with pytest.raises(InvalidInput):
        memory.put("x", near=0)


def test_vectors_can_come_with_the_documents(bare):
    rows = np.eye(4, dtype=np.float32)[:3]
    who = {"name": "mine", "revision": "1", "dimension": 4, "normalized": True}
    done = bare.put_many(["one " * 900, "two", "three"], embeddings=rows, embedding_identity=who)
    assert [put.passages for put in done.documents] == [1, 1, 1]
    assert bare.find("x", mode="sem", query_embedding=rows[1], k=1)[0].text == "two"
    with pytest.raises(InvalidInput):
        bare.put_many(["one"], embeddings=rows)


@pytest.mark.parametrize("count", [-1, True, "2"])
def test_workers_are_a_number(memory, count):
    with pytest.raises(InvalidInput):
        memory.put_many(["x"], workers=count)


def test_two_processes_that_put_the_same_folder_leave_each_document_once(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for n in range(30):
        (folder / f"{n:02}.txt").write_text(PARAGRAPH.format(n) * 60)
    file = tmp_path / "m.engram"
    with Memory.open(file, embedder=None) as memory:
        memory.put("first")
    run = [sys.executable, "-c", FILLING, file, folder]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    both = [subprocess.Popen(run, stdout=subprocess.DEVNULL, env=environment) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    with Memory.open(file, embedder=None) as memory:
        assert len(memory) == 31
        wanted = sum(one.passages for one in memory.timeline(None))
        assert memory.db.collection("memory").count() == wanted
        assert memory.db.verify(deep=True)
