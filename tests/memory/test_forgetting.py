"""What is forgotten is nowhere: by id, by content, by the bytes of the file."""

import json
import os
import zlib
from pathlib import Path

import pytest

import engram
from engram import Conflict, InvalidInput, Memory, NotFound
from engram.memory import Receipt


@pytest.fixture
def place(tmp_path):
    return tmp_path / "m.engram"


@pytest.fixture
def kept(place, words):
    with Memory.open(place, embedder=words()) as memory:
        yield memory


def random_words(seed, count=400):
    """Words that nothing compresses, so that they are found in the file if they are there."""
    state, found = seed, []
    for _ in range(count):
        state = zlib.crc32(state.to_bytes(8, "little"))
        found.append(f"{state:08x}")
    return found


def markers(data, wanted):
    return [one for one in wanted if one.encode() in data]


def test_no_byte_of_it_stays_in_the_file(kept, place, tmp_path):
    secret, other = random_words(1), random_words(2)
    file = tmp_path / "secret.csv"
    file.write_text("name,code\n" + "".join(f"x{n},{word}\n" for n, word in enumerate(secret)))
    put = kept.put_tables(file, embed_rows=True, title=f"Title {secret[0]}")
    kept.put(" ".join(other), uri="other")
    before = place.read_bytes()
    assert len(markers(before, secret)) > len(secret) / 2
    receipt = kept.forget(put.document.id)
    after = place.read_bytes()
    assert markers(after, secret) == []
    assert markers(after, [put.document.id, str(file)]) == []
    # Most of what is there is compressed; so much would be seen of the other, too.
    assert len(markers(after, other)) > len(other) / 20
    assert kept.get("other").text == " ".join(other)
    assert receipt.counts == {
        "documents": 1,
        "passages": put.document.passages + 400,
        "originals": 0,
        "facts": 0,
        "tables": 401,
        "sessions": 0,
    }
    assert len(receipt) == 1
    checked = kept.verify_forgotten(receipt)
    assert checked
    assert checked.same_file
    assert sorted(os.listdir(tmp_path)) == ["m.engram", "secret.csv"]


def test_everything_made_of_it_goes(kept):
    put = kept.put("Ada Lovelace works at Babbage Ltd. Her email is ada@example.org.", uri="a")
    kept.put("Tents keep you dry.", uri="b")
    kept.enrich()
    facts = len(kept.memories())
    with kept.session_start("s") as session:
        session.find("Ada Lovelace", mode="lex")
        session.find("tents", mode="lex")
    receipt = kept.forget("a")
    assert receipt.counts["facts"] == facts > 0
    assert receipt.counts["sessions"] == 1
    assert [step.question for step in kept.session_steps("s")] == ["tents"]
    assert kept.memories() == []
    assert kept.get(put.id) is None
    assert kept.verify_forgotten(receipt)


def test_a_receipt_says_nothing_of_what_it_is_about(kept):
    put = kept.put("a tent of Lovelace", uri="notes/lovelace", title="Lovelace")
    hashed = kept.get(put.id).hash
    receipt = kept.forget("notes/lovelace")
    text = json.dumps(receipt.to_dict()).lower()
    assert not [said for said in ("lovelace", "notes", put.id, hashed) if said in text]
    again = Receipt.from_dict(json.loads(json.dumps(receipt.to_dict())))
    assert again == receipt
    assert kept.verify_forgotten(receipt.to_dict())


def test_what_comes_back_is_found(kept):
    receipt = kept.forget(kept.put("a tent of Ada", uri="a").id)
    kept.put("another tent", uri="b")
    checked = kept.verify_forgotten(receipt)
    assert checked
    assert not checked.same_file
    kept.put("a tent of Ada", uri="elsewhere")
    checked = kept.verify_forgotten(receipt)
    assert not checked
    assert checked.found == ("1 in memory.documents", "1 in memory")
    kept.delete("elsewhere")
    kept.put("something else", uri="a")
    assert not kept.verify_forgotten(receipt)
    assert not kept.verify_forgotten(receipt).to_dict()["forgotten"]


def test_a_reader_checks_it_while_others_write(kept, place):
    receipt = kept.forget(kept.put("a tent of Ada", uri="a").id)
    with Memory.open(place, embedder=None, read_only=True) as reader:
        checked = reader.verify_forgotten(receipt)
        assert checked
        assert checked.same_file
        with kept.db.transaction():  # the write lock is taken: a check that waits would be Busy
            assert reader.verify_forgotten(receipt)
        kept.put("a tent of Ada", uri="b")
        checked = reader.verify_forgotten(receipt)
        assert not checked
        assert not checked.same_file


