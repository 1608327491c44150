"""An agent's memory against a list of what was said."""

from hypothesis import given, settings
from hypothesis import strategies as st

import engram
from engram.agent import AgentMemory

SAY = st.tuples(st.just("say"), st.sampled_from(["s1", "s2"]), st.integers(1, 3))
FORGET = st.tuples(st.just("forget"), st.integers(0, 30), st.integers(1, 3))
END = st.tuples(st.just("end"), st.sampled_from(["s1", "s2"]), st.just(0))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(SAY, SAY, FORGET, END), max_size=12))
def test_windows_history_and_facts_are_those_of_what_was_said_and_not_forgotten(steps):
    """The model: what stands at each place of each session; None where it was forgotten."""
    said = {"s1": [], "s2": []}
    ids = {}
    number = 0
    with engram.open(":memory:", embedder=None) as db:
        memory = AgentMemory(db, embedder=None)
        for step, which, count in steps:
            if step == "say":
                texts = [f"I like thing{number + more}." for more in range(count)]
                number += count
                done = memory.remember(
                    [{"role": "user", "content": text} for text in texts], user="a", session=which
                )
                assert len(done.facts) == count
                for turn in done.turns:
                    assert turn.position == len(said[which])
                    ids[turn.content] = turn.id
                    said[which].append(turn.content)
            elif step == "forget":
                living = sorted(text for talk in said.values() for text in talk if text)
                gone = living[which : which + count]
                assert memory.forget(*[ids[text] for text in gone] or ["none#0"]).turns == len(gone)
                said = {
                    name: [None if text in gone else text for text in talk]
                    for name, talk in said.items()
                }
            else:
                living = [text for text in said[which] if text]
                assert memory.forget(user="a", session=which).turns == len(living)
                said[which] = []
        for name, talk in said.items():
            living = [text for text in talk if text]
            found = memory.history(name, user="a", last=100)
            assert [turn.content for turn in found] == living
            for turn in found:
                beside = talk[max(0, turn.position - 1) : turn.position + 2]
                window = "\n".join(f"a: {text}" for text in beside if text)
                assert memory.turns.get(turn.id).text == window
        living = {text for talk in said.values() for text in talk if text}
        assert {fact.statement for fact in memory.facts.memories()} == living
        assert len(memory) == len(living)
