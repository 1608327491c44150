"""What each format gives."""

from concurrent.futures import ThreadPoolExecutor

import docx
import openpyxl
import pytest

from document_files import CSV, FILES, HTML, MARKDOWN, epub, mail, outlined_pdf, pdf, ruled, saved
from engram.errors import EngramError
from engram.extract import Limits, Part, extract
from engram.rag import MarkdownTextSplitter


def under(document, **place):
    """Give the texts of the parts with these attributes."""
    return [
        document.text[part.start : part.end]
        for part in document.parts
        if all(getattr(part, name) == value for name, value in place.items())
    ]


def test_a_pdf_file_has_pages_facts_and_tables():
    document = extract(FILES["pdf"]())
    assert document.kind == "application/pdf"
    assert document.title == "Tents"
    assert document.metadata == {
        "author": "A. Lpin",
        "created": "2026-01-02T03:04:05+01:00",
        "pages": 2,
    }
    assert under(document, page=2) == ["Use a soft sponge."]
    (table,) = document.tables
    assert table.header == ("Name", "Weight")
    assert table.rows == (("Bergfex", "1.9"), ("Talwind", "2.4"))
    assert document.text[table.start : table.end].startswith("Name")
    assert document.parts[table.part].page == 1
    assert extract(FILES["pdf"](), tables=False).tables == ()


def test_two_tables_of_a_page_are_in_its_order():
    lower = ruled([["Low", "Price"], ["a", "5"], ["b", "6"]], top=400)
    document = extract(pdf(drawings=[f"{lower}\n{ruled()}"]))
    assert [table.header for table in document.tables] == [("Name", "Weight"), ("Low", "Price")]


def test_frames_and_plots_are_no_tables():
    frame = ruled([["framed", ""], ["", ""], ["", ""]])
    diagonal = ruled([["0.5", ""], ["", "1.0"], ["", ""]], top=400)
    assert extract(pdf(drawings=[f"{frame}\n{diagonal}"])).tables == ()


def test_threads_read_the_same():
    raw = FILES["pdf"]()
    with ThreadPoolExecutor(4) as pool:
        assert set(map(repr, pool.map(extract, [raw] * 12))) == {repr(extract(raw))}


def test_bookmarks_are_the_headings_of_pages():
    document = extract(outlined_pdf())
    assert [part.path for part in document.parts] == [
        (), ("Care",), ("Care", "Cleaning"), ("Care", "Cleaning"),
    ]  # fmt: skip


def test_an_empty_page_keeps_the_numbers_of_the_others():
    document = extract(pdf(["one", "", "three"]))
    assert [part.page for part in document.parts] == [1, 3]
    assert document.metadata["pages"] == 3


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("D:20260102030405Z", "2026-01-02T03:04:05+00:00"),
        ("D:20260102030405-08'00", "2026-01-02T03:04:05-08:00"),
        ("D:20260102030405", "2026-01-02T03:04:05"),
        ("D:20260102", "2026-01-02"),
        ("D:2026", "2026"),
        ("2026-01-02T03:04:05.5Z", "2026-01-02T03:04:05.500000+00:00"),
        ("D:20261399", None),
        ("soon", None),
    ],
)
def test_dates_of_pdf_files(written, read):
    document = extract(pdf(info=f"<< /CreationDate ({written}) >>"))
    assert document.metadata.get("created") == read


def test_a_word_document_is_in_order_under_its_headings():
    document = extract(FILES["docx"]())
    assert document.title == "Tents"
    assert document.metadata["author"] == "A. Lpin"
    assert document.metadata["language"] == "en-GB"
    assert document.metadata["keywords"] == ["tents", "care"]
    assert document.metadata["created"] == "2013-12-23T23:15:00+00:00"
    assert under(document, path=("Care",)) == ["Care\n\nLet it dry.\nin the shade"]
    assert under(document, path=("Repairs",)) == ["Repairs\n\nUse the sleeve."]
    (table,) = document.tables
    assert document.parts[table.part].path == ("Care", "Sizes")
    assert document.text[table.start : table.end] == ("Name | Weight\nBergfex | 1.9\nTalwind | 2.4")
    assert table.records() == [
        {"Name": "Bergfex", "Weight": "1.9"}, {"Name": "Talwind", "Weight": "2.4"},
    ]  # fmt: skip


