"""Sessions: what is recorded, what is not, and how they end."""

import json
import threading

import pytest

import engram
from engram import Memory
from engram.errors import Conflict, EngramError, InvalidInput, NotFound


def test_what_is_asked_is_recorded_with_what_was_found(memory):
    session = memory.session_start("tuning", note="before the new model")
    found = session.find("tower in Paris", k=2, mode="lex")
    answer = session.ask("When was the Eiffel Tower built?", k=3, since="1999-01-01")
    assert found.ids == memory.find("tower in Paris", k=2, mode="lex").ids
    assert answer == memory.ask("When was the Eiffel Tower built?", k=3, since="1999-01-01")
    first, second = memory.session_steps("tuning")
    assert (first.number, first.verb, first.question) == (1, "find", "tower in Paris")
    assert (first.options, first.kept_out) == ({"k": 2, "mode": "lex"}, ())
    assert (first.mode, first.answer) == ("lexical", None)
    assert [one.id for one in first.hits] == found.ids
    assert first.hits[0].uri == "tower.txt"
    assert (second.verb, second.options) == ("ask", {"k": 3, "since": "1999-01-01"})
    assert second.answer["text"] == answer.text
    assert second.answer["cited"] == list(answer.citations[0].ids)
    json.dumps([first.to_dict(), second.to_dict()])
    assert session.info.steps == 2


def test_sessions_live_in_the_file(tmp_path):
    path = tmp_path / "memory.engram"
    with Memory.open(path) as memory:
        memory.put("Tents keep you dry.")
        with memory.session_start("one") as session:
            session.find("tents")
        memory.session_start("two")
    with Memory.open(path) as memory:
        two, one = memory.session_list()
        assert (one.name, one.steps, one.ended is None) == ("one", 1, False)
        assert (two.name, two.steps, two.ended is None) == ("two", 0, True)
        memory.session("two").find("tents")
        assert memory.session("two").info.steps == 1
        assert memory.session_delete("one")
        assert not memory.session_delete("one")
        assert [info.name for info in memory.session_list()] == ["two"]
        assert memory.session_steps("two")[0].question == "tents"


def test_an_ended_session_records_nothing_more(memory):
    session = memory.session_start("s")
    ended = session.end()
    assert session.end() == ended
    assert ended.ended is not None
    with pytest.raises(Conflict) as caught:
        session.find("tower")
    assert caught.value.code == "session.ended"
    assert session.info.steps == 0


def test_a_name_is_taken_once_and_has_no_slash(memory):
    memory.session_start("s")
    with pytest.raises(Conflict) as caught:
        memory.session_start("s")
    assert caught.value.code == "session.exists"
    for name in ("a/b", " ", "", 7):
        with pytest.raises(InvalidInput):
            memory.session_start(name)
    assert memory.session_start().name.startswith("session-")


@pytest.mark.parametrize(
    "verb", ["session", "session_end", "session_steps", "session_replay", "session_checkpoint"]
)
def test_a_session_that_is_not_there_is_not_found(memory, verb):
    with pytest.raises(NotFound) as caught:
        getattr(memory, verb)("none")
    assert caught.value.code == "session.not_found"
    assert memory.session_list() == []


def test_what_fails_is_not_recorded(memory):
    session = memory.session_start("s")
    with pytest.raises(EngramError):
        session.find("tower", where="nonsense = 1")
    with pytest.raises(EngramError):
        session.ask("tower?", lambda prompt: "")
    assert session.steps() == []


def test_steps_of_threads_are_numbered_one_after_the_other(memory):
    session = memory.session_start("s")
    threads = [
        threading.Thread(target=lambda: [session.find("tower", mode="lex") for _ in range(5)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [step.number for step in session.steps()] == list(range(1, 21))


def test_a_read_only_memory_records_nothing(tmp_path):
    path = tmp_path / "memory.engram"
    Memory.open(path).close()
    with Memory.open(path, read_only=True) as memory:
        assert memory.session_list() == []
        with pytest.raises(Conflict) as caught:
            memory.session_start("s")
    assert caught.value.code == "file.read_only"


def test_a_deleted_document_leaves_no_text_in_sessions(memory):
    session = memory.session_start("s")
    session.ask("When was the Eiffel Tower built?", k=1)
    session.ask("Bread: how long does it rise?", k=1)
    (gone,) = [one.document for one in session.steps()[0].hits]
    memory.delete("tower.txt")
    first, second = session.steps()
    assert (first.answer, first.hits[0].uri, first.hits[0].document) == (None, None, gone)
    assert second.answer["found"]
    (change, _) = memory.session_replay("s").changes
    assert change.lost == (first.hits[0].id,)


def test_collections_of_sessions_are_not_searched(memory):
    memory.session_start("s").find("zebra crossing", mode="lex")
    assert memory.find("zebra crossing", mode="lex").ids == []
    assert isinstance(memory.db, engram.Database)
