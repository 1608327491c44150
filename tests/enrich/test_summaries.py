"""Summaries: chosen sentences, models by choice, conversations."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engram
from engram.enrich import RollingSummary, roll, summarize
from engram.enrich.summaries import sentences_of

TALK = [
    "The database migration is planned for Friday evening. Hello!",
    "We decided to move the customer database to the new server in Frankfurt.",
    "Ok.",
    "The migration of the database takes four hours, and nobody can log in meanwhile.",
    "My cat likes the new sofa.",
    "Anna will write to all customers about the database migration tomorrow.",
]


def test_a_summary_is_made_of_the_texts_own_sentences_in_their_order():
    said = [one for text in TALK for one in sentences_of(text)]
    summary = summarize(TALK, sentences=3)
    chosen = sentences_of(summary)
    assert len(chosen) == 3
    assert [said.index(one) for one in chosen] == sorted(said.index(one) for one in chosen)
    assert "cat" not in summary
    assert "migration" in summary


def test_the_same_texts_give_the_same_summary():
    assert summarize(TALK) == summarize(list(TALK))


@settings(max_examples=25)
@given(st.lists(st.text(alphabet="ab .!\n?x", max_size=40), max_size=5), st.integers(1, 4))
def test_a_summary_has_no_more_sentences_than_asked_for(texts, count):
    assert len(sentences_of(summarize(texts, sentences=count))) <= count


def test_sentences_that_say_the_same_stand_once():
    text = ["The release was moved to Monday because of the failing tests."] * 5
    assert summarize([*text, "Bob repairs the heating in the office."], sentences=2) == (
        f"{text[0]} Bob repairs the heating in the office."
    )


def test_sentences_end_where_a_reader_says_so():
    text = 'Dr. Smith met J. Doe. "Really?" she asked.\nNo stop 这是一句。第二。'
    assert sentences_of(text) == [
        "Dr. Smith met J. Doe.", '"Really?"', "she asked.", "No stop 这是一句。", "第二。",
    ]  # fmt: skip


def test_nothing_has_no_summary():
    assert summarize([]) == ""
    assert summarize(["", "  "]) == ""


def test_a_language_model_writes_by_choice():
    prompts = []

    def model(prompt):
        prompts.append(prompt)
        return " Short. "

    assert summarize(["Long story."], model=model, before="Earlier.", sentences=2) == "Short."
    assert "Long story." in prompts[0]
    assert "Earlier." in prompts[0]
    assert "2 sentences" in prompts[0]


def test_a_summarizing_model_writes_by_choice():
    class Half:
        def summarize(self, text):
            return text[: len(text) // 2]

    assert summarize(["abcd", "efgh"], model=Half()) == "abcd"


class Short:
    """Reads ten words, and keeps every second one."""

    max_length = 10
    read = 0

    def count_tokens(self, text):
        return len(text.split())

    def summarize(self, text):
        assert self.count_tokens(text) <= self.max_length
        Short.read += self.count_tokens(text)
        return " ".join(text.split()[::2])


def test_a_text_longer_than_a_model_reads_is_summed_up_in_parts():
    words = [f"word{number}" for number in range(50)]
    summary = summarize([" ".join(words)], model=Short())
    assert set(summary.split()) <= set(words)
    assert len(summary.split()) <= 10
    assert Short.read > 50


def test_a_model_that_makes_nothing_shorter_is_an_error():
    class Same(Short):
        def summarize(self, text):
            return text

    with pytest.raises(engram.InvalidInput, match="no text shorter"):
        summarize(["word " * 50], model=Same())


def test_a_model_that_says_nothing_is_an_error():
    with pytest.raises(engram.InvalidInput, match=r"llm\.answer"):
        summarize(["Long story."], model=lambda prompt: "  ")


@pytest.mark.parametrize("count", [0, -1, True, 1.5])
def test_a_summary_has_at_least_one_sentence(count):
    with pytest.raises(engram.InvalidInput, match="1 or more"):
        summarize(TALK, sentences=count)


def test_one_text_is_no_list():
    with pytest.raises(engram.InvalidInput, match="pass a list"):
        summarize("text")


def test_a_rolling_summary_keeps_what_it_is_about():
    summary = RollingSummary()
    for message in TALK:
        summary = roll(summary, [message], sentences=3)
    assert summary.count == len(TALK)
    assert "migration" in summary.text
    assert len(sentences_of(summary.text)) <= 3
    assert roll(summary, []) is summary
    assert summary.to_dict() == {"text": summary.text, "count": 6}


def test_a_rolling_summary_hands_the_one_before_to_a_model():
    prompts = []

    def model(prompt):
        prompts.append(prompt)
        return f"summary {len(prompts)}"

    summary = roll(RollingSummary(), ["one"], model=model)
    summary = roll(summary, ["two"], model=model)
    assert summary == RollingSummary("summary 2", 2)
    assert "summary 1" in prompts[1]
    assert "one" not in prompts[1].splitlines()
