"""What kind of file it is: by what it holds first, then by its name.

Owns: the table of kinds and `identify`. Invariant: a file whose content says one thing and whose
name says another is never read as either without being asked to (``kind=``).
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass

from engram.errors import InvalidInput
from engram.extract.encodings import is_binary
from engram.extract.failing import damaged, encrypted, unsupported

__all__ = ["KINDS", "NAMES", "Kind", "identify", "kind_of_name", "named"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    Attributes:
        name: Its short name.
        media: Its media type.
        endings: How names of such files end.
        what: It in words, for messages.
        binary: Whether it is told by its content alone.
        package: The package that reads it, as it is imported; None where none is needed.
    """

    name: str
    media: str
    endings: tuple[str, ...]
    what: str
    binary: bool = False
    package: str | None = None


_OFFICE = "application/vnd.openxmlformats-officedocument."
KINDS = (
    Kind("pdf", "application/pdf", (".pdf",), "PDF file", binary=True, package="pypdfium2"),
    Kind(
        "docx",
        f"{_OFFICE}wordprocessingml.document",
        (".docx",),
        "Word document (DOCX)",
        binary=True,
        package="docx",
    ),
    Kind(
        "pptx",
        f"{_OFFICE}presentationml.presentation",
        (".pptx",),
        "presentation (PPTX)",
        binary=True,
        package="pptx",
    ),
    Kind(
        "xlsx",
        f"{_OFFICE}spreadsheetml.sheet",
        (".xlsx",),
        "workbook (XLSX)",
        binary=True,
        package="openpyxl",
    ),
    Kind(
        "epub", "application/epub+zip", (".epub",), "book (EPUB)", binary=True, package="defusedxml"
    ),
    Kind("html", "text/html", (".html", ".htm", ".xhtml"), "HTML page"),
    Kind("email", "message/rfc822", (".eml",), "e-mail"),
    Kind("markdown", "text/markdown", (".md", ".markdown"), "Markdown file"),
    Kind("csv", "text/csv", (".csv",), "CSV file"),
    Kind("tsv", "text/tab-separated-values", (".tsv", ".tab"), "TSV file"),
    Kind("json", "application/json", (".json", ".ipynb", ".geojson"), "JSON file"),
    Kind("jsonl", "application/jsonl", (".jsonl", ".ndjson"), "JSON Lines file"),
    Kind("text", "text/plain", (".txt", ".text", ".rst", ".log"), "text file"),
)
"""Every kind but source code."""

_CODE = {
    "c": ".c .h",
    "c++": ".cc .cpp .cxx .hh .hpp",
    "csharp": ".cs",
    "css": ".css .scss .less",
    "go": ".go",
    "java": ".java",
    "javascript": ".js .jsx .mjs .cjs",
    "kotlin": ".kt .kts",
    "lua": ".lua",
    "perl": ".pl .pm",
    "php": ".php",
    "python": ".py .pyi",
    "r": ".r",
    "ruby": ".rb",
    "rust": ".rs",
    "scala": ".scala",
    "sh": ".sh .bash .zsh",
    "sql": ".sql",
    "swift": ".swift",
    "tex": ".tex .bib",
    "toml": ".toml",
    "typescript": ".ts .tsx",
    "xml": ".xml .xsl .svg",
    "yaml": ".yaml .yml",
}
CODE = tuple(
    Kind("code", f"text/x-{language}", tuple(endings.split()), f"source file ({language})")
    for language, endings in _CODE.items()
)
"""Source code, by language."""

NAMES = {kind.name: kind for kind in (*CODE, *KINDS)}
_MEDIA = {kind.media: kind for kind in (*CODE, *KINDS)}
_ENDINGS = {ending: kind for kind in (*CODE, *KINDS) for ending in kind.endings}

_OTHERS = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "gzip-compressed"),
    (b"BZh", "bzip2-compressed"),
    (b"\xfd7zXZ\0", "xz-compressed"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"{\\rtf", "an RTF file"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_HEAD = 1024
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html[\s>])",
    re.IGNORECASE | re.DOTALL,
)
_HEADER = re.compile(
    rb"(?:return-path|received|delivered-to|message-id|mime-version|from|to|subject|date"
    rb"|content-type|dkim-signature|x-[\w-]+):[ \t]",
    re.IGNORECASE,
)
_HEADERS_NEEDED = 2


def kind_of_name(name: str) -> Kind | None:
    """Tell the kind of a file from the end of its name, or None."""
    dot = name.rfind(".")
    return _ENDINGS.get(name[dot:].lower()) if dot >= 0 else None


