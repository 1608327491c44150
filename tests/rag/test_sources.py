"""Text, Markdown and HTML are read so that offsets lead back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram.rag import RecursiveCharacterTextSplitter, read_source
from engram.rag.sources import kind_of

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
    for chunk in RecursiveCharacterTextSplitter(20).split(source.text):
        begin, end = source.span(chunk.start, chunk.end)
        assert 0 <= begin < end <= len(text)


def test_text_and_markdown_are_their_own_source():
    source = read_source("# T\nx", "markdown")
    assert (source.text, source.title, source.span(1, 3)) == ("# T\nx", "T", (1, 3))
    assert read_source("# T", "text").title is None


def test_kinds_come_from_names():
    names = ["a.md", "b.TXT", "c.tar.html", "d", "e.py", ".md"]
    assert [kind_of(n) for n in names] == ["markdown", "text", "html", None, None, "markdown"]
