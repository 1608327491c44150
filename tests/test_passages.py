"""Passages and their offsets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram import InvalidInput
from engram.rag import read_source, split_passages
from engram.rag.sources import kind_of

PIECES = st.sampled_from(
    [
        "word",
        "a",
        ". ",
        "! ",
        " ",
        "\n",
        "\n\n",
        "\n \n",
        "\t",
        "# Title\n",
        "é",
        "\u3000",
        "。",
        "x" * 30,
    ]
)
TEXTS = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=200)


@given(text=TEXTS, max_chars=st.integers(1, 60), headings=st.booleans())
def test_passages_are_exact_ordered_short_and_hold_everything(text, max_chars, headings):
    passages = split_passages(text, max_chars=max_chars, headings=headings)
    end = 0
    for passage in passages:
        assert passage.text == text[passage.start : passage.end]
        assert passage.text == passage.text.strip() != ""
        assert len(passage.text) <= max_chars
        assert passage.start >= end
        assert text[end : passage.start].isspace() or end == passage.start
        end = passage.end
    assert text[end:].isspace() or end == len(text)


def test_breaks_fall_between_paragraphs_then_sentences_then_words():
    text = "One two. Three four.\n\nFive six.\n\nSeven eight nine ten."
    assert [p.text for p in split_passages(text, max_chars=40)] == [
        "One two. Three four.\n\nFive six.",
        "Seven eight nine ten.",
    ]
    assert [p.text for p in split_passages(text, max_chars=20)] == [
        "One two. Three four.",
        "Five six.",
        "Seven eight nine",
        "ten.",
    ]
    assert [p.text for p in split_passages(text, max_chars=8)][:4] == [
        "One two.",
        "Three",
        "four.",
        "Five",
    ]


def test_headings_start_passages_and_title_them():
    text = "intro\n\n# Alpha\n\none\n\n## Beta #\ntwo"
    passages = split_passages(text, headings=True)
    assert [(p.title, p.text) for p in passages] == [
        (None, "intro"),
        ("Alpha", "# Alpha\n\none"),
        ("Beta", "## Beta #\ntwo"),
    ]
    assert len(split_passages(text)) == 1
    code = "# Real\n```sh\n# a comment\n```\n~~~~\n# no\n~~~\n# no\n~~~~\n# Last\nx"
    assert [p.title for p in split_passages(code, headings=True)] == ["Real", "Last"]


def test_a_limit_below_one_is_an_error():
    with pytest.raises(InvalidInput):
        split_passages("x", max_chars=0)
    assert split_passages("") == split_passages(" \n ") == []


PAGE = """<!doctype html>
<html><head><title>A &amp; B</title><style>p { color: red }</style></head>
<body><h1>Heading</h1><p>First &lt;b&gt; <b>bold</b> text&copy;</p>
<ul><li>one</li><li>two</li></ul><script>alert("no")</script>
<p>caf&#233; &unknown; end</body></html>"""


def test_html_is_read_without_its_markup():
    source = read_source(PAGE, "html")
    assert source.title == "A & B"
    assert [" ".join(part.split()) for part in source.text.split("\n\n") if part.strip()] == [
        "Heading",
        "First <b> bold text©",
        "one two",
        "café &unknown; end",
    ]


@pytest.mark.parametrize(
    ("passage", "original"),
    [
        ("Heading", "Heading"),
        ("First <b> bold text©", "First &lt;b&gt; <b>bold</b> text&copy;"),
        ("bold", "bold"),
        ("café &unknown; end", "caf&#233; &unknown; end"),
    ],
)
def test_html_offsets_lead_back_into_the_source(passage, original):
    source = read_source(PAGE, "html")
    start = source.text.index(passage)
    begin, end = source.span(start, start + len(passage))
    assert PAGE[begin:end] == original


@given(text=st.text(max_size=100))
def test_every_text_reads_as_html_and_leads_back(text):
    source = read_source(text, "html")
    for passage in split_passages(source.text, max_chars=20):
        begin, end = source.span(passage.start, passage.end)
        assert 0 <= begin < end <= len(text)


def test_text_and_markdown_are_their_own_source():
    source = read_source("# T\nx", "markdown")
    assert (source.text, source.title, source.span(1, 3)) == ("# T\nx", "T", (1, 3))
    assert read_source("# T", "text").title is None


def test_kinds_come_from_names():
    names = ["a.md", "b.TXT", "c.tar.html", "d", "e.py", ".md"]
    assert [kind_of(n) for n in names] == ["markdown", "text", "html", None, None, "markdown"]
