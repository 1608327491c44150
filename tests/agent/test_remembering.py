"""What is remembered, and what is not."""

import datetime as dt
import subprocess
import sys
import threading

import pytest

import engram
from engram.agent import AgentMemory, Turn


def day(at, month=1):
    return dt.datetime(2024, month, at, tzinfo=dt.timezone.utc)


def user(content, **more):
    return {"role": "user", "content": content, **more}


def agent(content, **more):
    return {"role": "assistant", "content": content, **more}


@pytest.fixture
def memory():
    with engram.open(":memory:") as db:
        yield AgentMemory(db)


def windows(memory):
    found = sorted(memory.turns.iterate(), key=lambda one: one.id)
    return [one.text for one in found]


def test_turns_keep_what_was_said_by_whom_and_when(memory):
    done = memory.remember(
        [user("Hello!", time="2024-01-02T10:00:00Z"), agent("Hi."), user("Bye", speaker="Eve")],
        user="ada", agent="helper", session="s1", when=day(3),
    )  # fmt: skip
    assert done.skipped == {}
    assert [(one.speaker, one.content, one.time) for one in done.turns] == [
        ("ada", "Hello!", dt.datetime(2024, 1, 2, 10, tzinfo=dt.timezone.utc)),
        ("helper", "Hi.", day(3)),
        ("Eve", "Bye", day(3)),
    ]
    assert memory.history("s1", user="ada", agent="helper") == list(done.turns)
    assert memory.history("s1", user="bob", agent="helper") == []
    assert done.turns[0].to_dict()["time"] == "2024-01-02T10:00:00.000000Z"


def test_a_turn_is_found_by_its_neighbours_too(memory):
    memory.remember([user("one"), user("two")], user="a")
    assert windows(memory) == ["a: one\na: two", "a: one\na: two"]
    memory.remember([user("three")], user="a")
    memory.remember([user("four"), user("five")], user="a")
    assert windows(memory) == [
        "a: one\na: two",
        "a: one\na: two\na: three",
        "a: two\na: three\na: four",
        "a: three\na: four\na: five",
        "a: four\na: five",
    ]


def test_sessions_are_no_neighbours(memory):
    memory.remember([user("one")], user="a", session="1")
    memory.remember([user("two")], user="a", session="2")
    memory.remember([user("three")], user="b", session="1")
    assert sorted(windows(memory)) == ["a: one", "a: two", "b: three"]


def test_the_history_is_the_last_turns(memory):
    memory.remember([user(f"turn {number}") for number in range(10)], user="a")
    assert [one.content for one in memory.history(user="a", last=3)] == [
        "turn 7", "turn 8", "turn 9",
    ]  # fmt: skip
    assert memory.history(user="a", last=0) == []
    assert len(memory.history(user="a", last=99)) == 10


def test_what_nobody_says_is_not_remembered(memory):
    done = memory.remember(
        [{"role": "system", "content": "Be brief."}, user("  "), user("Hello"),
         {"role": "tool", "content": "42"}],
    )  # fmt: skip
    assert done.skipped == {0: "role", 1: "empty", 3: "role"}
    assert [one.content for one in done.turns] == ["Hello"]


def test_a_message_of_a_known_id_is_passed_over(memory):
    memory.remember([user("Hello", id="m1")], user="a")
    done = memory.remember([user("Hello", id="m1"), user("Again", id="m2")], user="a")
    assert done.skipped == {0: "known"}
    assert [one.message for one in done.turns] == ["m2"]
    assert memory.remember([user("Hello", id="m1")], user="b").skipped == {}
    assert memory.remember([user("x", id="m3"), user("x", id="m3")], user="b").skipped == {
        1: "known"
    }


def test_recalled_text_is_not_learned_again(memory):
    memory.remember([user("I live in Oslo with two cats and a very old dog.")], user="ada")
    recalled = memory.recall("where do I live?", user="ada").text
    assert "Oslo" in recalled
    done = memory.remember(
        [
            user(f"{recalled}\nAnd where do I work?"),
            agent("I live in Oslo with two cats and a very old dog."),
            agent("Ok."), agent("Ok."),
            user("I live in Oslo with two cats and a very old dog."),
        ],
        user="ada",
    )  # fmt: skip
    assert done.skipped == {1: "recalled"}
    assert done.turns[0].content == "And where do I work?"
    assert done.facts == ()
    assert len(memory.facts) == 1


