"""Reading books (EPUB): a container of pages, in the order that its package file gives.

Owns: the package file (EPUB 3.3, section 5) and the order of chapters. Limits: chapters that are
pictures have no text.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from engram.extract.containers import checked_container
from engram.extract.dates import stated_date
from engram.extract.encodings import decode
from engram.extract.failing import damaged, encrypted, reading
from engram.extract.pages import Page, add_page
from engram.extract.properties import parsed_xml

if TYPE_CHECKING:
    import zipfile
    from typing import Any

    from engram.extract.documents import Document
    from engram.extract.request import Request

__all__ = ["read_epub"]

_DC = "{http://purl.org/dc/elements/1.1/}"
_OPF = "{http://www.idpf.org/2007/opf}"
_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_CIPHER = "{http://www.w3.org/2001/04/xmlenc#}CipherReference"
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")


def read_epub(request: Request) -> Document:
    """Read a book."""
    builder = request.builder()
    what = request.kind.what
    with checked_container(request.raw, what, request.limits) as book:
        package_path, package = _package(book, what)
        facts = package.find(f"{_OPF}metadata")
        builder.title = None if facts is None else facts.findtext(f"{_DC}title")
        if facts is not None:
            builder.metadata |= _facts(facts)
        chapters = _chapters(package, posixpath.dirname(package_path))
        request.limits.check("pages", len(chapters), "too many chapters")
        if _locked(book) & set(chapters):
            raise encrypted(what)
        names = set(book.namelist())
        for chapter in chapters:
            if chapter not in names:
                raise damaged(what, f"it lists the chapter {chapter} and does not hold it")
            text, _, _ = decode(book.read(chapter), declares=True)
            add_page(Page(text), builder, {"section": chapter})
    return builder.finish(request.kind.media)


def _package(book: zipfile.ZipFile, what: str) -> tuple[str, Any]:
    """Give the path of the package file, and the file."""
    with reading(what):
        container = parsed_xml(book.read("META-INF/container.xml"))
        root = container.find(f".//{_CONTAINER}rootfile")
        if root is None:
            raise damaged(what, "its container names no package file")
        path = root.get("full-path")
        return path, parsed_xml(book.read(path))


def _facts(stated: Any) -> dict[str, Any]:
    """Give what a package file states about the book."""
    authors = [one.text.strip() for one in stated.findall(f"{_DC}creator") if one.text]
    modified = next(
        (
            one.text
            for one in stated.findall(f"{_OPF}meta")
            if one.get("property") == "dcterms:modified"
        ),
        None,
    )
    subjects = [one.text.strip() for one in stated.findall(f"{_DC}subject") if one.text]
    return {
        "author": ", ".join(authors),
        "language": stated.findtext(f"{_DC}language"),
        "description": stated.findtext(f"{_DC}description"),
        "identifier": stated.findtext(f"{_DC}identifier"),
        "keywords": subjects,
        "date": stated_date(stated.findtext(f"{_DC}date")),
        "modified": stated_date(modified),
    }


def _chapters(package: Any, folder: str) -> list[str]:
    """Give the paths of the chapters in the order of reading, each once."""
    items = {
        item.get("id"): posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        for item in package.findall(f"{_OPF}manifest/{_OPF}item")
        if item.get("media-type") in _PAGES
    }
    order = [one.get("idref") for one in package.findall(f"{_OPF}spine/{_OPF}itemref")]
    return list(dict.fromkeys(items[one] for one in order if one in items))


def _locked(book: zipfile.ZipFile) -> set[str]:
    """Give the paths of what is encrypted; fonts often are, which keeps nobody from reading."""
    if "META-INF/encryption.xml" not in book.namelist():
        return set()
    listed = parsed_xml(book.read("META-INF/encryption.xml"))
    return {unquote(one.get("URI", "")) for one in listed.iter(_CIPHER)}
