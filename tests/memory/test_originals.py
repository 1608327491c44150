"""Originals come back byte for byte."""

import random

import pytest

from engram import Memory
from engram.errors import Corrupt, NotFound
from engram.memory.layout import PIECE_BYTES

HTML = b"<html><head><title>Tents</title></head><body><p>Keep&nbsp;dry.</p></body></html>"


def page(size):
    """Give a page of so many bytes that no compression makes much smaller."""
    noise = random.Random(size).randbytes(size).hex()[: size - len(HTML) - 9]
    return HTML + b"<!-- " + noise.encode() + b" -->"


@pytest.mark.parametrize("size", [100, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 17])
def test_what_was_put_is_given_back(memory, size):
    raw = page(size)
    assert len(raw) == size
    put = memory.put(file=raw, filename="a.html", uri="a")
    assert memory.blob("a") == raw
    assert memory.blob(put.id) == raw
    pieces = memory.db.collection("memory.originals")
    assert pieces.count() == -(-size // PIECE_BYTES)
    assert all(len(one.metadata["bytes"]) <= PIECE_BYTES for one in pieces.iterate())


@pytest.mark.parametrize(
    "raw",
    [
        b"plain text",
        b"caf\xc3\xa9\r\nline",
        "latin caf\xe9 \xfc".encode("latin-1"),
        b"\xef\xbb\xbfmarked",
    ],
)
def test_text_comes_back_in_the_bytes_it_had(memory, raw):
    memory.put(file=raw, filename="a.txt", uri="a")
    assert memory.blob("a") == raw
    # Where the text is the bytes, they are kept once.
    same = memory.get("a").text.encode() == raw
    assert memory.db.collection("memory.originals").count() == (0 if same else 1)


def test_text_that_was_put_comes_back(memory):
    memory.put("Zelte halten trocken: \u00e4", uri="a")
    assert memory.blob("a").decode() == "Zelte halten trocken: \u00e4"


def test_a_replaced_or_deleted_document_leaves_no_piece(memory):
    memory.put(file=page(2 * PIECE_BYTES), filename="a.html", uri="a")
    memory.put(file=page(300), filename="a.html", uri="a")
    assert memory.db.collection("memory.originals").count() == 1
    assert memory.blob("a") == page(300)
    memory.delete("a")
    assert memory.db.collection("memory.originals").count() == 0
    with pytest.raises(NotFound) as raised:
        memory.blob("a")
    assert raised.value.code == "record.not_found"


def test_without_originals_only_the_text_is_kept():
    with Memory.open(":memory:", embedder=None, originals=False) as memory:
        memory.put(file=HTML, filename="a.html", uri="a")
        memory.put("as it is", uri="b")
        assert "memory.originals" not in memory.db
        assert memory.blob("b") == b"as it is"
        with pytest.raises(NotFound, match="was not kept"):
            memory.blob("a")
        kept = Memory(memory.db, embedder=None)
        assert kept.put(file=HTML, filename="a.html", uri="a").status == "replaced"
        assert kept.blob("a") == HTML


def test_an_original_that_is_not_what_was_put_is_never_served(memory):
    put = memory.put(file=HTML, filename="a.html", uri="a")
    memory.db.collection("memory.originals").delete(f"{put.id}#0")
    with pytest.raises(Corrupt):
        memory.blob("a")


def test_the_file_compresses_originals(tmp_path):
    raw = HTML + b"<!-- " + b"the same words again and again " * 60_000 + b" -->"
    path = tmp_path / "m.engram"
    with Memory.open(path, embedder=None) as memory:
        memory.put(file=raw, filename="a.html", uri="a")
        memory.db.optimize()
        assert memory.blob("a") == raw
    assert path.stat().st_size < len(raw) / 10


def test_an_original_of_the_past_comes_back(tmp_path):
    with Memory.open(tmp_path / "m.engram", embedder=None) as memory:
        memory.put(file=HTML, filename="a.html", uri="a")
        memory.db.create_snapshot("old")
        memory.put(file=page(500), filename="a.html", uri="a")
        assert memory.blob("a", as_of="old") == HTML
