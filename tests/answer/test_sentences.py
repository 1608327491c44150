"""Where sentences end."""

# ruff: noqa: RUF001 - other scripts look alike

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram.answer import split_sentences
from engram.errors import InvalidInput

# Each case reads with "|" where a sentence ends.
CASES = [
    "Hello World.| My name is Jonas.",
    "There it is!| I found it.",
    "My name is Jonas E. Smith.",
    "Please turn to p. 55.",
    "Were Jane and co. at the party?",
    "They closed the deal with Pitt, Briggs & Co. at noon.",
    "They closed the deal with Pitt, Briggs & Co.| It closed yesterday.",
    "I can see Mt. Fuji from here.",
    "I live in the U.S.| How about you?",
    "I work for the U.S. Government in Virginia.",
    "She has $100.00 in her bag.| It is heavy.",
    "He teaches science (he worked for 5 years as an engineer.) at the local university.",
    "Her address is jane.doe@example.com.| I wrote to her.",
    "She turned to him, 'This is great.' she said.",
    "Really?!| Yes.",
    'He said "Stop!" and left.| She stayed.',
    '"It is done."| He left.',
    "It was great, e.g. in Paris, i.e. the capital.",
    "See Fig. 3 and Eq. 2 for details.| They agree.",
    "The value rose by 3.5 percent.| Then it fell.",
    "Dr. Who vs. Mr. Bean was on TV.| It was fun.",
    "Paris is big [1].| Berlin is small. [2]| Rome is old. [2, 3] [4-6]| Why?",
    "Yahoo! is a company.| It is old.",
    "We met on Jan. 5 in Rome.| It rained.",
    "No. 5 is alive.| No.| It is not.",
    "You and I.| Then they.",
    "This is a sentence . . . with dots.",
    "the flow was fast .| the wing was short .| it held .",
    "Das ist z. B. ein Test.| Noch einer.",
    "Am 3. Oktober 1990 war es so.| Dann nicht.",
    "Dr. Müller wohnt in der Str. 5.| Er ist alt.",
    "Der 2. Weltkrieg endete 1945.| Danach kam Frieden.",
    "M. Dupont est arrivé.| Il est parti.",
    "C'est vrai !| Oui.",
    "El Sr. García llegó.| ¿Quién es?| Nadie.",
    "我们是朋友。|你好吗？|很好！",
    "他说：“你好。”|然后走了。",
    "ما اسمك؟| اسمي أحمد.",
    "सच है।| झूठ नहीं।",
    "Это дом.| Он большой.",
    "А. С. Пушкин родился в 1799.| Он поэт.",
    "# A heading\n|Text of it.\n|- one\n|- two\n|\n|A new paragraph",
    "Lines that were broken to fit a narrow\npage belong to it, and do not end it.| So\nhere.",
    "A title\n|This paragraph begins below the title and is a good deal longer than it.",
    "| a | b |\n|" + "| 1 | 2 |",
]


def parts_of(case):
    if case.startswith("| a"):
        return ["| a | b |", "| 1 | 2 |"]
    return [part.strip() for part in case.split("|") if part.strip()]


@pytest.mark.parametrize("case", CASES)
def test_sentences_end_where_a_reader_ends_them(case):
    text = case if case.startswith("| a") else case.replace("|", "")
    if case.startswith("| a"):
        text = "| a | b |\n| 1 | 2 |"
    assert [one.text for one in split_sentences(text)] == parts_of(case)


PIECES = st.sampled_from(
    [
        "Dr. ",
        "a",
        "B",
        ". ",
        "! ",
        "?",
        "\n",
        "\n\n",
        "。",
        "[1]",
        " ",
        "3",
        "- ",
        "# ",
        "...",
        '"',
        "é",
    ]
)


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=60).map("".join)))
def test_sentences_are_exact_parts_and_nothing_is_lost(text):
    found = split_sentences(text)
    at = 0
    for one in found:
        assert one.text == text[one.start : one.end]
        assert one.text == one.text.strip() != ""
        assert not text[at : one.start].strip()
        at = one.end
    assert not text[at:].strip()


def test_what_has_no_end_is_cut_at_lines_and_words():
    text = "word " * 1_000
    found = split_sentences(text)
    assert len(found) > 1
    assert all(len(one.text) <= 1_000 and one.text.endswith("word") for one in found)
    assert max(len(one.text) for one in split_sentences("x" * 2_500)) == 1_000


def test_text_has_to_be_text():
    with pytest.raises(InvalidInput):
        split_sentences(b"bytes")
