"""Splitters of plain text, and the laws of all of them."""

import time
import unicodedata
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engram.embed
from engram.errors import InvalidInput
from engram.rag import (
    Chunk,
    CodeTextSplitter,
    MarkdownTextSplitter,
    RecursiveCharacterTextSplitter,
    SemanticTextSplitter,
    TextSplitter,
    TokenTextSplitter,
    estimate_tokens,
)

PIECES = st.sampled_from(
    [
        *("word", "a", ". ", "! ", " ", "\n", "\n\n", "\r\n", "\r\n\r\n", "\r", "\t", "\u3000"),
        *("# Title\n", "## Sub\n\n", "Set\n===\n", "| a | b |\n|---|---|\n", "| 1 | 2 |\n"),
        *(
            "- item\n",
            "```py\n",
            "```\n",
            "    code\n",
            "> quote\n",
            "---\n",
            "<div>\n",
            "1. one\n",
        ),
        *(
            "def f(x):\n",
            "    return 1\n",
            "class A {\n",
            "}\n",
            '"str',
            "'''",
            "// c\n",
            "/*",
            "*/",
        ),
        *(
            "e\u0301",
            "👨‍👩‍👧",
            "🇫🇷",
            "👍🏽",
            "한",
            "ᄒ\u1161\u11ab",
            "漢字",
            "。",
            "\x00",
            "x" * 30,
        ),
    ]
)
TEXTS = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=200)
SIZES = st.tuples(st.integers(1, 60), st.integers(0, 59)).filter(lambda pair: pair[1] < pair[0])

CORPORA = {
    "prose": "It was late. The lamp burned low, and nobody spoke! Why? Nobody knew. " * 40,
    "wrapped": ("A line of about the usual width, which ends where it does.\n" * 6 + "\n") * 10,
    "crlf": "First line here.\r\nSecond line here.\r\n\r\nA paragraph. Two.\r\n" * 40,
    "cjk": "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。" * 40,
    "chinese": "数据库把记录和向量保存在一个文件里\uff01检索很快吗\uff1f是的\uff0c非常快。\n\n"
    * 30,
    "emoji": "👨‍👩‍👧‍👦👍🏽🇫🇷🏴󠁧󠁢󠁥󠁮󠁧󠁿e\u0301❤️‍🔥한" * 60,
    "unbroken": "x" * 5_000,
    "space": " \n" * 2_000,
    "no end": "word " * 900 + "\n" * 300,
}


