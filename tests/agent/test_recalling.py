"""What is recalled, in which order, and how much of it."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engram
from engram.agent import AgentMemory
from engram.agent.ranking import NEIGHBOUR_SHARE, SPEAKER_BONUS, named_speakers, ranked
from engram.agent.recalling import packed
from engram.agent.turns import turn_id
from engram.rag.lengths import estimate_tokens


def day(at, month=1):
    return dt.datetime(2024, month, at, tzinfo=dt.timezone.utc)


def turn(content, speaker, **more):
    return {"role": "user", "content": content, "speaker": speaker, **more}


TALK = [
    turn("I finally bought a kayak on Saturday.", "Maria"),
    turn("Nice! Was it expensive?", "Tom"),
    turn("They asked for three hundred.", "Maria"),
    turn("The weather was awful here all week.", "Tom"),
    turn("I was thinking of a kayak too, they are five hundred here.", "Tom"),
    turn("My brother visits us in June.", "Maria"),
]


@pytest.fixture(scope="module")
def memory():
    with engram.open(":memory:") as db:
        memory = AgentMemory(db)
        memory.remember(TALK, user="team", session="s1", when=day(1))
        memory.remember(
            [turn("I live in Oslo.", "Tom"), turn("I work at Acme since 2019.", "Maria")],
            user="team", session="s2", when=day(2),
        )  # fmt: skip
        memory.remember(
            [turn("I live in Rome.", "Tom")], user="team", session="s3", when=day(3, month=2)
        )
        memory.remember([turn("My kayak is green.", "Zoe")], user="other", when=day(3))
        yield memory


def test_an_answer_is_found_by_the_turns_beside_it(memory):
    found = memory.recall("How expensive was the kayak of Maria?", user="team", k=3)
    assert "They asked for three hundred." in [one.content for one in found.turns]
    scores = [one.score for one in found.turns]
    assert scores == sorted(scores, reverse=True)


def test_the_speaker_that_a_question_names_goes_first(memory):
    for name in ("Maria", "Tom"):
        found = memory.recall(f"What did {name} say about a kayak?", user="team", k=1)
        assert found.turns[0].speaker == name


def test_nobody_recalls_what_others_said(memory):
    found = memory.recall("kayak", user="other")
    assert [one.content for one in found.turns] == ["My kayak is green."]
    assert [(one.entity, one.slot, one.value) for one in found.facts] == [("Zoe", "kayak", "green")]
    assert "green" not in memory.recall("kayak", user="team").text
    everybody = memory.recall("kayak", k=50)
    assert {one.user for one in everybody.turns} == {"team", "other"}
    assert memory.recall("kayak", user="nobody").text == ""


def test_recent_turns_are_those_of_the_session(memory):
    found = memory.recall("kayak", user="team", session="s1", recent=2, k=50)
    assert [one.content for one in found.recent] == [one["content"] for one in TALK[-2:]]
    assert not {one.id for one in found.recent} & {one.id for one in found.turns}
    assert memory.recall("kayak", user="team").recent == ()


def test_facts_come_with_what_they_contradict(memory):
    found = memory.recall("Where does Tom live?", user="team")
    assert [(one.entity, one.value, one.valid_to) for one in found.facts[:2]] == [
        ("Tom", "Rome", None), ("Tom", "Oslo", day(3, month=2)),
    ]  # fmt: skip
    assert "Tom: residence: Oslo since 2024-01-02 until 2024-02-03" in found.text
    assert memory.recall("Where does Tom live?", user="team", facts=0).facts == ()


def test_entities_of_the_question_come_first(memory):
    found = memory.recall("Did Maria go to Oslo?", user="team")
    assert [one.name for one in found.entities[:2]] == ["Maria", "Oslo"]


def test_the_text_says_who_said_what_and_when(memory):
    found = memory.recall("kayak", user="team", session="s2", recent=1, k=1)
    assert found.text.startswith("<memory>\n")
    assert found.text.endswith("\n</memory>")
    assert "[2024-01-02] Maria: I work at Acme since 2019." in found.text
    assert f"[2024-01-01] {found.turns[0].line}" in found.text
    assert found.tokens == estimate_tokens(found.text)
    assert found.to_dict()["turns"][0]["content"] == found.turns[0].content


@pytest.mark.parametrize("budget", [1, 20, 40, 60, 80, 120, 200, 1000])
def test_the_text_stays_within_its_budget(memory, budget):
    found = memory.recall("kayak", user="team", session="s1", max_tokens=budget)
    assert found.tokens <= budget
    assert found.tokens == estimate_tokens(found.text)
    assert bool(found.text) is (budget > 20)
    assert found.turns == memory.recall("kayak", user="team", session="s1").turns


@settings(max_examples=40)
@given(st.integers(1, 150), st.lists(st.sampled_from([2, 5, 30]), max_size=8))
def test_packing_never_exceeds_a_budget_and_drops_nothing_that_fits(budget, lengths):
    from engram.agent import Turn

    turns = [
        Turn(f"k#{at:08d}", "word " * length, "a", "user", day(1), "s", position=at)
        for at, length in enumerate(lengths)
    ]
    text = packed(turns, [], [], budget, lambda text: len(text.split()))
    assert len(text.split()) <= budget
    if turns:
        alone = packed(turns[:1], [], [], None, lambda text: len(text.split()))
        assert (turns[0].line in text) or len(alone.split()) > budget


@pytest.mark.parametrize(
    "wrong", [{"k": 0}, {"recent": -1}, {"facts": -1}, {"max_tokens": 0}, {"k": True}]
)
def test_numbers_out_of_range_are_refused(memory, wrong):
    with pytest.raises(engram.InvalidInput, match="or more"):
        memory.recall("kayak", **wrong)


def test_an_empty_question_is_refused(memory):
    with pytest.raises(engram.InvalidInput, match=r"query\.empty"):
        memory.recall(" ")


@pytest.mark.parametrize(
    ("query", "me", "named"),
    [
        ("What did Maria buy?", None, {"Maria Lopez"}),
        ("what did maria buy?", None, {"Maria Lopez"}),
        ("What did Tom's brother say?", None, {"Tom"}),
        ("Is Tomas here?", None, set()),
        ("What is my dog called?", "ada", {"ada"}),
        ("What is my dog called?", None, set()),
        ("What is the dog called?", "ada", set()),
    ],
)
def test_speakers_are_named_by_their_names_and_i(query, me, named):
    assert named_speakers(query, ["Maria Lopez", "Tom", "ada"], me) == named


SCORES = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.integers(0, 6)).map(lambda one: turn_id(*one)),
    st.floats(0, 1),
    max_size=8,
)


@given(SCORES, st.sets(st.integers(0, 6).map(lambda at: turn_id("a", at)), max_size=3))
def test_neighbours_and_speakers_count_as_they_are_said_to(scores, named):
    """The oracle looks from the receiving side."""
    best = max(scores.values(), default=0.0)
    found = dict(ranked(scores, named))
    for name, score in found.items():
        key, at = name.split("#")
        passed = sum(scores.get(turn_id(key, int(at) + step), 0.0) for step in (-1, 1))
        own = scores.get(name, 0.0) + NEIGHBOUR_SHARE * passed
        assert score == pytest.approx(own + (SPEAKER_BONUS * best if name in named else 0))
    assert set(scores) <= set(found)
    order = [score for _, score in ranked(scores, named)]
    assert order == sorted(order, reverse=True)
