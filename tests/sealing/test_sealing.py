"""Sealed files: whole, genuine, and with the right password, or nothing at all."""

import errno
import os
import signal
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import pytest

import engram
from engram.errors import Conflict, Corrupt, EngramError, Incompatible, InvalidInput, Io
from engram.sealing import files, header
from engram.sealing.chunks import opened, seal
from engram.sealing.header import HEADER_BYTES, TAG_BYTES, Header

pytest.importorskip("cryptography")

GOLDEN = Path(__file__).parents[1] / "golden" / "sealed"
CHUNK = 1 << 12
QUICK = {"chunk_bits": 12, "memory_kib": 64, "passes": 1, "lanes": 1}


@pytest.fixture
def quick(monkeypatch):
    """Make the cost of a password small, and chunks too, so that there are several."""
    fresh = Header.fresh
    monkeypatch.setattr(
        Header, "fresh", classmethod(lambda cls: Header(**QUICK, salt=fresh().salt))
    )


@pytest.fixture
def notes(tmp_path, quick):
    """Give a database with something in it."""
    path = tmp_path / "notes.engram"
    with engram.open(path, embedder=None) as db:
        db.collection("notes").put_many(
            [{"id": f"{n}", "text": f"the secret of tent {n}"} for n in range(200)]
        )
    return path


def held(folder):
    """Name what is in a folder, hidden names included."""
    return sorted(os.listdir(folder))


def test_what_is_sealed_comes_back(notes, tmp_path):
    seen = []
    report = engram.lock(notes, "pass", progress=lambda done, total: seen.append((done, total)))
    assert report.path == f"{notes}.sealed"
    assert report.bytes == Path(report.path).stat().st_size
    assert b"secret of tent" not in Path(report.path).read_bytes()
    assert seen[-1] == (report.source_bytes, report.source_bytes)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    back = engram.unlock(report.path, "pass", tmp_path / "back.engram")
    assert back.bytes == report.source_bytes
    with engram.open(back.path, embedder=None) as db:
        assert db.verify(deep=True)
        assert db.collection("notes").get("7").text == "the secret of tent 7"
    assert held(tmp_path) == ["back.engram", "notes.engram", "notes.engram.sealed"]
    assert report.to_dict()["source"] == str(notes)


def test_a_writer_beside_it_is_not_stopped(notes, tmp_path):
    with engram.open(notes, embedder=None, lock_timeout_ms=0) as db:
        with db.transaction():
            db.collection("notes").put("new", text="not committed yet")
            engram.lock(notes, "pass")
        db.collection("notes").put("later", text="written after")
    engram.unlock(f"{notes}.sealed", "pass", tmp_path / "back.engram")
    with engram.open(tmp_path / "back.engram", embedder=None) as db:
        assert db.collection("notes").count() == 200
        assert db.collection("notes").get("new") is None


def test_a_wrong_password_is_told_from_damage(notes, tmp_path):
    sealed = Path(engram.lock(notes, "pass").path)
    for wrong in ("Pass", "pass ", b"pas", "p\u0430ss"):
        with pytest.raises(InvalidInput) as caught:
            engram.unlock(sealed, wrong, tmp_path / "out")
        assert caught.value.code == "sealed.password"
    assert held(tmp_path) == ["notes.engram", "notes.engram.sealed"]


def test_a_password_counts_by_its_characters(notes, tmp_path):
    engram.lock(notes, "caf\u00e9")
    engram.unlock(f"{notes}.sealed", "cafe\u0301", tmp_path / "a")
    engram.unlock(f"{notes}.sealed", "caf\u00e9".encode(), tmp_path / "b")


@pytest.mark.parametrize("password", ["", b"", None, 7])
def test_no_password_is_refused_before_anything_is_done(notes, tmp_path, password):
    with pytest.raises(InvalidInput):
        engram.lock(notes, password)
    assert held(tmp_path) == ["notes.engram"]


def outcome(raw, tmp_path, password="pass"):
    """Say what unsealing some bytes comes to; nothing may be left."""
    place = tmp_path / "case"
    place.mkdir(exist_ok=True)
    (place / "x.sealed").write_bytes(raw)
    try:
        engram.unlock(place / "x.sealed", password)
    except EngramError as error:
        assert held(place) == ["x.sealed"]
        return error.code, error.details.get("kind")
    (place / "x").unlink()
    return None


def test_every_flipped_bit_is_found(notes, tmp_path):
    raw = Path(engram.lock(notes, "pass").path).read_bytes()
    places = [*range(HEADER_BYTES), *range(HEADER_BYTES, len(raw), 997), len(raw) - 1]
    for at in places:
        spoilt = bytearray(raw)
        spoilt[at] ^= 1 << at % 8
        code, kind = outcome(bytes(spoilt), tmp_path)
        if at < 8:
            assert code == "sealed.unsupported"
        elif at < HEADER_BYTES:
            assert code in {"sealed.damaged", "sealed.unsupported"}
        else:
            assert (code, kind) == ("sealed.damaged", "chunk")


