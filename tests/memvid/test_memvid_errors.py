"""P0.3: each code of memvid-sdk has a class, and a test that provokes it."""

import pytest

import document_files
import engram
from engram.compat import memvid
from engram.compat.memvid import MemvidError, create, use
from engram.compat.memvid.embeddings import OpenAIEmbeddings, get_embedder
from engram.compat.memvid.entities import get_entity_extractor


def told(code, call):
    """Make a call that has to fail, and check how it does."""
    with pytest.raises(MemvidError) as caught:
        call()
    error = caught.value
    assert error.code == code
    assert str(error).startswith(f"{code}: ")
    assert error.hint
    return error


def test_p0_3_mv001_what_is_beyond_a_limit(folder):
    with create("a.mv2") as memory:
        error = told("MV001", lambda: memory.put(text="x" * (engram.LIMITS["text_bytes"] + 1)))
        assert isinstance(error, memvid.CapacityExceededError)
        assert error.details["limit"]


def test_p0_3_mv004_words_where_they_are_off(folder):
    with create("a.mv2", enable_lex=False) as memory:
        memory.put(text="storks", enable_embedding=True)
        error = told("MV004", lambda: memory.find("storks", mode="lex"))
        assert isinstance(error, memvid.LexIndexDisabledError)
        assert memory.find("storks", mode="auto")["engine"] == "semantic"
        memory.enable_lex()
        assert memory.find("storks", mode="lex")["hits"]


def test_p0_3_mv006_more_than_one_file(folder):
    create("a.mv2").seal()
    (folder / "a.mv2.lock").write_bytes(b"")
    told("MV006", lambda: memvid.verify_single_file("a.mv2"))


def test_p0_3_mv008_no_key(folder):
    error = told("MV008", OpenAIEmbeddings)
    assert "OPENAI_API_KEY" in str(error)
    told("MV008", lambda: get_entity_extractor("claude"))
    with create("a.mv2") as memory:
        memory.put(text="storks")
        told("MV008", lambda: memory.ask("storks?", model="openai:gpt-4o-mini"))


def test_p0_3_mv010_no_such_frame(notes):
    for call in (notes.frame, notes.blob, notes.remove):
        error = told("MV010", lambda call=call: call("mv2://none"))
        assert isinstance(error, memvid.FrameNotFoundError)
        assert isinstance(error, LookupError)


def test_p0_3_mv012_a_file_that_is_none(folder):
    (folder / "a.mv2").write_bytes(b"not a memory" * 1_000)
    for mode in ("open", "auto", "create"):
        told("MV012", lambda mode=mode: use("basic", "a.mv2", mode=mode))
    assert (folder / "a.mv2").read_bytes().startswith(b"not a memory")


def test_p0_3_mv013_no_such_file(folder):
    error = told("MV013", lambda: use("basic", "none.mv2", mode="open"))
    assert isinstance(error, FileNotFoundError)
    with create("a.mv2") as memory:
        told("MV013", lambda: memory.put(file="none.pdf"))


def test_p0_3_mv014_another_dimension(folder):
    with create("a.mv2") as memory:
        memory.put_many([{"text": "a"}], embeddings=[[1.0, 0.0]])
        told("MV014", lambda: memory.put_many([{"text": "b"}], embeddings=[[1.0, 0.0, 0.0]]))
        told("MV014", lambda: memory.find("x", mode="sem", query_embedding=[1.0]))


def test_p0_3_mv018_a_wrong_password(notes):
    notes.seal()
    sealed = memvid.lock("notes.mv2", password="one", output="notes.mv2e")
    told("MV018", lambda: memvid.unlock(sealed, password="two", output="b.mv2"))
    assert memvid.unlock(sealed, password="one", output="b.mv2").endswith("b.mv2")
    with use("basic", "b.mv2", mode="open") as memory:
        assert memory.stats()["frame_count"] == 2


def test_every_code_of_the_table_has_a_meaning():
    for number in range(1, 19):
        assert memvid.get_error_suggestion(f"MV{number:03}")
    assert memvid.get_error_suggestion("MV999") is None


def test_names_that_are_none_list_those_there_are(folder):
    with pytest.raises(ValueError, match="openai"):
        get_embedder("opneai")
    with pytest.raises(ValueError, match="local"):
        get_entity_extractor("loacl")
    with create("a.mv2") as memory, pytest.raises(TypeError, match="min_relevance"):
        memory.find("x", min_relevance=1)


def test_a_bad_document_is_told_and_keeps_none_out(folder):
    (folder / "good.pdf").write_bytes(document_files.pdf(["Storks."]))
    (folder / "bad.pdf").write_bytes(b"%PDF-1.4 cut")
    with create("a.mv2") as memory:
        done = memory.put_files(".", extensions=["pdf"])
        assert done["files_processed"] == 1
        assert [one["file"] for one in done["errors"]] == ["bad.pdf"]
        with pytest.raises(MemvidError):
            memory.put_many([{"file": "bad.pdf"}, {"text": "kept"}])
        assert memory.find("kept")["hits"]
