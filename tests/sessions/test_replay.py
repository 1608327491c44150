"""Sessions asked again: what changed, with other settings and with other documents."""

import json

import pytest

from engram.errors import InvalidInput
from engram.sessions import Moved


def test_nothing_changed_is_reported_as_nothing(memory):
    with memory.session_start("s") as session:
        session.find("tower in Paris", k=3)
        session.ask("When was the Eiffel Tower built?")
    replay = memory.session_replay("s")
    assert (replay.changed, replay.overlap, replay.answers_changed) == (0, 1.0, 0)
    assert [change.step.number for change in replay.changes] == [1, 2]
    assert json.loads(json.dumps(replay.to_dict()))["changed"] == 0


def test_gained_lost_and_moved_are_told(memory):
    session = memory.session_start("s")
    before = session.find("tower bridge bread", k=2, mode="lex").ids
    replay = memory.session_replay("s", k=3)
    (change,) = replay.changes
    assert (change.gained, change.lost, change.moved) == ((change.hits[2].id,), (), ())
    assert change.overlap == pytest.approx(2 / 3)
    assert replay.settings == {"k": 3}
    (change,) = memory.session_replay("s", k=1).changes
    assert change.lost == (before[1],)

    class Reversed:
        def rerank(self, query, hits):
            return [float(rank) for rank in range(len(hits))]

    before = session.find("tower bridge bread", k=3, mode="lex").ids
    (_, change) = memory.session_replay("s", rerank=Reversed()).changes
    assert change.moved == (Moved(before[2], 3, 1), Moved(before[0], 1, 3))
    assert (change.gained, change.lost, change.changed) == ((), (), True)


def test_a_model_changes_answers_and_not_what_is_found(memory):
    session = memory.session_start("s")
    session.ask("When was the Eiffel Tower built?", k=2)
    session.find("tower", k=2)

    def model(prompt):
        return "It was built from 1887 to 1889 [1]."

    replay = memory.session_replay("s", model, max_tokens=50)
    first, second = replay.changes
    assert (first.answer_changed, first.gained, first.answer["mode"]) == (True, (), "generated")
    assert (second.answer_changed, second.changed) == (False, False)
    assert (replay.answers_changed, replay.changed) == (1, 1)
    assert replay.settings == {"model": "model", "max_tokens": 50}
    assert str(replay).splitlines() == [
        "s: 1 of 2 steps changed with model=model, max_tokens=50",
        "1. 'When was the Eiffel Tower built?': +0 -0 ~0, another answer",
        "2. 'tower': +0 -0 ~0",
    ]


def test_a_checkpoint_tells_changes_of_documents_from_those_of_settings(memory):
    session = memory.session_start("s")
    session.find("tower", k=5, mode="lex")
    kept = session.checkpoint("three documents")
    assert kept.name == "s/2"
    memory.put("Another tower stands in Tokyo.", uri="tokyo.txt")
    (change,) = memory.session_replay("s").changes
    assert len(change.gained) == 1
    assert memory.session_replay("s", as_of=kept.name).changed == 0
    assert [step.verb for step in session.steps()] == ["find", "checkpoint"]
    assert [one.name for one in memory.db.list_snapshots()] == ["s/2"]
    memory.session_delete("s")
    assert memory.db.list_snapshots() == []


def test_what_cannot_be_recorded_has_to_be_given_again(memory):
    session = memory.session_start("s")

    def model(prompt):
        return "It was built from 1887 to 1889 [1]."

    session.ask("When was the Eiffel Tower built?", model, k=2)
    (step,) = session.steps()
    assert (step.kept_out, step.options) == (("model",), {"k": 2})
    with pytest.raises(InvalidInput, match="model, which cannot be recorded"):
        memory.session_replay("s")
    assert memory.session_replay("s", model).changed == 0


def test_progress_is_told(memory):
    session = memory.session_start("s")
    session.find("tower")
    session.find("bridge")
    seen = []
    memory.session_replay("s", progress=lambda done, count: seen.append((done, count)))
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_settings_that_do_not_exist_are_refused(memory):
    memory.session_start("s").ask("tower?")
    with pytest.raises(InvalidInput, match="takes no 'kk'"):
        memory.session_replay("s", kk=3)