def test_every_cut_is_found(notes, tmp_path):
    raw = Path(engram.lock(notes, "pass").path).read_bytes()
    step = CHUNK + TAG_BYTES
    ends = [0, 7, 8, HEADER_BYTES - 1, HEADER_BYTES, len(raw) - 1]
    ends += [HEADER_BYTES + n * step for n in range(1, (len(raw) - HEADER_BYTES) // step)]
    for end in ends:
        code, kind = outcome(raw[:end], tmp_path)
        assert (code, kind) == (
            ("sealed.unsupported", None) if end < 8 else ("sealed.damaged", "truncated")
        )
    assert outcome(raw + b"\0", tmp_path) == ("sealed.damaged", "length")


def test_chunks_cannot_change_places_nor_files(notes, tmp_path):
    raw = Path(engram.lock(notes, "pass").path).read_bytes()
    other = Path(engram.lock(notes, "pass", tmp_path / "other.sealed").path).read_bytes()
    assert other != raw
    step = CHUNK + TAG_BYTES

    def chunk(data, number):
        start = HEADER_BYTES + number * step
        return data[start : start + step]

    head = raw[:HEADER_BYTES]
    swapped = head + chunk(raw, 1) + chunk(raw, 0) + raw[HEADER_BYTES + 2 * step :]
    doubled = head + chunk(raw, 0) + chunk(raw, 0) + raw[HEADER_BYTES + 2 * step :]
    mixed = head + chunk(other, 0) + raw[HEADER_BYTES + step :]
    beheaded = other[:HEADER_BYTES] + raw[HEADER_BYTES:]
    for case in (swapped, doubled, mixed, beheaded):
        assert outcome(case, tmp_path) == ("sealed.damaged", "chunk")


def forged(raw, **facts):
    """Change what a header says, and its checksum with it."""
    read, check = Header.read(raw[:HEADER_BYTES])
    values = {name: getattr(read, name) for name in read.__slots__} | facts
    return Header(**values).to_bytes(check) + raw[HEADER_BYTES:]


def test_a_forged_header_opens_nothing(notes, tmp_path):
    raw = Path(engram.lock(notes, "pass").path).read_bytes()
    size = Header.read(raw)[0].plain_bytes
    for facts in ({"plain_bytes": size - 1}, {"chunk_bits": 13}, {"salt": bytes(32)}):
        assert outcome(forged(raw, **facts), tmp_path)[0] == "sealed.password"


@pytest.mark.parametrize(
    "facts",
    [
        {"memory_kib": header.MOST_MEMORY_KIB + 1},
        {"passes": header.MOST_PASSES + 1},
        {"passes": 0},
        {"lanes": header.MOST_LANES + 1},
        {"chunk_bits": 30},
        {"memory_kib": 7},
    ],
)
def test_a_hostile_cost_is_refused_before_it_is_paid(notes, tmp_path, facts):
    raw = Path(engram.lock(notes, "pass").path).read_bytes()
    assert outcome(forged(raw, **facts), tmp_path)[0] == "sealed.unsupported"


def test_a_newer_version_is_named(notes, tmp_path):
    raw = bytearray(Path(engram.lock(notes, "pass").path).read_bytes())
    struct.pack_into("<H", raw, 8, 2)
    with pytest.raises(Incompatible, match="version 2"):
        engram.unlock(write(tmp_path / "x.sealed", raw), "pass")


def write(path, raw):
    path.write_bytes(raw)
    return path


def test_a_file_that_is_there_stays_unless_told(notes, tmp_path):
    other = write(tmp_path / "other", b"mine")
    with pytest.raises(Conflict) as caught:
        engram.lock(notes, "pass", other)
    assert caught.value.code == "file.exists"
    assert other.read_bytes() == b"mine"
    engram.lock(notes, "pass", other, force=True)
    assert engram.is_sealed(other)
    before = notes.read_bytes()
    with pytest.raises(Conflict):
        engram.unlock(other, "pass", notes)
    with pytest.raises(InvalidInput):
        engram.unlock(other, "wrong", notes, force=True)
    assert notes.read_bytes() == before
    engram.unlock(other, "pass", notes, force=True)
    with pytest.raises(InvalidInput, match="is the file that is read"):
        engram.lock(notes, "pass", notes, force=True)


def test_a_file_that_appears_meanwhile_stays(notes, tmp_path):
    target = tmp_path / "late"

    def appear(done, total):
        target.write_bytes(b"mine")

    with pytest.raises(Conflict):
        engram.lock(notes, "pass", target, progress=appear)
    assert target.read_bytes() == b"mine"


def test_names_are_guessed_only_where_they_are_plain(notes, tmp_path):
    engram.lock(notes, "pass", tmp_path / "vault.bin")
    with pytest.raises(InvalidInput, match="output="):
        engram.unlock(tmp_path / "vault.bin", "pass")
    with pytest.raises(InvalidInput, match="in memory"):
        engram.lock(":memory:", "pass")
    with pytest.raises(Io) as caught:
        engram.unlock(tmp_path / "none.sealed", "pass")
    assert caught.value.code == "file.not_found"
    with pytest.raises(Io):
        engram.lock(tmp_path / "none.engram", "pass")
    assert not (tmp_path / "none.engram").exists()


def test_opening_a_sealed_file_says_what_it_is(notes):
    sealed = engram.lock(notes, "pass").path
    with pytest.raises(Incompatible) as caught:
        engram.open(sealed)
    assert caught.value.code == "format.not_engram"
    assert "unlock" in caught.value.hint
    assert engram.is_sealed(sealed)
    assert not engram.is_sealed(notes)


def test_an_error_on_the_way_leaves_nothing(notes, tmp_path):
    sealed = engram.lock(notes, "pass").path

    def stop(done, total):
        raise RuntimeError

    for call in (
        lambda: engram.lock(notes, "pass", tmp_path / "a", progress=stop),
        lambda: engram.unlock(sealed, "pass", tmp_path / "b", progress=stop),
    ):
        with pytest.raises(RuntimeError):
            call()
    assert held(tmp_path) == ["notes.engram", "notes.engram.sealed"]


def test_systems_without_unnamed_files_are_served_too(notes, tmp_path, monkeypatch):
    real = os.open

    def refusing(path, flags, *mode, **more):
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "not supported")
        return real(path, flags, *mode, **more)

    monkeypatch.setattr(files.os, "open", refusing)
    sealed = engram.lock(notes, "pass").path
    engram.unlock(sealed, "pass", tmp_path / "back")
    engram.unlock(sealed, "pass", tmp_path / "back", force=True)
    spoilt = write(tmp_path / "x.sealed", Path(sealed).read_bytes()[:-1] + b"\0")
    with pytest.raises(Corrupt):
        engram.unlock(spoilt, "pass")
    assert held(tmp_path) == ["back", "notes.engram", "notes.engram.sealed", "x.sealed"]


KILLED = """
import os, signal, sys, engram
def kill(done, total):
    if done > total // 2:
        os.kill(os.getpid(), signal.SIGKILL)
engram.unlock(sys.argv[1], "pass", sys.argv[2], progress=kill)
"""


@pytest.mark.crash
@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="the system names every file")
def test_a_kill_leaves_no_plain_byte(notes, tmp_path):
    engram.lock(notes, "pass", tmp_path / "x.sealed")
    notes.unlink()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path / "x.sealed", tmp_path / "out"],
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == -signal.SIGKILL
    assert held(tmp_path) == ["x.sealed"]


