"""Reading PDF files.

Owns: `read_pdf`. The text is what PDFium (the extra ``pdf``) extracts, page by page. Limits:
without OCR, a file of scanned pages is an error; tables come as lines of text.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engram.errors import InvalidInput
from engram.files import io_error
from engram.pdfium import pdfium
from engram.rag.sources import Source

if TYPE_CHECKING:
    from typing import Any

__all__ = ["read_pdf", "tidied"]

_GAP = "\n\n"
_HYPHEN = "\ufffe"
"""What PDFium writes for a hyphen that parts a word at the end of a line."""


def read_pdf(file: str | os.PathLike[str] | bytes) -> Source:
    """Read the text of a PDF file.

    Pages are joined by a blank line; words that a line end parts are joined again. Offsets are
    those of this text, since the file itself has none; `Source.page` gives the page of each.

    Args:
        file: The path of the file, or what it holds.

    Raises:
        Io: ``file.not_found``, ``io.failed`` where the file cannot be read.
        InvalidInput: ``input.invalid`` where it is no PDF, is locked by a password, or has no text.
        MissingExtra: ``extra.missing`` without pypdfium2.
    """
    name = "the PDF" if isinstance(file, bytes) else os.fspath(file)
    with pdfium("pdf", "reading PDF files") as library:
        try:
            document = library.PdfDocument(file if isinstance(file, bytes) else name)
        except FileNotFoundError as cause:
            raise io_error(f"reading {name}", OSError(2, "no such file"), name) from cause
        except OSError as cause:
            raise io_error(f"reading {name}", cause, name) from cause
        except library.PdfiumError as cause:
            raise InvalidInput(
                "input.invalid",
                f"{name} is no PDF that can be read: {cause}",
                "a file with a password has to be unlocked first",
            ) from cause
        with document:
            return _source(document, name)


def _source(document: Any, name: str) -> Source:
    pages: list[str] = []
    for number in range(len(document)):
        page = document[number]
        text = page.get_textpage()
        pages.append(tidied(text.get_text_bounded()))
        text.close()
        page.close()
    if not any(page.strip() for page in pages):
        raise InvalidInput(
            "input.invalid",
            f"{name} has {len(pages)} pages and no text",
            "scanned pages have to be read by OCR first, with ocrmypdf for example",
        )
    starts: list[int] = []
    place = 0
    for page in pages:
        starts.append(place)
        place += len(page) + len(_GAP)
    title = str(document.get_metadata_dict().get("Title", "")).strip() or None
    return Source(_GAP.join(pages), title, "pdf", _pages=tuple(starts))


def tidied(text: str) -> str:
    """Give a text of PDFium's with its words whole and its ends trimmed."""
    text = text.replace("\r\n", "\n").replace(f"{_HYPHEN}\n", "").replace(_HYPHEN, "")
    # What is no Unicode at all cannot be stored.
    return text.encode("utf-8", "replace").decode().strip()
