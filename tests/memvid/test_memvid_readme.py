"""The samples of memvid-sdk's README, with the import line changed."""

import json

import pytest

import document_files
from engram.compat.memvid import create, use
from engram.compat.memvid.embeddings import OpenAIEmbeddings, get_embedder
from loopback import EMBEDDINGS, chat


def test_quick_start(notes):
    results = notes.find("database")
    assert [hit["title"] for hit in results["hits"]] == ["Technical Decision"]
    assert "PostgreSQL" in results["hits"][0]["snippet"]
    assert "PostgreSQL" in notes.ask("What database are we using?")["text"]


def test_quick_start_with_a_model(notes, serve, monkeypatch):
    server = serve(chat("openai", "You use ", "PostgreSQL [1]."))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-123")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    answer = notes.ask("What database are we using?", model="openai:gpt-4o-mini")
    assert answer["text"] == "You use PostgreSQL [1]."
    assert answer["model"] == "openai:gpt-4o-mini"
    assert answer["usage"] == {"prompt_tokens": 7, "completion_tokens": 3}
    assert "sk-secret-123" not in json.dumps(answer, default=str)
    (asked,) = server.requests
    assert "PostgreSQL" in json.dumps(asked.body)


def test_opening_and_creating(folder):
    with create("notes.mv2") as memory:
        memory.put(title="Note", label="general", text="Content here")
    for how in ({"mode": "open"}, {"mode": "auto"}, {"read_only": True}, {}):
        with use("basic", "notes.mv2", **how) as memory:
            assert memory.stats()["frame_count"] == 1
    with use("basic", "other.mv2", mode="auto") as memory:
        assert memory.stats()["frame_count"] == 0
    with create("notes.mv2") as memory:
        assert memory.stats()["frame_count"] == 0


def test_storing_documents(folder):
    (folder / "q4-report.pdf").write_bytes(document_files.pdf(["Revenue rose in Q4."]))
    with create("notes.mv2") as memory:
        memory.put(
            title="Meeting Notes",
            label="meeting",
            text="Discussed the new API design.",
            metadata={"date": "2024-01-15", "priority": "high"},
            tags=["api", "design", "q1"],
        )
        memory.put(title="Q4 Report", label="reports", file="q4-report.pdf")
        memory.put(
            title="Contract Summary",
            label="legal",
            text="Key terms: 2-year agreement, auto-renewal clause.",
            file="q4-report.pdf",
            uri="mv2://contract",
        )
        (hit,) = memory.find("revenue")["hits"]
        assert (hit["title"], hit["labels"], hit["page"]) == ("Q4 Report", ["reports"], 1)
        (hit,) = memory.find("auto-renewal")["hits"]
        assert hit["title"] == "Contract Summary"
        assert memory.blob("mv2://contract") == (folder / "q4-report.pdf").read_bytes()
        hit = memory.find("api design")["hits"][0]
        assert {"api", "design", "q1"} <= set(hit["tags"])
        assert hit["metadata"] == {"date": "2024-01-15", "priority": "high"}


def test_batch_ingestion(folder):
    documents = [
        {"title": "Doc 1", "label": "notes", "text": "First document content..."},
        {"title": "Doc 2", "label": "notes", "text": "Second document content..."},
    ]
    with create("notes.mv2") as memory:
        frames = memory.put_many(documents)
        assert len(set(frames)) == 2
        assert [memory.frame(one)["title"] for one in frames] == ["Doc 1", "Doc 2"]


def test_semantic_search_with_the_embedder_that_is_there(folder):
    with create("notes.mv2") as memory:
        memory.put(
            title="Cooking", text="Boil the potatoes for twenty minutes.", enable_embedding=True
        )
        memory.put(title="Learning", text="Neural networks have layers.", enable_embedding=True)
        results = memory.find("deep learning", mode="sem")
    assert (results["engine"], results["hits"][0]["title"]) == ("semantic", "Learning")
    with use("basic", "notes.mv2") as memory:
        assert memory.find("deep learning", mode="sem")["hits"][0]["title"] == "Learning"
        assert memory.find("networks")["engine"] == "hybrid"


def test_context_only(notes):
    context = notes.ask("What was discussed?", context_only=True)
    assert "Discussed Q4 roadmap" in context["context"]
    assert (context["text"], context["context_only"]) == (None, True)


def test_timeline_and_stats(notes):
    assert [line["title"] for line in notes.timeline(limit=20)] == [
        "Project Update",
        "Technical Decision",
    ]
    assert [line["title"] for line in notes.timeline(limit=1, reverse=True)] == [
        "Technical Decision"
    ]
    stats = notes.stats()
    assert stats["frame_count"] == 2
    assert stats["size_bytes"] > 0


def test_external_embeddings(folder, serve, monkeypatch):
    server = serve(lambda request: EMBEDDINGS["openai"]({**request.body, "dimensions": 1536}))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-123")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    documents = [
        {"title": "ML Basics", "label": "ai", "text": "Machine learning enables systems."},
        {"title": "Deep Learning", "label": "ai", "text": "Deep learning uses neural networks."},
    ]
    embedder = OpenAIEmbeddings(model="text-embedding-3-small")
    with create("knowledge.mv2", enable_vec=True, enable_lex=True) as memory:
        embeddings = embedder.embed_documents([one["text"] for one in documents])
        frames = memory.put_many(documents, embeddings=embeddings)
        asked = embedder.embed_query("Deep learning uses neural networks.")
        results = memory.find("neural networks", k=3, query_embedding=asked, mode="sem")
        assert results["hits"][0]["frame_id"] == frames[1]
        assert results["hits"][0]["score"] == pytest.approx(1.0, abs=1e-5)
    assert get_embedder("openai").model_name == embedder.model_name


def test_langchain(notes):
    pytest.importorskip("langchain_core")
    with use("langchain", "notes.mv2") as memory:
        tools = {tool.name: tool for tool in memory.tools}
        found = tools["memvid_find"].invoke({"query": "database", "k": 1})
        assert [one["title"] for one in found] == ["Technical Decision"]
        tools["memvid_put"].invoke({"text": "Lunch is at noon.", "title": "Lunch"})
        assert "noon" in tools["memvid_ask"].invoke({"question": "When is lunch?"})


def test_llamaindex(notes):
    pytest.importorskip("llama_index.core")
    with use("llamaindex", "notes.mv2") as memory:
        response = memory.as_query_engine().query("What database are we using?")
        assert "PostgreSQL" in str(response)
        assert len(memory.tools) == 3


def test_openai_functions(notes):
    with use("openai", "notes.mv2") as memory:
        assert [one["name"] for one in memory.functions] == [
            "memvid_put",
            "memvid_find",
            "memvid_ask",
        ]
        assert all(one["parameters"]["required"] for one in memory.functions)
