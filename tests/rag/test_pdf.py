"""PDF files are read page by page."""

import builtins

import pytest
from typer.testing import CliRunner

import engram
from engram.cli.commands import app
from engram.errors import InvalidInput, Io, MissingExtra
from engram.rag import (
    RecursiveCharacterTextSplitter,
    chunk_records,
    pack_context,
    read_pdf,
    read_source,
)

pytest.importorskip("pypdfium2")

PAGES = [["White storks winter in Africa.", "They glide."], ["Swifts sleep in flight."], []]


def pdf(pages, title="Birds"):
    """A PDF file, as plain as they come."""
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    kids = " ".join(f"{5 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        font,
        f"<< /Title ({title}) >>".encode(),
    ]
    for lines in pages:
        shown = " ".join(f"1 0 0 1 72 {720 - 16 * n} Tm ({one}) Tj" for n, one in enumerate(lines))
        drawn = f"BT /F1 12 Tf {shown} ET".encode()
        fonts = "/Resources << /Font << /F1 3 0 R >> >>"
        about = f"/Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] {fonts}"
        objects.append(f"<< {about} /Contents {len(objects) + 2} 0 R >>".encode())
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn))
    body = b"%PDF-1.4\n"
    places = []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    tail = b"trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        size,
        len(body),
    )
    return body + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table) + tail


def test_pages_are_read_and_known_by_their_offsets(tmp_path):
    (tmp_path / "birds.pdf").write_bytes(pdf(PAGES))
    for source in (read_pdf(tmp_path / "birds.pdf"), read_pdf(pdf(PAGES))):
        assert source.text == (
            "White storks winter in Africa.\nThey glide.\n\nSwifts sleep in flight.\n\n"
        )
        assert (source.title, source.kind) == ("Birds", "pdf")
        assert [source.page(source.text.index(word)) for word in ("White", "glide", "Swifts")] == [
            1,
            1,
            2,
        ]
        assert source.span(3, 5) == (3, 5)
    assert read_source("text").page(0) is None


def test_records_and_citations_have_the_page():
    source = read_pdf(pdf(PAGES))
    chunks = source.split(RecursiveCharacterTextSplitter())
    assert "".join(chunk.text for chunk in chunks) == source.text
    assert all(source.text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    records = chunk_records(chunks, "birds.pdf", read=source)
    assert [record["metadata"]["page"] for record in records] == [1, 2]
    assert records[1]["text"] == "Birds\n\nSwifts sleep in flight."
    with engram.open(":memory:") as db:
        birds = db.collection("birds")
        birds.put_many(records)
        packed = pack_context(birds.query("who sleeps while flying?", k=1), 100)
    assert packed.text.startswith("[1] birds.pdf, page 2: Birds\nBirds\nSwifts sleep")
    (citation,) = packed.citations
    assert str(citation).startswith("[1] birds.pdf, page 2: Birds (")
    assert source.text[citation.start : citation.end] == citation.text == "Swifts sleep in flight."


def test_the_command_line_puts_pdf_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "birds.pdf").write_bytes(pdf(PAGES))
    for path in ("docs", "docs/birds.pdf"):
        done = CliRunner().invoke(app, ["put", "n.engram", path])
        assert done.exit_code == 0, done.output
        with engram.open("n.engram") as db:
            (name,) = db.list_collections()
            pages = [record.metadata["page"] for record in db.collection(name).iterate()]
            assert sorted(pages) == [1, 2]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"no PDF", "is no PDF that can be read"), (pdf([[], []]), "has 2 pages and no text")],
)
def test_what_cannot_be_read_is_an_error(content, said):
    with pytest.raises(InvalidInput) as caught:
        read_pdf(content)
    assert caught.value.code == "input.invalid"
    assert said in caught.value.message
    with pytest.raises(InvalidInput):
        read_source("text", "pdf")


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(Io) as caught:
        read_pdf(tmp_path / "none.pdf")
    assert caught.value.code == "file.not_found"


def test_without_its_extra_the_error_names_it(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "pypdfium2":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra) as caught:
        read_pdf(b"")
    assert caught.value.hint == "pip install 'engram[pdf]'"