def test_what_one_user_says_another_may_say_too(memory):
    for name in ("ada", "bob"):
        assert len(memory.remember([user("I live in Oslo.")], user=name).facts) == 1
    assert {one.entity for one in memory.facts.memories()} == {"ada", "bob"}


def test_facts_carry_source_time_and_validity(memory):
    (turn,) = memory.remember([user("I live in Oslo.")], user="ada", when=day(1)).turns
    memory.remember([user("I live in Rome now.")], user="ada", when=day(1, month=5))
    old, new = memory.facts.memories("ada", "residence")
    assert (old.value, old.valid_from, old.valid_to) == ("Oslo", day(1), day(1, month=5))
    assert (new.value, new.valid_from, new.valid_to) == ("Rome", day(1, month=5), None)
    assert old.document == turn.id
    assert turn.content[old.start : old.end] == old.statement


def test_agents_state_no_facts(memory):
    assert memory.remember([agent("I live in Oslo, and Ada works at Acme.")]).facts == ()


def test_facts_can_be_left_alone():
    with engram.open(":memory:") as db:
        memory = AgentMemory(db, facts=None)
        assert memory.remember([user("I live in Oslo.")]).facts == ()
        assert len(memory.facts) == 0


def test_parts_of_messages_are_read():
    content = [{"type": "text", "text": "Look:"}, {"type": "image_url", "image_url": {}}]
    with engram.open(":memory:") as db:
        (turn,) = AgentMemory(db).remember([user(content)]).turns
    assert turn.content == "Look:"


@pytest.mark.parametrize(
    "messages",
    ["Hello", user("Hello"), [{"role": "user"}], ["Hello"], [user("Hello", mood="good")],
     [user(7)], [user("a", time="soon")]],
)  # fmt: skip
def test_what_is_no_message_is_refused(memory, messages):
    with pytest.raises(engram.InvalidInput, match=r"input\.invalid"):
        memory.remember(messages)
    assert len(memory) == 0


def test_an_error_names_the_message(memory):
    with pytest.raises(engram.InvalidInput) as caught:
        memory.remember([user("Hello"), user(None, time=True)])
    assert caught.value.details["index"] == "1"


def test_everything_is_in_the_file_or_nothing(tmp_path):
    path = tmp_path / "agent.engram"
    with engram.open(path) as db:
        memory = AgentMemory(db)
        memory.remember([user("I live in Oslo.")], user="ada")
        with pytest.raises(RuntimeError), db.transaction():
            memory.remember([user("I live in Rome.")], user="ada")
            raise RuntimeError
    with engram.open(path) as db:
        memory = AgentMemory(db)
        assert [one.content for one in memory.history(user="ada")] == ["I live in Oslo."]
        assert [one.value for one in memory.facts.memories("ada")] == ["Oslo"]
        assert windows(memory) == ["ada: I live in Oslo."]


def test_writers_of_one_session_do_not_lose_turns(tmp_path):
    path = tmp_path / "agent.engram"
    engram.open(path).close()

    def write(name):
        with engram.open(path) as db:
            memory = AgentMemory(db)
            for number in range(8):
                memory.remember([user(f"{name} {number}")], user="a")

    threads = [threading.Thread(target=write, args=(name,)) for name in "xyz"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engram.open(path) as db:
        memory = AgentMemory(db)
        turns = memory.history(user="a", last=100)
        assert [one.position for one in turns] == list(range(24))
        assert len({one.content for one in turns}) == 24
        lines = [one.line for one in turns]
        assert windows(memory) == ["\n".join(lines[max(0, at - 1) : at + 2]) for at in range(24)]


def test_words_alone_will_do():
    with engram.open(":memory:", embedder=None) as db:
        memory = AgentMemory(db, embedder=None)
        memory.remember([user("The kayak is blue."), user("Nothing.")])
        recall = memory.recall("kayak", k=1)
        assert isinstance(recall.turns[0], Turn)
        assert recall.turns[0].content == "The kayak is blue."
        assert "semantic" in recall.report.skipped


def test_importing_loads_nothing_heavy():
    code = (
        "import sys, engram.agent; import engram; engram.AgentMemory;"
        "assert not {'numpy', 'spacy', 'onnxruntime'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