def named(kind: str) -> Kind:
    """Give the kind of a short name or media type."""
    found = NAMES.get(kind) if kind != "code" else None
    found = found or _MEDIA.get(kind)
    if found is None:
        raise InvalidInput(
            "input.invalid",
            f"unknown kind {kind!r}",
            f"one of {', '.join(sorted(set(NAMES) - {'code'}))}, text/x-python and the like, "
            "or a media type",
        )
    return found


def identify(
    raw: bytes, kind: str | None = None, filename: str | None = None, *, textual: bool = False
) -> Kind:
    """Tell the kind of a file; `textual` says that it is text, which then is not doubted.

    Raises:
        InvalidInput: ``document.unsupported`` where it is of none that is read, or its content is
            not what its name or `kind` says; ``document.encrypted``.
        Corrupt: ``document.damaged`` where it should be of a kind whose signature it has not.
    """
    wanted = None if kind is None else named(kind)
    by_name = None if filename is None else kind_of_name(filename)
    found = _by_signature(raw, wanted or by_name)
    if wanted is not None:
        if found is not None and found is not wanted:
            raise unsupported(
                f"the file is no {wanted.what}: it holds a {found.what}", f"kind={found.name!r}"
            )
        return wanted if found is wanted else _checked(raw, wanted)
    if found is not None:
        if by_name is not None and by_name is not found:
            raise unsupported(
                f"{filename} is named as a {by_name.what} and holds a {found.what}",
                f"kind={found.name!r} reads it as what it holds",
            )
        return found
    if by_name is not None:
        return _checked(raw, by_name)
    return NAMES["text"] if textual else _by_text(raw)


def _checked(raw: bytes, kind: Kind) -> Kind:
    """Refuse a file without the signature of its binary kind."""
    if kind.name == "pdf" and b"%PDF-" in raw[:_HEAD]:
        return kind
    if kind.binary:
        raise damaged(kind.what, "it does not start as one")
    return kind


def _by_signature(raw: bytes, expected: Kind | None) -> Kind | None:
    """Tell the kind by the first bytes; refuse what is known and not read."""
    if raw[:_HEAD].lstrip().startswith(b"%PDF-"):
        return NAMES["pdf"]
    if raw.startswith(_ZIP):
        return _of_container(raw, expected)
    if raw.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in raw:
            raise encrypted("Office document")
        raise unsupported(
            "the file is of an older version of Office (DOC, XLS, PPT or MSG)",
            "save it as DOCX, XLSX, PPTX or EML first",
        )
    for mark, what in _OTHERS:
        if raw.startswith(mark):
            raise unsupported(f"the file is {what}, which is not read")
    return None


def _of_container(raw: bytes, expected: Kind | None) -> Kind:
    """Tell what a zip container is."""
    what = expected.what if expected is not None and expected.binary else "zip container"
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as container:
            names = set(container.namelist())
            declared = _mimetype(container) if "mimetype" in names else ""
    except Exception as cause:  # zipfile raises what it meets in a damaged file.
        raise damaged(what, cause) from cause
    if declared == NAMES["epub"].media or "META-INF/container.xml" in names:
        return NAMES["epub"]
    for name, member in (
        ("docx", "word/document.xml"),
        ("pptx", "ppt/presentation.xml"),
        ("xlsx", "xl/workbook.xml"),
    ):
        if member in names:
            return NAMES[name]
    if expected is not None and expected.binary:
        raise damaged(expected.what, "the zip container holds something else")
    raise unsupported(
        f"the file is a zip container of {declared or 'no known kind'}",
        "unpack it and read its files",
    )


def _mimetype(container: zipfile.ZipFile) -> str:
    with container.open("mimetype") as file:
        return file.read(100).decode("ascii", "replace").strip()


def _by_text(raw: bytes) -> Kind:
    """Tell the kind of a text that has no telling name."""
    if is_binary(raw):
        raise unsupported("the file is binary and of no known kind")
    head = raw[:_HEAD].removeprefix(b"\xef\xbb\xbf")
    if _HTML.match(head):
        return NAMES["html"]
    lines = [line for line in head.splitlines()[:8] if line[:1] not in (b" ", b"\t")]
    if sum(bool(_HEADER.match(line)) for line in lines) >= _HEADERS_NEEDED and _HEADER.match(head):
        return NAMES["email"]
    return NAMES["text"]
