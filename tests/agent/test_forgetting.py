"""What is forgotten is nowhere."""

import pytest

import engram
from engram.agent import AgentMemory


def user(content, **more):
    return {"role": "user", "content": content, **more}


@pytest.fixture
def memory():
    with engram.open(":memory:") as db:
        yield AgentMemory(db)


def all_texts(memory):
    """Everything that any collection of the memory holds, as one text."""
    records = [*memory.turns.iterate(), *memory.facts.collection.iterate()]
    return "\n".join(f"{one.text} {one.metadata}" for one in records)


def test_a_forgotten_turn_is_no_neighbour_any_more(memory):
    done = memory.remember([user("one"), user("the secret word"), user("three")], user="a")
    assert all_texts(memory).count("secret") >= 3
    assert memory.forget(done.turns[1].id) == engram.agent.Forgotten(turns=1, facts=0)
    assert "secret" not in all_texts(memory)
    assert [one.content for one in memory.history(user="a")] == ["one", "three"]
    memory.remember([user("four")], user="a")
    assert [one.position for one in memory.history(user="a")] == [0, 2, 3]
    assert "a: three\na: four" in {one.text for one in memory.turns.iterate()}


def test_facts_go_with_their_turns(memory):
    done = memory.remember([user("I live in Oslo."), user("I like tea.")], user="ada")
    assert memory.forget(done.turns[0].id).facts == 1
    assert [one.value for one in memory.facts.memories()] == ["tea"]


def test_everything_of_a_user_or_a_session_can_be_forgotten(memory):
    for name in ("ada", "bob"):
        for session in ("s1", "s2"):
            memory.remember(
                [user(f"{name} likes {session} a lot, I like jazz in {session}.")],
                user=name, session=session,
            )  # fmt: skip
    memory.facts.correct("ada", "mood", "good", about={"user": "ada"})
    assert memory.forget(user="ada", session="s1").turns == 1
    assert memory.history("s1", user="ada") == []
    assert len(memory.history("s2", user="ada")) == 1
    assert memory.forget(user="ada").turns == 1
    assert "ada" not in all_texts(memory)
    assert len(memory) == 2
    assert memory.forget(session="s2").turns == 1
    assert len(memory) == 1
    memory.remember([user("again")], user="ada", session="s1")
    assert [one.position for one in memory.history("s1", user="ada")] == [0]


def test_somebody_can_be_forgotten(memory):
    memory.remember(
        [user("I met Zorblax Miller."), user("Dull day."), user("Bob lives in Rome."),
         user("It rained.", speaker="Bob"), user("Sunny.", speaker="Carol")],
        user="ada",
    )  # fmt: skip
    assert memory.forget(entity="bob").turns == 2
    assert "Bob" not in all_texts(memory)
    assert memory.forget(entity="Zorblax Miller").turns == 1
    assert [one.content for one in memory.history(user="ada")] == ["Dull day.", "Sunny."]
    assert len(memory.facts) == 0


def test_forgetting_says_what(memory):
    with pytest.raises(engram.InvalidInput, match="without anything to forget"):
        memory.forget()
    assert memory.forget("none#1") == engram.agent.Forgotten(turns=0, facts=0)


def test_forgetting_joins_a_transaction(memory):
    memory.remember([user("one")], user="a")
    with pytest.raises(RuntimeError), memory.db.transaction():
        assert memory.forget(user="a").turns == 1
        raise RuntimeError
    assert len(memory) == 1


def test_after_optimize_no_byte_is_left(tmp_path):
    path = tmp_path / "agent.engram"
    with engram.open(path) as db:
        memory = AgentMemory(db)
        done = memory.remember(
            [user("one"), user("My password is Xyzzyplugh."), user("three")], user="a"
        )
        memory.forget(done.turns[1].id)
        db.optimize()
    assert b"Xyzzyplugh" not in path.read_bytes()
