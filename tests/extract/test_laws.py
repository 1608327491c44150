"""What holds for every kind of file."""

import io
import json
import zipfile

import pytest

from document_files import FILES, container, name_of, pdf
from engram.errors import CODES, EngramError, InvalidInput
from engram.extract import Document, Limits, Part, extract
from engram.rag import RecursiveCharacterTextSplitter, chunk_records

TYPED = {"document.damaged", "document.encrypted", "document.unsupported"}


def outcome(raw, kind):
    """Read a file that may be spoilt: the code of the error, or None for a document."""
    try:
        document = extract(raw, filename=name_of(kind))
    except EngramError as error:
        return error.code if type(error) is CODES[error.code] else repr(error)
    check(document, sound=False)
    return None


def check(document, *, sound=True):
    """Check the invariants of a document."""
    text, place = document.text, 0
    for part in document.parts:
        assert part.start < part.end
        assert not text[place : part.start].strip()
        place = part.end
    assert not text[place:].strip()
    assert place <= len(text)
    for table in document.tables:
        assert 0 <= table.start < table.end <= len(text)
        assert table.start >= document.parts[table.part].start
        widths = {len(row) for row in table.rows} | {len(table.header or table.rows[0])}
        assert len(widths) == 1
        if not sound:  # Two parsers may repair damage in two ways.
            continue
        words = " ".join(text[table.start : table.end].split()).replace("\\|", "|")
        for cell in [cell for row in (table.header or (), *table.rows) for cell in row]:
            assert " ".join(cell.split()).replace('"', "") in words.replace('"', "")
    json.dumps(document.metadata)
    text.encode()


@pytest.mark.parametrize("kind", FILES)
def test_parts_cover_the_text_and_tables_lie_in_it(kind):
    document = extract(FILES[kind](), filename=name_of(kind))
    check(document)
    assert document.parts


@pytest.mark.parametrize("kind", FILES)
def test_a_path_its_bytes_and_a_named_kind_give_the_same(kind, tmp_path):
    raw = FILES[kind]()
    (tmp_path / name_of(kind)).write_bytes(raw)
    document = extract(tmp_path / name_of(kind))
    assert extract(raw, kind=kind) == document
    assert extract(raw, kind=document.kind) == document