def test_a_changed_receipt_is_not_believed(kept):
    receipt = kept.forget(kept.put("a tent", uri="a").id)
    plain = receipt.to_dict()
    for name, value in (("documents", []), ("commit", 1), ("when", "1970-01-01")):
        assert not kept.verify_forgotten(plain | {name: value})
    for bad in ({}, plain | {"version": 2}, plain | {"more": 1}):
        with pytest.raises(InvalidInput):
            kept.verify_forgotten(bad)
    with pytest.raises(InvalidInput, match="other"):
        Memory(kept.db, "other", embedder=None).verify_forgotten(receipt)


def test_a_snapshot_that_holds_it_is_named_and_goes_only_when_told(kept, place):
    secret = random_words(3)
    kept.put(" ".join(secret), uri="a")
    kept.db.create_snapshot("with it")
    kept.delete("a")
    kept.db.create_snapshot("without it")
    with pytest.raises(Conflict) as caught:
        kept.forget("a")
    assert caught.value.code == "snapshot.holds"
    assert caught.value.details == {"snapshots": "with it"}
    assert kept.get("a", as_of="with it") is not None
    receipt = kept.forget("a", snapshots="delete")
    assert [one.name for one in kept.db.list_snapshots()] == ["without it"]
    assert receipt.snapshots == 1
    assert markers(place.read_bytes(), secret) == []
    assert kept.verify_forgotten(receipt)


def test_snapshots_made_later_are_looked_into(kept):
    put = kept.put("a tent", uri="a")
    copy = Receipt.from_dict(kept.forget(put.id).to_dict())
    kept.put("a tent", uri="a")
    kept.db.create_snapshot("again")
    kept.delete("a")
    checked = kept.verify_forgotten(copy)
    assert checked.found[0] == "2 in memory.documents in the snapshot again"


def test_whoever_is_named_is_forgotten(kept):
    kept.put("ADA  Lovelace wrote it.", uri="text")
    kept.put("She left.", uri="title", title="On Ada Lovelace")
    kept.put("Adam Lovelace and ada lovelaces.", uri="others")
    plan = kept.forget(entity="Ada Lovelace", dry_run=True)
    assert plan.dry_run
    assert plan.counts["documents"] == 2
    assert len(kept) == 3
    with pytest.raises(InvalidInput, match="dry run"):
        kept.verify_forgotten(plan)
    receipt = kept.forget(entity="Ada Lovelace")
    assert (receipt.documents, receipt.counts) == (plan.documents, plan.counts)
    assert [one.uri for one in kept.timeline()] == ["others"]


def test_a_scope_is_forgotten_whole(kept):
    for name in ("notes/a", "notes/b", "other"):
        kept.put(f"the text of {name}", uri=name)
    assert len(kept.forget(scope="notes/")) == 2
    assert [one.uri for one in kept.timeline()] == ["other"]
    assert len(kept.forget(scope="nothing/")) == 0


def test_what_is_not_there_is_an_error_and_nothing_is_erased(kept):
    kept.put("a tent", uri="a")
    with pytest.raises(NotFound, match="typo"):
        kept.forget("a", "typo")
    for call in (
        kept.forget,
        lambda: kept.forget(scope=""),
        lambda: kept.forget(entity=""),
        lambda: kept.forget("a", snapshots="keep"),
    ):
        with pytest.raises(InvalidInput):
            call()
    with pytest.raises(Conflict), kept.db.transaction():
        kept.forget("a")
    assert len(kept) == 1


def test_a_memory_without_a_file_forgets_too(memory):
    put = memory.put("a tent", uri="a")
    receipt = memory.forget("a")
    assert (receipt.file_hash, receipt.file_bytes) == (None, 0)
    checked = memory.verify_forgotten(receipt)
    assert checked
    assert not checked.same_file
    assert put.id not in receipt.documents


def test_two_memories_of_a_file_forget_their_own(place):
    with engram.open(place, embedder=None) as db:
        mine, yours = Memory(db, "mine"), Memory(db, "yours")
        for one in (mine, yours):
            one.put("a tent of Ada", uri="a")
        receipt = mine.forget("a")
        assert mine.verify_forgotten(receipt)
        assert yours.get("a") is not None
    assert Path(place).stat().st_size > 0
