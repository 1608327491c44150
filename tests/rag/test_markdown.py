"""Markdown is split by its structure."""

import pytest

from engram.rag import MarkdownTextSplitter

HEADER = "| name | what |\n|---|:-:|\n"
ROWS = "".join(f"| row {n} | {'x' * (n % 7)} says something |\n" for n in range(30))
DOCUMENT = f"""Intro before anything.

# Guide

## Install

Run this:

```sh
pip install engram
engram --help
```

## Values

A table:

{HEADER}{ROWS}
After the table.

Setext
------

Under it.
"""


def test_headings_start_chunks_and_are_their_path():
    text = "intro\n\n# Alpha\n\none\n\n## Beta #\ntwo\n### Gamma\nthree\n## Delta\nfour\n# End\n"
    chunks = MarkdownTextSplitter().split(text)
    assert [(chunk.path, chunk.text) for chunk in chunks] == [
        ((), "intro\n\n"),
        (("Alpha",), "# Alpha\n\none\n\n"),
        (("Alpha", "Beta"), "## Beta #\ntwo\n"),
        (("Alpha", "Beta", "Gamma"), "### Gamma\nthree\n"),
        (("Alpha", "Delta"), "## Delta\nfour\n"),
        (("End",), "# End\n"),
    ]


def test_a_heading_without_a_body_stays_with_the_next():
    (chunk,) = MarkdownTextSplitter().split("# A\n\n## B\n\n### C\ntext")
    assert (chunk.path, chunk.opens) == (("A", "B", "C"), 3)
    assert chunk.context == ""
    (first, second) = MarkdownTextSplitter().split("# A\nx\n## B\n# C\ntext")
    assert (second.path, second.opens, second.text) == (("C",), 1, "## B\n# C\ntext")
    assert first.path == ("A",)


def test_the_context_says_what_the_text_does_not():
    text = "# A\n\nx\n\n## B\n\n" + "one two three. " * 10
    chunks = MarkdownTextSplitter(60).split(text)
    assert [chunk.context for chunk in chunks[:3]] == ["", "A", "A > B"]
    assert chunks[1].text.startswith("## B\n\n")
    assert chunks[2].contextual == "A > B\n\n" + chunks[2].text


def test_what_looks_like_a_heading_in_code_is_none():
    code = "# Real\n```sh\n# a comment\n```\n~~~~\n# no\n~~~\n# no\n~~~~\n    # no\n# Last\nx"
    assert [chunk.path for chunk in MarkdownTextSplitter().split(code)] == [("Real",), ("Last",)]
    assert [chunk.path for chunk in MarkdownTextSplitter().split("> # quoted\n\n- # item\n")] == [
        ()
    ]


@pytest.mark.parametrize("size", [80, 120, 200, 500])
@pytest.mark.parametrize("overlap", [0, 40])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_stay_whole_and_know_their_header(splits, size, overlap, end):
    text = DOCUMENT.replace("\n", end)
    rows = [row for row in text.split(end) if row.startswith("| row")]
    seen = []
    for chunk in splits(MarkdownTextSplitter(size, overlap), text, size, overlap):
        lines = [line for line in chunk.text.split(end) if line.startswith("|")]
        assert all(line in rows or line in HEADER.splitlines() for line in lines)
        seen += lines
        if lines and lines[0] in rows and chunk.text.startswith("|"):
            assert chunk.header == HEADER.rstrip().replace("\n", end)
            assert chunk.contextual.startswith(f"Guide > Values\n{chunk.header}\n| row")
        else:
            assert chunk.header is None
    assert set(rows) <= set(seen)


def test_the_header_of_a_table_is_never_alone():
    for chunk in MarkdownTextSplitter(70).split(DOCUMENT):
        if "|---|" in chunk.text:
            assert HEADER + "| row 0 |" in chunk.text


def test_code_stays_whole_where_it_fits_and_is_cut_between_lines_where_not():
    fence = "```sh\npip install engram\nengram --help\n```\n"
    assert any(fence in chunk.text for chunk in MarkdownTextSplitter(70).split(DOCUMENT))
    lines = [f"line_{n} = {n} and some more. And" for n in range(20)]
    text = "B.\n\n```py\n" + "\n".join(lines) + "\n```\n\nBehind it.\n"
    for overlap in (0, 50):
        chunks = MarkdownTextSplitter(120, overlap).split(text)
        for chunk in chunks:
            for line in chunk.text.splitlines():
                assert line in {*lines, "```py", "```", "", "B.", "Behind it."}
        assert len(chunks) > 4


def test_items_and_paragraphs_are_broken_between():
    text = "- first item here\n- second item here\n  with more\n- third item here\n\nA paragraph.\n"
    assert MarkdownTextSplitter(50).split_text(text) == [
        "- first item here\n- second item here\n  with more\n",
        "- third item here\n\nA paragraph.\n",
    ]
    prose = "One sentence which is\nwrapped. Another one that\nis wrapped too. End.\n"
    assert MarkdownTextSplitter(50).split_text(prose) == [
        "One sentence which is\nwrapped. ",
        "Another one that\nis wrapped too. End.\n",
    ]


def test_front_matter_is_no_heading():
    text = "---\ntitle: x\ntags: [a]\n---\n\n# Real\n\ntext\n"
    chunks = MarkdownTextSplitter().split(text)
    assert [chunk.path for chunk in chunks] == [(), ("Real",)]
    assert chunks[0].text == "---\ntitle: x\ntags: [a]\n---\n\n"


def test_a_rule_at_the_start_of_a_page_is_no_front_matter():
    text = "---\n\n# Title\n\ntext: more\n\n---\n\nend\n"
    assert [chunk.path for chunk in MarkdownTextSplitter().split(text)] == [(), ("Title",)]
    # Front matter that never ends is none either, and is looked for in one pass.
    assert len(MarkdownTextSplitter().split("---\ra: b\r" + "c\r" * 40_000)) >= 80


def test_what_python_takes_for_a_line_end_and_markdown_does_not_moves_nothing():
    text = "a\x0bb\x0c\x1c\u2028c\x85\n\n# Head\n\nbody\x0b\n\n# Next\nx"
    chunks = MarkdownTextSplitter().split(text)
    assert [chunk.path for chunk in chunks] == [(), ("Head",), ("Next",)]
    assert chunks[1].text == "# Head\n\nbody\x0b\n\n"


def test_a_chunk_says_what_it_is_as_data():
    chunk = MarkdownTextSplitter(60).split(DOCUMENT)[-1]
    assert chunk.to_dict() == {
        "text": chunk.text,
        "start": chunk.start,
        "end": len(DOCUMENT),
        "path": ["Guide", "Setext"],
        "opens": 1,
    }