class Letters:
    """Embeds a text as how often it has each letter; one without letters has no vector."""

    identity = engram.embed.Identity("letters", "1", 26, normalized=False)

    def encode_batch(self, texts):
        counts = [[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts]
        return np.array(counts, dtype=np.float32).reshape(len(texts), 26)


def words(text):
    return len(text.split())


def splitters(size, overlap):
    return [
        RecursiveCharacterTextSplitter(size, overlap),
        RecursiveCharacterTextSplitter(size, overlap, separators=["a", ("b", " ")]),
        RecursiveCharacterTextSplitter(size, overlap, separators=[]),
        MarkdownTextSplitter(size, overlap),
        CodeTextSplitter(size, overlap),
        CodeTextSplitter(size, overlap).with_language("python"),
        SemanticTextSplitter(Letters(), size, overlap, percentile=50),
    ]


@settings(max_examples=150)
@given(text=TEXTS, pair=SIZES)
def test_chunks_are_exact_hold_everything_and_are_not_too_long(splits, text, pair):
    for splitter in splitters(*pair):
        splits(splitter, text, *pair)


@settings(max_examples=100)
@given(text=TEXTS, pair=SIZES)
def test_the_laws_hold_in_every_unit(splits, text, pair):
    for measure in (estimate_tokens, words, lambda part: len(part.encode("utf-8", "replace"))):
        splits(RecursiveCharacterTextSplitter(*pair, length=measure), text, *pair, measure)
        splits(MarkdownTextSplitter(*pair, length=measure), text, *pair, measure)
    splits(TokenTextSplitter(*pair), text, *pair, estimate_tokens)


@pytest.mark.parametrize("name", CORPORA)
@pytest.mark.parametrize("pair", [(1, 0), (7, 3), (100, 0), (100, 20), (1_000, 200)])
def test_the_laws_hold_for_texts_of_every_kind(splits, name, pair):
    for splitter in splitters(*pair):
        chunks = splits(splitter, CORPORA[name], *pair)
        if pair[1] == 0:
            assert "".join(chunk.text for chunk in chunks) == CORPORA[name]


def megabytes(count):
    text = "".join(CORPORA[name] for name in ("prose", "wrapped", "crlf", "chinese"))
    return (text * (count * 1_000_000 // len(text) + 1))[: count * 1_000_000]


@pytest.mark.parametrize("overlap", [0, 100])
def test_the_laws_hold_for_five_megabytes(splits, overlap):
    text = megabytes(5)
    chunks = splits(RecursiveCharacterTextSplitter(1_000, overlap), text, 1_000, overlap)
    assert len(chunks) < 2 * len(text) / 1_000


@pytest.mark.parametrize("count", [1, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", [MarkdownTextSplitter, CodeTextSplitter])
def test_the_laws_hold_for_megabytes_by_structure(splits, count, kind):
    splits(kind(1_000, 100), megabytes(count), 1_000, 100)


@pytest.mark.parametrize("name", ["emoji", "crlf", "cjk"])
def test_what_looks_like_one_character_is_not_cut(name):
    text = CORPORA[name]
    for splitter in splitters(40, 10):
        for chunk in splitter.split(text):
            first = chunk.text[0]
            assert unicodedata.category(first) not in {"Mn", "Me", "Cf"}, splitter
            assert not "\U0001f3fb" <= first <= "\U0001f3ff"
            assert not (first == "\n" and text[chunk.start - 1] == "\r")
            assert text[chunk.start - 1] != "\u200d"
    flags = RecursiveCharacterTextSplitter(5).split_text("🇫🇷🇩🇪🇯🇵🇬🇧")
    assert flags == ["🇫🇷🇩🇪", "🇯🇵🇬🇧"]
    # Where one alone is too long, it is cut all the same.
    assert RecursiveCharacterTextSplitter(2).split_text("👨‍👩‍👧") == ["👨\u200d", "👩\u200d", "👧"]


def test_breaks_fall_between_paragraphs_then_lines_then_sentences_then_words():
    text = "One two. Three four.\n\nFive six.\nSeven eight nine ten."
    assert RecursiveCharacterTextSplitter(40).split_text(text) == [
        "One two. Three four.\n\n",
        "Five six.\nSeven eight nine ten.",
    ]
    assert RecursiveCharacterTextSplitter(22).split_text(text) == [
        "One two. Three four.\n\n",
        "Five six.\n",
        "Seven eight nine ten.",
    ]
    assert RecursiveCharacterTextSplitter(10).split_text(text) == [
        "One two. ",
        "Three ",
        "four.\n\n",
        "Five six.\n",
        "Seven ",
        "eight ",
        "nine ten.",
    ]
    assert RecursiveCharacterTextSplitter(3).split_text("abcdefgh") == ["abc", "def", "gh"]


def test_an_indent_stays_with_its_line():
    assert RecursiveCharacterTextSplitter(12).split_text("one:\n\n    two\n\n    three") == [
        "one:\n\n",
        "    two\n\n",
        "    three",
    ]


def test_separators_can_be_chosen_and_grouped():
    text = "a;b|c;d"
    assert RecursiveCharacterTextSplitter(5, separators=[";", "|"]).split_text(text) == [
        "a;",
        "b|c;d",
    ]
    assert RecursiveCharacterTextSplitter(5, separators=[(";", "|")]).split_text(text) == [
        "a;b|",
        "c;d",
    ]
    # An empty one is between any two characters, and that is the last resort in any case.
    assert RecursiveCharacterTextSplitter(5, separators=[""]).split_text(text) == ["a;b|c", ";d"]


def test_an_overlap_starts_at_a_sentence_or_a_word():
    text = "Alpha beta gamma. Delta epsilon zeta. Eta theta iota. Kappa lambda mu."
    chunks = RecursiveCharacterTextSplitter(40, 22).split(text)
    assert [chunk.text for chunk in chunks] == [
        "Alpha beta gamma. Delta epsilon zeta. ",
        "Delta epsilon zeta. Eta theta iota. ",
        "Eta theta iota. Kappa lambda mu.",
    ]
    prose = CORPORA["prose"]
    for before, after in pairwise(RecursiveCharacterTextSplitter(200, 40).split(prose)):
        assert 10 <= before.end - after.start <= 40
        assert prose[after.start - 1] == " "


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((0, 0), "chunk_size is 0"),
        ((10, 10), "chunk_overlap is 10"),
        ((10, 11), "chunk_overlap is 11"),
        ((10, -1), "chunk_overlap is -1"),
        ((2.5, 0), "chunk_size is 2.5"),
        ((10, True), "chunk_overlap is True"),
    ],
)
def test_numbers_out_of_range_are_errors(arguments, named):
    for kind in (
        RecursiveCharacterTextSplitter,
        MarkdownTextSplitter,
        CodeTextSplitter,
        TokenTextSplitter,
    ):
        with pytest.raises(InvalidInput) as caught:
            kind(*arguments)
        assert caught.value.code == "input.invalid"
        assert named in caught.value.message


@pytest.mark.parametrize(
    "make",
    [
        lambda: RecursiveCharacterTextSplitter(separators="\n"),
        lambda: RecursiveCharacterTextSplitter(separators=[1]),
        lambda: RecursiveCharacterTextSplitter(length="words"),
        lambda: RecursiveCharacterTextSplitter(length=lambda text: None).split("x"),
        lambda: RecursiveCharacterTextSplitter(length=lambda text: -1).split("x"),
        lambda: RecursiveCharacterTextSplitter().split(b"bytes"),
        lambda: RecursiveCharacterTextSplitter().split("half a pair: \ud83d"),
    ],
)
def test_wrong_arguments_are_errors(make):
    with pytest.raises(InvalidInput) as caught:
        make()
    assert caught.value.code == "input.invalid"


def test_every_splitter_is_one_and_an_empty_text_has_no_chunks():
    for splitter in splitters(10, 2):
        assert isinstance(splitter, TextSplitter)
        assert splitter.split("") == splitter.split_text("") == []
        assert splitter.split("ab") == [Chunk("ab", 0, 2)]
        assert "chunk_size=10, chunk_overlap=2" in repr(splitter)


def test_a_chunk_strips_to_what_is_no_white_space():
    assert Chunk(" \n ab c\t", 10, 18).strip() == Chunk("ab c", 13, 17)
    assert Chunk("  ", 4, 6).strip() == Chunk("", 4, 4)


def test_white_space_alone_is_a_chunk_only_where_it_fits_nowhere():
    for text in (CORPORA["prose"], CORPORA["wrapped"], CORPORA["crlf"]):
        for splitter in splitters(50, 0)[:1] + splitters(50, 0)[3:]:
            assert all(chunk.text.strip() for chunk in splitter.split(text))


def test_a_slow_counter_is_asked_a_few_times_for_each_chunk():
    asked = []

    def count(text):
        asked.append(len(text))
        return estimate_tokens(text)

    text = CORPORA["prose"] * 20
    started = time.perf_counter()
    chunks = RecursiveCharacterTextSplitter(200, 20, length=count).split(text)
    assert len(asked) <= 12 * len(chunks), (len(asked), len(chunks), time.perf_counter() - started)
    assert max(asked) <= 4_000