@pytest.mark.parametrize("kind", FILES)
def test_every_prefix_is_a_document_or_a_typed_error(kind):
    raw = FILES[kind]()
    step = max(len(raw) // 60, 1)
    ends = [*range(0, len(raw), step), len(raw) - 1]
    outcomes = {end: outcome(raw[:end], kind) for end in ends}
    assert set(outcomes.values()) <= TYPED | {None}, outcomes
    if kind in {"docx", "pptx", "xlsx", "epub"}:
        assert None not in outcomes.values()


@pytest.mark.parametrize("kind", FILES)
def test_flipped_bytes_are_a_document_or_a_typed_error(kind):
    raw = FILES[kind]()
    outcomes = {}
    for at in range(0, len(raw), max(len(raw) // 40, 1)):
        spoilt = bytearray(raw)
        spoilt[at] ^= 1 + at % 251
        outcomes[at] = outcome(bytes(spoilt), kind)
    assert set(outcomes.values()) <= TYPED | {None, "input.limit"}, outcomes


@pytest.mark.parametrize("kind", FILES)
def test_chunks_lie_in_one_part_and_say_which(kind):
    document = extract(FILES[kind](), filename=name_of(kind))
    chunks = document.split(RecursiveCharacterTextSplitter(60, 0))
    assert chunks
    for chunk in chunks:
        assert document.text[chunk.start : chunk.end] == chunk.text
        if kind != "markdown":
            part = document.part(chunk.start)
            assert part.start <= chunk.start
            assert chunk.end <= part.end
    for record in chunk_records(chunks, "file", read=document):
        assert document.parts[0].place.keys() - {"section"} <= record["metadata"].keys()


@pytest.mark.parametrize("kind", ["pdf", "docx", "text", "csv", "html", "markdown"])
def test_the_limits_of_bytes_and_characters_hold(kind, tmp_path):
    raw = FILES[kind]()
    (tmp_path / name_of(kind)).write_bytes(raw)
    for file in (raw, tmp_path / name_of(kind)):
        with pytest.raises(InvalidInput, match="file_bytes allows 10") as caught:
            extract(file, kind=kind, limits=Limits(file_bytes=10))
        assert caught.value.code == "input.limit"
        assert caught.value.details["actual"] == str(len(raw))
        with pytest.raises(InvalidInput, match="chars allows 5"):
            extract(file, kind=kind, limits=Limits(chars=5))
    extract(raw, kind=kind, limits=Limits(file_bytes=len(raw)))


def test_the_limits_are_whole_numbers():
    for wrong in (-1, 1.5, True, None):
        with pytest.raises(InvalidInput, match="the limit pages is"):
            Limits(pages=wrong)


@pytest.mark.parametrize("kind", ["pdf", "pptx", "xlsx", "epub"])
def test_the_limit_of_pages_holds(kind):
    with pytest.raises(InvalidInput, match="pages allows 1"):
        extract(FILES[kind](), limits=Limits(pages=1))


@pytest.mark.parametrize("kind", ["pdf", "docx", "pptx", "xlsx", "html", "csv", "markdown"])
def test_the_limit_of_cells_holds(kind):
    with pytest.raises(InvalidInput, match="cells allows 2"):
        extract(FILES[kind](), kind=kind, limits=Limits(cells=2))


def test_a_file_that_is_not_there():
    with pytest.raises(EngramError) as caught:
        extract("nowhere.pdf")
    assert caught.value.code == "file.not_found"
    with pytest.raises(InvalidInput, match="int, not a path"):
        extract(5)


def test_a_place_before_the_first_part_is_none():
    document = extract(pdf())
    assert document.where(0) == {"page": 1}
    assert document.where(document.parts[0].end) == {"page": 1}
    assert document.where(len(document.text)) == {"page": 2}
    empty = extract(b"", filename="a.txt")
    assert (empty.text, empty.parts, empty.part(0), empty.where(0)) == ("", (), None, {})


def test_a_part_knows_its_heading():
    part = Part(start=0, end=1, path=("a", "b"), rows=(1, 2), sheet="s")
    assert part.heading == "b"
    assert part.place == {"sheet": "s", "rows": [1, 2]}
    assert Part(start=0, end=1).heading is None
    assert Document.__dataclass_params__.frozen


@pytest.mark.parametrize("kind", ["docx", "pptx", "xlsx", "epub"])
def test_spoilt_members_are_a_document_or_a_typed_error(kind):
    """The checksums of a container guard its bytes, not what its writer put there."""
    with zipfile.ZipFile(io.BytesIO(FILES[kind]())) as file:
        members = {name: file.read(name) for name in file.namelist()}
    outcomes = {}
    for name, content in members.items():
        if not name.endswith(("xml", "rels", "opf", "xhtml")):
            continue
        rest = {other: one for other, one in members.items() if other != name}
        outcomes[name, "absent"] = outcome(container(rest), kind)
        outcomes[name, "cut"] = outcome(
            container(rest | {name: content[: -len(content) // 3]}), kind
        )
        outcomes[name, "empty"] = outcome(container(rest | {name: b""}), kind)
        for old, new in ((b'"1"', b'"-7"'), (b'"2"', b'"99999999999"'), (b"<a:", b"<b:")):
            spoilt = content.replace(old, new)
            outcomes[name, new] = outcome(container(rest | {name: spoilt}), kind)
    assert set(outcomes.values()) <= TYPED | {None, "input.limit"}, outcomes
    assert {None, "document.damaged"} <= set(outcomes.values())
