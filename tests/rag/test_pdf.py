"""PDF files are read page by page."""

import pytest
from typer.testing import CliRunner

import engram
from engram.cli.commands import app
from engram.extract import extract
from engram.rag import (
    RecursiveCharacterTextSplitter,
    chunk_records,
    pack_context,
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
    for source in (extract(tmp_path / "birds.pdf"), extract(pdf(PAGES))):
        assert source.text.split() == " ".join(" ".join(page) for page in PAGES).split()
        assert (source.title, source.kind) == ("Birds", "application/pdf")
        pages = [source.where(source.text.index(word)) for word in ("White", "glide", "Swifts")]
        assert pages == [{"page": 1}, {"page": 1}, {"page": 2}]
        assert source.span(3, 5) == (3, 5)


def test_records_and_citations_have_the_page():
    source = extract(pdf(PAGES))
    chunks = source.split(RecursiveCharacterTextSplitter())
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
