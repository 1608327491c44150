"""Which kind a file is taken for, which is refused, and how text is decoded."""

import io
import sys
import zipfile

import pytest

from document_files import FILES, container, encrypted_pdf, epub, mail, pdf
from engram.errors import Corrupt, EngramError, InvalidInput, MissingExtra
from engram.extract import Limits, extract

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
TOLD = ["pdf", "docx", "pptx", "xlsx", "epub", "html", "email"]


def refusal(*arguments, **named):
    with pytest.raises(InvalidInput) as caught:
        extract(*arguments, **named)
    return caught.value


@pytest.mark.parametrize("kind", TOLD)
def test_content_tells_the_kind_without_a_name(kind):
    raw = FILES[kind]()
    assert extract(raw).kind == extract(raw, kind=kind).kind
    assert extract(raw, filename="unknown.xyz").kind == extract(raw).kind


@pytest.mark.parametrize("kind", ["pdf", "docx", "pptx", "xlsx", "epub"])
def test_a_name_that_says_another_kind_is_refused(kind):
    raw = FILES[kind]()
    for name in ("a.txt", "a.docx" if kind != "docx" else "a.pdf"):
        error = refusal(raw, filename=name)
        assert error.code == "document.unsupported"
        assert f"kind={kind!r}" in error.hint
    assert extract(raw, filename="a.txt", kind=kind).parts
    error = refusal(raw, kind="text")
    assert error.hint == f"kind={kind!r}"


@pytest.mark.parametrize("kind", ["pdf", "docx", "pptx", "xlsx", "epub"])
def test_text_named_as_a_binary_kind_is_damaged(kind):
    for named in ({"filename": f"a.{kind}"}, {"kind": kind}):
        with pytest.raises(Corrupt, match="does not start as one") as caught:
            extract(b"plain text", **named)
        assert caught.value.code == "document.damaged"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"\x1f\x8b\x08", "gzip-compressed"),
        (OLE + bytes(100), "older version of Office"),
        (container({"a.txt": "x"}), "no known kind"),
        (container({"mimetype": "application/vnd.oasis.opendocument.text"}), "opendocument"),
        (bytes(range(256)), "binary"),
        (b"\0" * 10, "binary"),
        (pdf(["", ""]), "no text on its 2 pages"),
    ],
)
def test_other_kinds_are_unsupported(raw, words):
    error = refusal(raw)
    assert error.code == "document.unsupported"
    assert words in error.message
    assert error.hint


def test_unknown_kinds_are_refused_by_name():
    error = refusal(b"x", kind="doc")
    assert error.code == "input.invalid"
    assert "docx" in error.hint
    assert refusal(b"x", kind="code").code == "input.invalid"


def test_encrypted_files_are_said_to_be():
    office = OLE + bytes(100) + "EncryptedPackage".encode("utf-16-le")
    rights = (
        '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
        '<e:CipherReference URI="{}"/></encryption>'
    )
    locked = epub(**{"META-INF/encryption.xml": rights.format("OPS/text/two.xhtml")})
    flagged = io.BytesIO(FILES["docx"]())
    with zipfile.ZipFile(flagged) as file:
        at = file.infolist()[0].header_offset
    spoilt = bytearray(flagged.getvalue())
    spoilt[at + 6] |= 1
    directory = spoilt.index(b"PK\x01\x02")
    spoilt[directory + 8] |= 1
    for raw in (encrypted_pdf(), office, locked, bytes(spoilt)):
        assert refusal(raw).code == "document.encrypted"
    fonts = epub(**{"META-INF/encryption.xml": rights.format("OPS/font.otf")})
    assert extract(fonts).title == "Tents"


def test_containers_that_unpack_to_too_much_are_refused():
    bomb = epub(**{"OPS/text/two.xhtml": "<p>" + "a" * 50_000_000})
    assert "ratio allows 200" in refusal(bomb).message
    assert refusal(bomb).code == "input.limit"
    error = refusal(bomb, limits=Limits(ratio=10**6, unpacked_bytes=10**6))
    assert "unpacked_bytes allows 1,000,000" in error.message
    assert "members allows 2" in refusal(epub(), limits=Limits(members=2)).message


