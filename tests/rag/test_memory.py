"""A conversation keeps what fits, and its system messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engram
from engram.errors import Closed, InvalidInput
from engram.rag import ConversationMemory, estimate_tokens


def words(text):
    return len(text.split())


def said(memory):
    return [(message["role"], message["content"]) for message in memory.messages]


@pytest.fixture
def talk(tmp_path):
    with engram.open(tmp_path / "talk.engram") as db:
        yield db.collection("talk")


def test_messages_are_kept_in_order_and_formatted():
    memory = ConversationMemory(100)
    memory.add_message("system", "Be brief.")
    memory.add_message("user", "Hi!")
    memory.add_message("assistant", "Hello.")
    assert memory.messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi!"},
        {"role": "assistant", "content": "Hello."},
    ]
    assert memory.format_messages() == "system: Be brief.\n\nuser: Hi!\n\nassistant: Hello."
    assert (len(memory), memory.max_tokens) == (3, 100)
    memory.clear()
    assert (memory.messages, memory.format_messages(), memory.tokens) == ([], "", 0)


def test_the_oldest_go_first_and_system_messages_stay():
    memory = ConversationMemory(9, length=words)
    memory.add_message("system", "be kind")
    for number in ("one", "two", "three", "four"):
        memory.add_message("user", number)
    assert said(memory) == [
        ("system", "be kind"),
        ("user", "two"),
        ("user", "three"),
        ("user", "four"),
    ]
    memory.add_message("system", "be quick")
    assert said(memory) == [("system", "be kind"), ("user", "four"), ("system", "be quick")]


@given(
    st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), st.text(max_size=60))),
    st.integers(1, 60),
)
def test_it_never_holds_more_than_its_tokens(messages, limit):
    memory = ConversationMemory(limit)
    system = []
    last = None
    refused = []
    for role, content in messages:
        before = memory.messages
        try:
            memory.add_message(role, content)
        except InvalidInput as error:
            refused.append(error.code)
            assert memory.messages == before
            continue
        last = {"role": role, "content": content}
        system += [last] if role == "system" else []
        assert memory.tokens <= limit
        assert estimate_tokens(memory.format_messages()) <= limit
        assert [one for one in memory.messages if one["role"] == "system"] == system
        assert memory.messages[-1] == last
    assert set(refused) <= {"input.limit"}


def test_a_message_without_room_is_an_error_and_changes_nothing():
    memory = ConversationMemory(6, length=words)
    memory.add_message("system", "be kind")
    memory.add_message("user", "hello")
    with pytest.raises(InvalidInput) as caught:
        memory.add_message("user", "far too many words")
    assert caught.value.code == "input.limit"
    assert caught.value.details == {"tokens": "8", "room": "6"}
    assert said(memory) == [("system", "be kind"), ("user", "hello")]


@pytest.mark.parametrize(
    "make",
    [
        lambda: ConversationMemory(0),
        lambda: ConversationMemory(1.5),
        lambda: ConversationMemory(True),
        lambda: ConversationMemory(10, length="words"),
        lambda: ConversationMemory(20, summarizer=lambda prompt: "x"),
        lambda: ConversationMemory(10).add_message("", "x"),
        lambda: ConversationMemory(10).add_message("summary", "x"),
        lambda: ConversationMemory(10).add_message("user", None),
        lambda: ConversationMemory(10, summarizer=5),
    ],
)
def test_wrong_arguments_are_errors(make):
    with pytest.raises(InvalidInput) as caught:
        make()
    assert caught.value.code in {"input.invalid", "llm.invalid"}


def test_what_is_dropped_is_summed_up_with_the_summary_before():
    asked = []

    def summarizer(prompt):
        asked.append(prompt)
        return f"summary {len(asked)}"

    memory = ConversationMemory(40, length=words, summarizer=summarizer)
    memory.add_message("system", "be kind")
    for number in range(12):
        memory.add_message("user", f"this is message number {number}")
        assert memory.tokens <= 40
    assert len(asked) == 2
    assert "user: this is message number 0\n\nuser: this is message number 1" in asked[0]
    assert "summary: summary 1\n\nuser: this is message number" in asked[1]
    assert said(memory)[:2] == [
        ("system", "be kind"),
        ("system", "Summary so far: summary 2"),
    ]
    everywhere = "\n\n".join([memory.format_messages(), *asked]).split("\n\n")
    for number in range(12):
        assert everywhere.count(f"user: this is message number {number}") == 1


def test_a_summary_that_is_too_long_is_cut():
    memory = ConversationMemory(60, length=words, summarizer=lambda prompt: "many words. " * 40)
    for number in range(20):
        memory.add_message("user", f"this is message number {number}")
        assert memory.tokens <= 60
    summary = memory.messages[0]["content"]
    assert summary.startswith("Summary so far: many words.")
    assert 11 <= words(summary) <= 14


@pytest.mark.parametrize("answer", [" \n", None, ZeroDivisionError])
def test_a_summarizer_that_fails_changes_nothing(answer):
    def summarizer(prompt):
        if answer is ZeroDivisionError:
            raise ZeroDivisionError
        return answer

    memory = ConversationMemory(40, length=words, summarizer=summarizer)
    kept = []
    with pytest.raises((InvalidInput, ZeroDivisionError)):
        for number in range(9):
            kept = said(memory)
            memory.add_message("user", f"this is message number {number}")
    assert said(memory) == kept


def test_a_conversation_is_restored_from_its_file(tmp_path):
    path = tmp_path / "talk.engram"
    with engram.open(path) as db:
        memory = ConversationMemory(8, length=words, collection=db.collection("talk"))
        memory.add_message("system", "be kind")
        for number in ("one", "two", "three", "four"):
            memory.add_message("user", number)
        held = said(memory)
    with engram.open(path, read_only=True) as db:
        again = ConversationMemory(8, length=words, collection=db.collection("talk"))
        assert said(again) == held == [("system", "be kind"), ("user", "three"), ("user", "four")]
        other = ConversationMemory(8, collection=db.collection("talk"), conversation="other")
        assert other.messages == []


def test_what_was_dropped_stays_in_the_file_to_be_searched(talk):
    memory = ConversationMemory(10, collection=talk, conversation="x")
    memory.add_message("user", "my cat is called Minka")
    memory.add_message("user", "it rains in Hamburg")
    assert said(memory) == [("user", "it rains in Hamburg")]
    (hit,) = talk.query("what is the name of the cat?", where="dropped = true", k=1)
    assert hit.text == "my cat is called Minka"
    assert hit.metadata == {"conversation": "x", "role": "user", "dropped": True}


def test_each_addition_is_one_commit(talk):
    memory = ConversationMemory(10, collection=talk)
    memory.add_message("user", "my cat is called Minka")
    before = talk._database.stats().commit
    memory.add_message("user", "it rains in Hamburg")
    assert talk._database.stats().commit == before + 1


def test_a_smaller_memory_drops_more_and_a_larger_one_does_not_bring_it_back(talk):
    memory = ConversationMemory(20, length=words, collection=talk)
    for number in range(5):
        memory.add_message("user", f"message number {number}")
    small = ConversationMemory(10, length=words, collection=talk)
    assert said(small) == [("user", "message number 3"), ("user", "message number 4")]
    assert talk.count("dropped = true") == 0
    small.add_message("user", "last")
    assert talk.count("dropped = true") == 3
    large = ConversationMemory(100, length=words, collection=talk)
    assert said(large) == said(small)


def test_a_summary_is_restored_too(talk):
    memory = ConversationMemory(
        40, length=words, summarizer=lambda prompt: "they counted", collection=talk
    )
    for number in range(9):
        memory.add_message("user", f"this is message number {number}")
    again = ConversationMemory(40, length=words, collection=talk)
    assert said(again) == said(memory)
    assert said(again)[0] == ("system", "Summary so far: they counted")


def test_clearing_forgets_one_conversation_in_the_file(talk):
    for name in ("x", "it's y"):
        memory = ConversationMemory(10, collection=talk, conversation=name)
        for text in ("my cat is called Minka", "it rains in Hamburg"):
            memory.add_message("user", text)
    memory.clear()
    assert memory.messages == []
    assert talk.count("conversation = 'x'") == len(talk) == 2


def test_two_processes_lose_nothing_of_each_other(talk):
    one, two = (ConversationMemory(100, collection=talk) for _ in range(2))
    for number in range(5):
        one.add_message("user", f"one {number}")
        two.add_message("user", f"two {number}")
    both = said(ConversationMemory(100, collection=talk))
    assert [text for _, text in both] == [f"{who} {n}" for n in range(5) for who in ("one", "two")]


def test_where_the_file_cannot_be_written_nothing_is_added(tmp_path):
    with engram.open(tmp_path / "talk.engram") as db:
        memory = ConversationMemory(100, collection=db.collection("talk"))
        memory.add_message("user", "one")
    with pytest.raises(Closed):
        memory.add_message("user", "two")
    assert said(memory) == [("user", "one")]
