"""Words that mean a span of time."""

import datetime as dt

import pytest

from engram.errors import InvalidInput
from engram.memory.when import found_in, span_in_words

# A Wednesday.
NOW = dt.datetime(2024, 5, 15, 12, tzinfo=dt.timezone.utc)


def ends(words):
    span = span_in_words(words, NOW)
    return tuple(None if one is None else one[:10] for one in (span.since, span.until))


@pytest.mark.parametrize(
    ("words", "since", "until"),
    [
        ("last week", "2024-05-06", "2024-05-13"),
        ("this week", "2024-05-13", "2024-05-20"),
        ("last month", "2024-04-01", "2024-05-01"),
        ("last year", "2023-01-01", "2024-01-01"),
        ("yesterday", "2024-05-14", "2024-05-15"),
        ("past week", "2024-05-08", None),
        ("in the last 3 days", "2024-05-12", None),
        ("last two weeks", "2024-05-01", None),
        ("in March 2024", "2024-03-01", "2024-04-01"),
        ("March 5, 2024", "2024-03-05", "2024-03-06"),
        ("on 5 March 2024", "2024-03-05", "2024-03-06"),
        ("2023", "2023-01-01", "2024-01-01"),
        ("since 2023", "2023-01-01", None),
        ("after March 2024", "2024-04-01", None),
        ("before March 2024", None, "2024-03-01"),
        ("until March 2024", None, "2024-04-01"),
        ("between May 2 and May 9", "2024-05-02", "2024-05-10"),
        ("from January 2024 to March 2024", "2024-01-01", "2024-04-01"),
        ("Q4 2023", "2023-10-01", "2024-01-01"),
        ("in the second quarter of 2023", "2023-04-01", "2023-07-01"),
        ("two weeks ago", "2024-04-29", "2024-05-06"),
        ("last Monday", "2024-05-13", "2024-05-14"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
    ],
)
def test_words_mean_a_span(words, since, until):
    assert ends(words) == (since, until)
    assert ends(words.upper()) == (since, until)


@pytest.mark.parametrize(
    "words", ["", "soon", "last chance", "between May 9 and May 2", "May 45 2024", "Q5 2024"]
)
def test_words_that_mean_none_are_an_error(words):
    with pytest.raises(InvalidInput):
        span_in_words(words, NOW)


@pytest.mark.parametrize(
    ("question", "rest", "words"),
    [
        ("what did we decide last week?", "what did we decide", "last week"),
        ("Since yesterday, who called?", "who called?", "Since yesterday"),
        ("reports from January 2024 to March 2024 on tents", "reports on tents",
         "from January 2024 to March 2024"),
        ("what happened in 2023", "what happened", "in 2023"),
        ("the 2023 model of tents", "the 2023 model of tents", None),
        ("may I march in?", "may I march in?", None),
        ("last week", "last week", None),
    ],
)  # fmt: skip
def test_words_of_time_are_found_in_a_question(question, rest, words):
    left, span = found_in(question, NOW)
    assert left == rest
    assert (None if span is None else span.words) == words


def test_a_search_takes_words_of_time(memory):
    today = dt.datetime.now(dt.timezone.utc)
    memory.put("tents of now", uri="new", timestamp=today)
    memory.put("tents of then", uri="old", timestamp="2019-04-05")
    assert [one.uri for one in memory.find("tents", when="today")] == ["new"]
    finds = memory.find("which tents in April 2019", when=True)
    assert [one.uri for one in finds] == ["old"]
    assert finds.when.words == "in April 2019"
    assert finds.when.since == "2019-04-01T00:00:00.000000Z"
    plain = memory.find("which tents", when=True)
    assert (len(plain), plain.when) == (2, None)
    with pytest.raises(InvalidInput):
        memory.find("tents", when="soonish")
