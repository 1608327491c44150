"""The queue in the file: commits with the data, leases, retries, dead letters."""

import subprocess
import sys

import pytest

import engram
from engram.errors import InvalidInput
from engram.weaver import Policy, Queue, Task, owner
from engram.weaver.keys import key_of
from engram.weaver.owners import is_dead

BOTH = ("weave", "summary")


def nodes(tasks):
    return sorted(task.node for task in tasks)


def test_a_task_commits_with_the_change_or_not_at_all(db, queue):
    notes = db.collection("graph", embedder=None)
    with db.transaction() as transaction:
        notes.put("a", text="x")
        queue.enqueue(transaction, ["a"])
    with pytest.raises(RuntimeError), db.transaction() as transaction:
        notes.put("b", text="x")
        queue.enqueue(transaction, ["b"])
        raise RuntimeError
    assert nodes(queue.claim("me", BOTH, 10)) == ["a"]
    assert "b" not in notes


def test_changes_of_one_node_are_one_task(db, queue):
    for _ in range(3):
        queue.put("a")
    queue.put("a", kind="summary")
    assert len(db.collection("graph.queue")) == 2
    assert [task.kind for task in queue.claim("me", BOTH, 10)] == ["weave"]
    assert [task.kind for task in queue.claim("me", BOTH, 10)] == ["summary"]
    assert queue.claim("me", BOTH, 10) == []


def test_a_fresh_task_is_an_id_and_nothing_else(db, queue):
    queue.put("a")
    record = db.collection("graph.queue").get("a", vectors=True)
    assert (record.text, record.metadata, record.vectors) == (None, {}, {})


def test_a_claim_without_work_commits_nothing(db, queue):
    queue.put("a")
    before = db.stats().commit
    assert queue.claim("me", ("summary",), 10) == []
    assert db.stats().commit == before


def test_two_who_claim_never_get_the_same_task(queue):
    queue.put(*[str(n) for n in range(10)])
    one, other = queue.claim("one", BOTH, 6), queue.claim("other", BOTH, 6)
    assert len(one) == 6
    assert len(other) == 4
    assert nodes(one + other) == [str(n) for n in range(10)]
    assert one[0].fence < other[0].fence


def test_a_task_carries_the_mark_of_what_the_claim_found(db, queue):
    queue.put("a", "b")
    claimed = queue.claim("me", BOTH, 10, lambda _, tasks: [f"of {task.node}" for task in tasks])
    assert {task.node: task.mark for task in claimed} == {"a": "of a", "b": "of b"}
    assert queue.get("a").mark == "of a"


def test_finishing_removes_a_task_with_the_result(db, queue):
    queue.put("a")
    task = queue.claim("me", BOTH, 1)[0]
    with pytest.raises(RuntimeError), db.transaction() as transaction:
        assert queue.finish(transaction, [task]) == [True]
        raise RuntimeError
    assert queue.get("a").state == "running"
    with db.transaction() as transaction:
        assert queue.finish(transaction, [task]) == [True]
        assert queue.finish(transaction, [task]) == [False]
    assert queue.get("a") is None


def test_a_lease_ends_by_the_clock_and_the_next_claim_has_a_larger_fence(queue, clock):
    queue.put("a")
    first = queue.claim("one", BOTH, 1)[0]
    clock.advance(59)
    assert queue.claim("other", BOTH, 1) == []
    assert queue.renew([first])[0].until_us > first.until_us
    clock.advance(59)
    assert queue.claim("other", BOTH, 1) == []
    clock.advance(2)
    second = queue.claim("other", BOTH, 1)[0]
    assert second.fence > first.fence
    assert queue.renew([first]) == []
    assert queue.release([first]) == 0
    assert queue.fail(first, "late") == "gone"
    assert queue.get("a").owner == "other"


def test_a_change_while_a_task_runs_makes_it_fresh(queue):
    queue.put("a")
    task = queue.claim("me", BOTH, 1)[0]
    queue.put("a")
    assert queue.get("a").state == "queued"
    assert queue.fail(task, "x") == "gone"
    assert nodes(queue.claim("other", BOTH, 1)) == ["a"]


def test_what_is_given_back_can_be_claimed_at_once(queue):
    queue.put("a")
    assert queue.release(queue.claim("me", BOTH, 1)) == 1
    assert queue.get("a").tries == 0
    assert nodes(queue.claim("other", BOTH, 1)) == ["a"]