def test_entities_are_not_expanded():
    laughs = '<!DOCTYPE a [<!ENTITY x "haha"><!ENTITY y "&x;&x;">]>'
    spoilt = epub(**{"META-INF/container.xml": f"{laughs}<container>&y;</container>"})
    with pytest.raises(Corrupt, match="EntitiesForbidden"):
        extract(spoilt)
    with zipfile.ZipFile(io.BytesIO(FILES["docx"]())) as file:
        members = {name: file.read(name) for name in file.namelist()}
    body = members["word/document.xml"].decode()
    at = body.index("<w:document")
    members["word/document.xml"] = (
        body[:at] + laughs + body[at:].replace("Let it dry.", "Let it &y; dry.")
    )
    try:
        text = extract(container(members)).text
    except Corrupt:
        text = ""
    assert "haha" not in text


def test_what_cells_say_they_span_is_bounded():
    page = "<table><tr><td colspan=99999 rowspan=9999>x<td>y<tr><td colspan=2000>z</table>"
    (table,) = extract(page.encode(), kind="html").tables
    assert {len(row) for row in table.rows} == {1001}
    many = "<table><tr>" + "<td colspan=1000>x" * 100 + "</table>"
    error = refusal(many.encode(), kind="html", limits=Limits(cells=50_000))
    assert "cells allows 50,000" in error.message


@pytest.mark.parametrize(
    ("raw", "encoding", "source"),
    [
        ("Grüße".encode(), "utf-8", "utf-8"),
        ("Grüße".encode("utf-8-sig"), "utf-8-sig", "mark"),
        ("Grüße".encode("utf-16"), "utf-16", "mark"),
        ("Grüße".encode("utf-32"), "utf-32", "mark"),
        (b"", "utf-8", "utf-8"),
    ],
)
def test_encodings_are_told(raw, encoding, source):
    document = extract(raw, kind="text")
    assert document.text == ("Grüße" if raw else "")
    assert document.metadata["encoding"] == encoding
    assert document.metadata["encoding_from"] == source


def test_encodings_are_declared_detected_or_given():
    page = '<html><meta charset="iso-8859-1"><p>Grüße € heute</p></html>'.encode("cp1252")
    document = extract(page)
    assert document.text.strip() == "Grüße € heute"
    assert document.metadata["encoding"] == "cp1252"
    assert document.metadata["encoding_from"] == "declared"
    russian = "Палатка должна высохнуть в тени, прежде чем её уберут. " * 5
    document = extract(russian.encode("cp1251"), filename="a.txt")
    assert document.text == russian
    assert document.metadata["encoding_from"] == "detected"
    document = extract("Grüße".encode("utf-16-le"), encoding="utf-16-le")
    assert (document.text, document.metadata["encoding_from"]) == ("Grüße", "given")


def test_encodings_that_do_not_fit_are_refused():
    assert "not in ascii" in refusal("ü".encode(), encoding="ascii").message
    assert "no text encoding" in refusal(b"x", encoding="klingon").message
    assert "for files of text" in refusal(pdf(), encoding="ascii").message
    assert "is none" in refusal(b"\xff\xfe\x00\xd8", kind="text").message
    assert refusal(b"a\0b", kind="text").code == "document.unsupported"


@pytest.mark.parametrize("charset", ["koi8-r", "nonsense"])
def test_an_e_mail_in_a_wrong_or_unknown_charset_is_decoded_by_what_fits(charset):
    raw = mail().replace(b'charset="utf-8"', f'charset="{charset}"'.encode())
    document = extract(raw)
    assert document.metadata["encoding_from"] == ("utf-8" if charset == "nonsense" else "declared")


@pytest.mark.parametrize(
    ("kind", "package"),
    [
        ("pdf", "pypdfium2"),
        ("pdf", "pdfplumber"),
        ("docx", "docx"),
        ("pptx", "pptx"),
        ("xlsx", "openpyxl"),
        ("epub", "defusedxml.ElementTree"),
        ("markdown", "yaml"),
    ],
)
def test_a_missing_package_is_named(kind, package, monkeypatch):
    raw = FILES[kind]()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match="engram\\[documents\\]"):
        extract(raw, kind=kind)


def test_text_that_is_not_utf_8_needs_the_detector(monkeypatch):
    monkeypatch.setitem(sys.modules, "charset_normalizer", None)
    with pytest.raises(MissingExtra, match="charset-normalizer"):
        extract("ü".encode("latin-1"), kind="text")
    assert extract("ü".encode(), kind="text").text == "ü"


def test_errors_name_what_was_read():
    for raw, words in ((b"%PDF-1.4\n", "PDF"), (b"PK\x03\x04", "zip container")):
        with pytest.raises(EngramError, match=words) as caught:
            extract(raw)
        assert caught.value.code == "document.damaged"
