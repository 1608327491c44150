"""PDFium is for one thread at a time, whoever asks."""

import pytest

import document_files
from engram import pdfium
from engram.extract import extract

pytest.importorskip("pypdfium2")


class Recording:
    """A lock that says whether it is held, and counts how often it was taken."""

    def __init__(self):
        self.taken = 0
        self.held = False

    def __enter__(self):
        assert not self.held
        self.taken, self.held = self.taken + 1, True

    def __exit__(self, *_):
        self.held = False


def with_extract(path):
    return extract(path).text


def with_pdf_page(path):
    from engram.embed import pdf_page

    return pdf_page(path).size


@pytest.mark.parametrize("read", [with_extract, with_pdf_page])
def test_every_reader_of_pdf_files_takes_the_one_lock(tmp_path, monkeypatch, read):
    import pypdfium2

    lock = Recording()
    opened = []
    original = pypdfium2.PdfDocument

    def spied(*arguments):
        opened.append(lock.held)
        return original(*arguments)

    monkeypatch.setattr(pdfium, "_ONE_AT_A_TIME", lock)
    monkeypatch.setattr(pypdfium2, "PdfDocument", spied)
    path = tmp_path / "one.pdf"
    path.write_bytes(document_files.pdf(["A page of words."]))
    assert read(path)
    assert opened == [True]
    assert (lock.taken, lock.held) == (1, False)
