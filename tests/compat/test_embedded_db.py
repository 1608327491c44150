"""EmbeddedDB's names: what they promise beyond the samples."""

import numpy as np
import pytest

import engram
from engram.compat.embedded_db import (
    Chat,
    ConvergedQuery,
    DbError,
    EmbeddedDB,
    Entity,
    Message,
    embedders,
)
from engram.embed import Identity
from engram.errors import NotFound


@pytest.fixture(autouse=True)
def no_minilm(monkeypatch):
    """Without MiniLM, whatever is installed on this machine."""

    def missing(name):
        raise NotFound("model.not_found", f"{name} is hidden by the test")

    monkeypatch.setattr(embedders, "get_embedder", missing)


@pytest.fixture
def db(tmp_path):
    with EmbeddedDB(tmp_path / "a.db") as opened:
        yield opened


def test_nodes_are_dicts(db):
    made = db.create_node(
        {"label": "Note", "text": "hello", "color": "red", "properties": {"n": 1}}
    )
    assert db.get_node(made) == {
        "id": made, "label": "Note", "text": "hello", "properties": {"color": "red", "n": 1},
    }  # fmt: skip
    db.update_node(made, {"text": "bye", "color": "blue", "properties": {"n": 2}})
    assert db.get_node(made)["properties"] == {"color": "blue", "n": 2}
    assert db.get_node(made)["text"] == "bye"
    assert db.delete_node(made)
    assert not db.delete_node(made)
    assert db.get_node(db.create_node({}))["label"] == "Node"
    with pytest.raises(DbError):
        db.update_node("nobody", {"a": 1})


def test_edges_are_dicts_with_ids(db):
    for name in "ab":
        db.create_node({"id": name, "label": "X"})
    edge = db.create_edge({"source": "a", "type": "T", "target": "b", "properties": {"w": 1}})
    assert db.get_edge(edge) == {
        "id": edge, "source": "a", "type": "T", "target": "b", "properties": {"w": 1},
    }  # fmt: skip
    db.update_edge(edge, {"w": 2, "x": 3})
    assert db.get_edge(edge)["properties"] == {"w": 2, "x": 3}
    assert db.find_shortest_path("b", "a") == ["b", "a"]
    assert db.delete_edge(edge)
    assert db.get_edge(edge) is None
    assert db.find_shortest_path("b", "a") is None
    with pytest.raises(DbError):
        db.get_edge("e1")


def test_embeddings_have_ids_and_nodes(db):
    db.create_node({"id": "a", "text": "hello there"})
    made = db.get_embedding_for_node("a")
    assert (made.node_id, len(made.vector)) == ("a", 384)
    assert db.get_embedding(made.id) == made
    own = db.create_embedding({"node_id": "a", "vector": [1.0, 2.0]})
    assert db.get_embedding_for_node("a").vector == [1.0, 2.0]
    db.update_embedding(own, {"vector": [3.0, 4.0]})
    assert db.get_embedding(own).vector == [3.0, 4.0]
    assert db.delete_embedding(own)
    assert db.get_embedding(own) is None
    assert db.get_embedding_for_node("a") == made
    assert db.get_embedding_for_node("nobody") is None
    with pytest.raises(DbError):
        db.get_embedding("x")


def test_records_are_active(db):
    chat = db.create_chat("Title", "Topic")
    message = chat.add_message(sender="Alice", content="Bob lives in Rome.", role="user")
    assert isinstance(chat, Chat)
    assert isinstance(message, Message)
    db.wait_until_enriched(message.id, timeout=30)
    rome = next(one for one in db.get_entities_mentioned_in(message.id) if one.label == "Rome")
    assert isinstance(rome, Entity)
    assert (rome.entity_type, rome.name) == ("GPE", "Rome")
    assert rome.mentions() == [message]
    assert {one.label for one in message.entities()} == {"Bob", "Rome"}
    chat.title = "Other"
    chat.save()
    assert db.get_node(chat.id)["properties"]["title"] == "Other"
    assert db.create_message(chat.id, "again").chat() == chat


def test_a_query_of_unknown_properties_finds_nothing(db):
    query = ConvergedQuery(structural_filters=[{"property": "x", "operator": "Equals", "value": 1}])
    assert list(db.execute_query(query)) == []
    assert ConvergedQuery().where("x", "Exists").missing == "ignore"


def test_the_built_in_model_is_cut_to_384(db):
    rows = embedders.Cut().encode_batch(["a red cat", "", "zzzqqq"])
    assert rows.shape == (3, 384)
    whole = engram.embed.default().encode("a red cat")[:384]
    assert np.allclose(rows[0], whole / np.linalg.norm(whole), atol=1e-6)
    assert not rows[1].any()


class Tiny:
    """Stands for MiniLM."""

    identity = Identity("all-MiniLM-L6-v2", "1", 384, normalized=True)

    def encode_batch(self, texts, /):
        return np.eye(384, dtype=np.float32)[[len(text) % 384 for text in texts]]


def test_a_file_goes_on_with_the_model_that_it_has(tmp_path, monkeypatch):
    def name(db):
        (space,) = db.graph.collection.spaces()
        return space.identity

    with EmbeddedDB(tmp_path) as db:
        db.create_node({"text": "hello"})
        assert "engram-static-v1-384" in name(db)
    assert (tmp_path / "embedded_db.engram").is_file()
    with monkeypatch.context() as installed:
        installed.setattr(embedders, "get_embedder", lambda _: Tiny())
        with EmbeddedDB(tmp_path) as db:
            db.create_node({"text": "hello again"})
            assert "engram-static-v1-384" in name(db)
        with EmbeddedDB(tmp_path / "new" / "b.db") as db:
            db.create_node({"text": "hello"})
            assert "MiniLM" in name(db)
    with pytest.raises(DbError, match="is hidden by the test"):
        EmbeddedDB(tmp_path / "new" / "b.db")
    with EmbeddedDB(tmp_path / "new" / "b.db", embedder=Tiny()) as db:
        assert db.graph.count() == 1