def test_memory_does_not_grow_with_the_file(tmp_path):
    source = tmp_path / "large"
    with source.open("wb") as file:
        file.truncate(48 << 20)
    head = Header(memory_kib=64, passes=1, lanes=1, salt=bytes(32), plain_bytes=48 << 20)
    tracemalloc.start()
    try:
        with source.open("rb") as plain, (tmp_path / "sealed").open("wb") as out:
            for piece in seal(plain, head, head.master("pass")):
                out.write(piece)
        with (tmp_path / "sealed").open("rb") as sealed:
            total = sum(len(piece) for piece in opened(sealed, "pass"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == 48 << 20
    assert peak < 10 << 20


def test_the_golden_file_opens_and_is_what_would_be_written(tmp_path):
    plain = b"".join(bytes([n % 251]) * 100 for n in range(100))
    with (GOLDEN / "v1.sealed").open("rb") as sealed:
        assert b"".join(opened(sealed, "pass")) == plain
    head = Header(**QUICK, salt=bytes(range(32)), plain_bytes=len(plain))
    with write(tmp_path / "plain", plain).open("rb") as source:
        written = b"".join(seal(source, head, head.master("pass")))
    assert written == (GOLDEN / "v1.sealed").read_bytes()
    assert zlib.crc32(written) == 3_998_191_964


def test_the_usual_cost_is_that_of_the_rfc():
    assert (header.MEMORY_KIB, header.PASSES, header.LANES) == (65536, 3, 4)
    assert len(Header.fresh().salt) == 32
    assert Header.fresh().salt != Header.fresh().salt