def test_merged_and_nested_cells_of_a_word_document():
    document = docx.Document()
    table = document.add_table(3, 3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
    table.cell(1, 2).merge(table.cell(2, 2)).text = "tall"
    inner = table.cell(2, 0).add_table(1, 1)
    inner.cell(0, 0).text = "inner"
    (read,) = extract(saved(document)).tables
    assert read.header is None
    assert read.rows == (("wide", "", ""), ("", "", "tall"), ("inner", "", ""))


def test_a_presentation_has_slides_and_notes():
    document = extract(FILES["pptx"]())
    assert document.title == "Tents"
    assert document.metadata["slides"] == 2
    assert under(document, slide=1, section=None) == ["Care\n\nLet it dry."]
    assert under(document, section="notes") == ["Tell the story of the wet tent."]
    assert under(document, slide=2)[0].startswith("In a group.")
    assert document.tables[0].header == ("Name", "Weight")
    assert document.parts[0].path == ("Care",)


def test_a_workbook_has_sheets_in_blocks_of_rows():
    document = extract(FILES["xlsx"]())
    assert [part.place for part in document.parts] == [
        {"sheet": "Tents", "rows": [1, 20]},
        {"sheet": "Tents", "rows": [21, 31]},
        {"sheet": "Empty & not", "rows": [5, 5]},
    ]
    first, second = document.tables
    assert first.header == ("Name", "Weight", "Sold")
    assert first.rows[0] == ("tent 1", "0.5", "FALSE")
    assert first.rows[1] == ("tent 2", "1", "TRUE")
    assert len(first.rows) == 30
    assert second.rows == (("alone",),)
    assert document.metadata["sheets"] == 3
    assert document.metadata["author"] == "A. Lpin"


def test_a_workbook_gives_saved_values_and_iso_dates():
    import datetime as dt

    workbook = openpyxl.Workbook()
    workbook.active.append([dt.datetime.fromisoformat("2026-01-02T03:04:00"), 1e300, 2.25, "a\nb"])
    text = extract(saved(workbook)).text
    assert text == "2026-01-02T03:04:00 | 1e+300 | 2.25 | a b"


def test_a_book_is_in_the_order_of_its_spine():
    document = extract(FILES["epub"]())
    assert document.title == "Tents"
    assert document.metadata["author"] == "A. Lpin, B. Erg"
    assert document.metadata["language"] == "en"
    assert document.metadata["date"] == "2026-01-02"
    assert document.metadata["modified"] == "2026-01-03T04:05:06+00:00"
    assert [(part.section, part.path) for part in document.parts if part.path] == [
        ("OPS/text/one .xhtml", ("Care",)),
        ("OPS/text/two.xhtml", ("Repairs",)),
    ]
    assert "All about Care." in under(document, path=("Care",))[0]


def test_a_book_without_a_chapter_it_lists_is_damaged():
    spine = epub(**{"META-INF/container.xml": "<container/>"})
    with pytest.raises(EngramError, match="names no package file"):
        extract(spine)


def test_a_page_has_headings_facts_and_the_way_back():
    document = extract(HTML.encode())
    assert (document.title, document.metadata["author"]) == ("Tents", "A. Lpin")
    assert document.metadata["created"] == "2026-01-02T03:04:05+01:00"
    assert document.metadata["keywords"] == ["tents", "care"]
    assert document.metadata["language"] == "en"
    assert [part.path for part in document.parts] == [
        (), ("Care & more",), ("Care & more", "Sizes"), ("Repairs",),
    ]  # fmt: skip
    start = document.text.index("Use the sleeve")
    low, high = document.span(start, start + 14)
    assert HTML[low:high] == "Use the sleeve"
    (table,) = document.tables
    assert table.header == ("Tent", "", "Weight")
    assert table.rows == (("Bergfex", "blue", "1.9"), ("", "red", "2.0"))


def test_an_e_mail_has_headers_body_and_attachments():
    document = extract(mail(nested=1))
    assert document.title == "Tents 1"
    assert document.metadata["author"] == '"A. Lpin" <a@example.com>'
    assert document.metadata["date"] == "2026-01-02T03:04:05+01:00"
    assert under(document, section="headers", attachment=None)[0].startswith('From: "A. Lpin"')
    assert under(document, section="body", attachment=None) == ["Grüße, see the attachments."]
    assert under(document, attachment="tents.pdf", page=2) == ["Use a soft sponge."]
    inner = "attachment-3.eml"
    assert under(document, attachment=inner, section="body") == ["Grüße, see the attachments."]
    assert under(document, attachment=f"{inner}/tents.pdf", page=1) == ["The tent sleeps two."]
    listed = document.metadata["attachments"]
    assert [(one["name"], one["read"], one.get("reason")) for one in listed] == [
        ("tents.pdf", True, None), ("a.png", False, "document.unsupported"), (inner, True, None),
    ]  # fmt: skip


def test_attachments_are_read_to_a_depth():
    document = extract(mail(nested=1), limits=Limits(depth=0))
    assert {one["reason"] for one in document.metadata["attachments"]} == {"input.limit"}
    assert {part.attachment for part in document.parts} == {None}
    with pytest.raises(EngramError, match="attachments allows 1"):
        extract(mail(nested=1), limits=Limits(attachments=1))


def test_markdown_is_its_text_with_front_matter_sections_and_tables():
    document = extract(MARKDOWN.encode(), kind="markdown")
    assert document.text == MARKDOWN
    assert document.title == "Tents"
    facts = document.metadata
    assert (facts["author"], facts["keywords"]) == ("A. Lpin, B. Erg", ["tents", "care"])
    assert facts["date"] == "2026-01-02T03:04:05+01:00"
    assert [part.path for part in document.parts] == [(), ("Care",), ("Care", "Repairs")]
    (table,) = document.tables
    assert table.header == ("Name", "Weight")
    assert table.rows == (("Berg|fex", "1.9"), ("Talwind", "2.4"))
    assert document.text[table.start :].startswith("| Name")
    assert document.split(MarkdownTextSplitter()) == MarkdownTextSplitter().split(MARKDOWN)


@pytest.mark.parametrize("block", ["a: [", "a: &x [1]\nb: *x", "d: 2026-13-45"])
def test_front_matter_that_cannot_be_read_is_said(block):
    document = extract(f"---\n{block}\n---\ntext\n".encode(), kind="markdown")
    assert document.metadata["defects"][0].startswith("front matter: ")


def test_delimited_text_is_its_text_in_blocks_of_rows():
    document = extract(CSV.encode(), filename="a.csv")
    assert document.text == CSV
    assert document.metadata["delimiter"] == ";"
    assert [part.rows for part in document.parts] == [(1, 20), (21, 31)]
    start, end = document.parts[1].start, document.parts[1].end
    assert CSV[start:end].startswith("tent 19;")
    (table,) = document.tables
    assert table.header == ("Name", "Note")
    assert table.rows[3] == ("tent 3", "over\ntwo; lines")
    assert extract(b"one\ntwo\n", kind="csv").tables[0].rows == (("two",),)


def test_json_lines_are_in_blocks_and_each_is_json():
    document = extract(FILES["jsonl"](), kind="jsonl")
    assert [part.rows for part in document.parts] == [(1, 20), (21, 40), (41, 60)]
    with pytest.raises(EngramError, match="line 2: Expecting"):
        extract(b"{}\n{\n", kind="jsonl")
    with pytest.raises(EngramError, match="the JSON file is damaged"):
        extract(b"[" * 100_000, kind="json")


def test_source_code_names_its_language():
    document = extract(FILES["text/x-python"](), filename="a.py")
    assert document.kind == "text/x-python"
    assert document.metadata["programming_language"] == "python"
    assert document.parts == (Part(start=0, end=len(document.text)),)


def test_records_of_a_table_have_distinct_names():
    from engram.extract import Table

    table = Table(start=0, end=1, header=("a", "", "a"), rows=(("1", "2", "3"),), part=0)
    assert table.records() == [{"a": "1", "2": "2", "a (2)": "3"}]
    table = Table(start=0, end=1, header=None, rows=(("1", "2"),), part=0)
    assert table.records() == [{"1": "1", "2": "2"}]