def test_failures_wait_longer_and_longer_then_become_dead_letters(queue, clock):
    queue.put("a", kind="summary")
    for wait, outcome in ((10, "waiting"), (20, "waiting"), (None, "dead")):
        task = queue.claim("me", BOTH, 1)[0]
        assert queue.fail(task, ValueError("no model")) == outcome
        assert queue.claim("me", BOTH, 1) == []
        if wait:
            clock.advance(wait - 1)
            assert queue.claim("me", BOTH, 1) == []
            clock.advance(1)
    assert not queue.is_open(BOTH)
    letter = queue.dead()[0]
    assert (letter.node, letter.kind, letter.tries) == ("a", "summary", 3)
    assert letter.error == "ValueError: no model"
    assert queue.retry("other") == 0
    assert queue.retry() == 1
    assert queue.dead() == []
    fresh = queue.claim("me", BOTH, 1)[0]
    assert (fresh.kind, fresh.node, fresh.tries) == ("summary", "a", 0)


def test_a_change_of_a_node_brings_its_dead_letter_back(queue):
    queue.put("a")
    for _ in range(3):
        queue.fail(queue.claim("me", BOTH, 1)[0], "x")
        queue._clock.advance(1000)
    assert [task.node for task in queue.dead()] == ["a"]
    queue.put("a")
    assert queue.dead() == []
    assert queue.claim("me", BOTH, 1)[0].tries == 0


@pytest.mark.parametrize(
    ("failures", "chance", "seconds"), [(1, 0, 5), (1, 1, 15), (3, 0.5, 40), (60, 0.5, 100)]
)
def test_the_wait_doubles_with_chance_and_has_an_end(policy, failures, chance, seconds):
    assert policy.backoff(failures, chance) == seconds


@pytest.mark.parametrize("wrong", [{"tries": 0}, {"lease_seconds": 0}, {"backoff_seconds": -1}])
def test_a_policy_that_is_none_is_refused(wrong):
    with pytest.raises(InvalidInput):
        Policy(**wrong)


def test_the_lease_of_a_dead_process_is_free_at_once(path, db):
    queue = Queue(db, "graph.queue")
    queue.put("a", "b", "c")
    code = (
        "import engram, sys\n"
        "from engram.weaver import Queue, owner\n"
        "queue = Queue(engram.open(sys.argv[1], embedder=None), 'graph.queue')\n"
        "print(len(queue.claim(owner(0), ('weave',), 2)), owner(0))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True)
    count, name = done.stdout.decode().split()
    assert count == "2"
    assert is_dead(name)
    mine = queue.claim(owner(1), BOTH, 3)
    assert len(mine) == 1
    assert queue.owners() == {name, owner(1)}
    assert queue.reclaim() == 2
    assert queue.reclaim() == 0
    assert len(queue.claim(owner(2), BOTH, 3)) == 2


def test_only_processes_that_are_known_to_be_gone_are_dead():
    machine, process, start, _ = owner("w").split(":")
    assert not is_dead(owner("w"))
    assert not is_dead("another machine:1:1:0")
    assert not is_dead("nonsense")
    if start != "0":  # where the start of a process can be told
        assert is_dead(f"{machine}:{process}:{int(start) + 1}:0")


def test_what_follows_from_other_work_is_not_fresh(db, queue):
    moment = db.stats().time_us / 1e6 - 1
    with db.transaction() as transaction:
        queue.enqueue(transaction, ["a"], derived=True)
        queue.enqueue(transaction, ["a"], "summary", derived=True)
    assert not queue.has_fresh(moment)
    queue.put("b")
    assert queue.has_fresh(moment)
    assert not queue.has_fresh(moment + 3_600)
    assert nodes(queue.claim("me", ("weave",), 9)) == ["a", "b"]
    assert nodes(queue.claim("me", ("summary",), 9)) == ["a"]


def test_ids_of_any_length_have_tasks_of_every_kind(queue):
    long = "ö" * 512
    queue.put(long)
    queue.put(long, kind="summary")
    assert [task.node for task in queue.claim("me", ("summary",), 9)] == [long]
    assert [task.node for task in queue.claim("me", ("weave",), 9)] == [long]
    assert len(key_of("summary", long).encode()) <= engram.LIMITS["id_bytes"]


def test_a_queue_that_nobody_used_is_empty(db):
    queue = Queue(db, "none")
    assert queue.claim("me", BOTH, 1) == []
    assert queue.dead() == []
    assert queue.get("a") is None
    assert queue.reclaim() == 0
    assert queue.retry() == 0
    assert queue.renew([Task("a", "weave", "a")]) == []
    assert "none" not in db
