"""What else a memory of memvid-sdk does: corrections, facts, access, sessions, time."""

import pytest

from engram.compat.memvid import (
    MemvidError,
    acl_context_from_scope,
    acl_metadata_from_scope,
    create,
)
from engram.compat.memvid.embeddings import OpenAIEmbeddings
from engram.compat.memvid.entities import get_entity_extractor
from loopback import EMBEDDINGS, chat


def test_a_correction_comes_first(notes):
    wrong = notes.find("main database")["hits"][0]["text"]
    notes.correct("The main database is MySQL.", topics=["database"], source="Ada")
    first, second = notes.find("main database")["hits"]
    assert first["labels"] == ["correction"]
    assert first["metadata"]["source"] == "Ada"
    assert second["text"] == wrong
    assert notes.correct_many([{"statement": "Redis is out."}])


def test_facts(folder):
    with create("a.mv2") as memory:
        memory.put(title="People", text="Alice works at Acme. Bob lives in Paris.")
        done = memory.enrich()
        assert done["frames_processed"] == 1
        assert done["new_cards"] == memory.memories()["count"] >= 2
        state = memory.state("Alice")
        assert state["found"]
        assert "Acme" in [card["value"] for card in state["slots"].values()]
        assert memory.state("Nobody") == {"entity": "Nobody", "found": False, "slots": {}}
        assert "Alice" in memory.memory_entities()
        assert "Acme" in memory.export_facts(format="csv")
        done = memory.add_memory_cards([{"entity": "Alice", "slot": "pet", "value": "cat"}])
        card = memory.state("Alice", slot="pet")["slots"]["pet"]
        assert (card["value"], [card["id"]]) == ("cat", done["ids"])
        assert memory.memories_stats()["card_count"] == memory.memories()["count"]


def test_access_hides_what_may_not_be_seen(folder):
    boss = {"tenant_id": "acme", "roles": ["boss"]}
    guest = {"tenant_id": "acme", "subject_id": "eve"}
    with create("a.mv2") as memory:
        memory.put(text="salaries rise", metadata=acl_metadata_from_scope(boss) | {"year": 2024})
        memory.put(text="salaries are public", metadata=acl_metadata_from_scope(None))

        def seen(scope, mode):
            context = acl_context_from_scope(scope)
            hits = memory.find("salaries", acl_context=context, acl_enforcement_mode=mode)["hits"]
            return sorted(hit["text"] for hit in hits)

        assert seen(guest, "enforce") == ["salaries are public"]
        assert len(seen(boss, "enforce")) == len(seen(guest, "audit")) == 2
        (hit,) = memory.find("rise")["hits"]
        assert hit["metadata"] == {"year": 2024}


def test_sessions_are_recorded_and_asked_again(notes):
    session = notes.session_start("first")
    notes.find("database")
    notes.ask("What database are we using?")
    with pytest.raises(MemvidError, match="recorded"):
        notes.session_start("second")
    assert notes.session_checkpoint()
    assert notes.session_end()["action_count"] == 3
    notes.find("not recorded")
    assert [one["session_id"] for one in notes.session_list()] == [session]
    assert notes.session_replay(session)["changed"] == 0
    notes.put(text="The database database database.")
    again = notes.session_replay(session, top_k=1)
    assert again["changed"] > 0
    assert notes.session_delete(session)
    with pytest.raises(MemvidError):
        notes.session_replay(session)


def test_names_and_dates_are_noticed(folder):
    with create("a.mv2") as memory:
        memory.put(text="Alice met Bob on 2024-01-15.", tags=["talk"], labels=["extra"])
        (hit,) = memory.find("met")["hits"]
        assert hit["tags"][0] == "talk"
        assert {"alice", "bob"} <= set(hit["tags"])
        assert hit["content_dates"] == ["2024-01-15"]
        assert hit["labels"] == ["extra"]
        memory.put(text="Carol met Dan.", auto_tag=False, extract_dates=False)
        (hit,) = memory.find("carol")["hits"]
        assert (hit["tags"], hit["content_dates"]) == ([], [])


def test_looking_back_sees_what_was_there(folder):
    with create("a.mv2") as memory:
        first = memory.put(text="storks one", timestamp=1_000)
        memory.put(text="storks two", timestamp="2024-05-01")
        assert len(memory.find("storks")["hits"]) == 2
        assert [one["text"] for one in memory.find("storks", as_of_frame=first)["hits"]] == [
            "storks one"
        ]
        assert [one["text"] for one in memory.find("storks", as_of_ts=1_000)["hits"]] == [
            "storks one"
        ]
        assert memory.find("storks", as_of_ts=999)["hits"] == []
        assert [one["frame_id"] for one in memory.timeline(as_of_frame=first)] == [first]
        assert memory.timeline(since=1_001)[0]["timestamp"] == 1_714_521_600
        assert memory.remove(first) > 0
        assert len(memory.timeline()) == 1


@pytest.mark.parametrize("how", [{"mode": "lex", "query_embedding": [1.0]}, {"min_relevancy": 0.5}])
def test_what_a_search_cannot_use_is_an_error(notes, how):
    with pytest.raises(MemvidError):
        notes.find("database", **how)


def test_pages_follow_each_other(folder):
    with create("a.mv2") as memory:
        memory.put_many([{"text": f"storks {n}", "uri": f"s/{n}"} for n in range(5)])
        first = memory.find("storks", k=3)
        rest = memory.find("storks", k=3, cursor=first["next_cursor"])
        found = [hit["uri"] for hit in first["hits"] + rest["hits"]]
        assert sorted(found) == [f"s/{n}" for n in range(5)]
        assert memory.find("storks", scope="s/4")["hits"][0]["uri"] == "s/4"


def test_personal_data_stays_here(notes, serve, monkeypatch):
    pytest.importorskip("phonenumbers")
    notes.put(text="The owner of the database is ada@example.org.")
    server = serve(chat("openai", "Ask the owner [1]."))
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    notes.ask("Who owns the database?", model="openai:m", mask_pii=True)
    assert "ada@example.org" not in str(server.requests[0].body)


def test_personal_data_in_a_question_reaches_no_embedder(folder, serve, monkeypatch):
    pytest.importorskip("phonenumbers")
    server = serve(lambda request: EMBEDDINGS["openai"]({**request.body, "dimensions": 1536}))
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    embedder = OpenAIEmbeddings()
    with create("a.mv2") as memory:
        memory.put_many([{"text": "storks fly south"}], embedder=embedder)
        asked = "Does ada@example.org fly?"
        for recorded in (False, True):
            if recorded:
                memory.session_start("s")
            memory.ask(asked, embedder=embedder, mask_pii=True, context_only=True, snippet_chars=6)
        hit = memory.ask("fly?", embedder=embedder, snippet_chars=6)["hits"][0]
    assert len(server.requests) > 2
    assert "ada@example.org" not in str([request.body for request in server.requests])
    assert hit["snippet"] == "storks"


def test_a_language_model_finds_names_that_are_there(serve):
    said = '{"entities": [{"name": "Ada", "type": "PERSON", "confidence": 0.9},'
    said += ' {"name": "Zoe", "type": "PERSON", "confidence": 0.9}]}'
    server = serve(chat("openai", said))
    extractor = get_entity_extractor("openai", api_key="k", base_url=server.url)
    assert extractor.extract("Ada codes.") == [{"name": "Ada", "type": "PERSON", "confidence": 0.9}]
    assert extractor.name == "openai:gpt-4o-mini"
