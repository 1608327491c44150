"""Who made the vectors, and what may be compared with them."""

import numpy as np
import pytest

import engram
from engram import Identity, Memory
from engram.embed import default
from engram.errors import InvalidInput

MINE = Identity("mine", "1", 4, normalized=True)
OTHER = Identity("other", "1", 4, normalized=True)


def code(raised):
    return raised.value.code


@pytest.fixture
def given():
    """Give a memory whose vectors came from outside, with their identity."""
    with Memory.open(":memory:") as memory:
        memory.put("one", uri="1", embedding=[1.0, 0, 0, 0], embedding_identity=MINE)
        memory.put("two", uri="2", embedding=[0, 1.0, 0, 0], embedding_identity=MINE.to_dict())
        yield memory


def test_the_identity_of_vectors_is_kept(tmp_path):
    path = tmp_path / "m.engram"
    with Memory.open(path) as memory:
        memory.put("one", embedding=[1.0, 0, 0, 0], embedding_identity=MINE.to_json())
    with Memory.open(path) as memory:
        stats = memory.stats()
        assert stats.embedding_identity_summary.counts == ((MINE, 1),)
        assert stats.effective_vec_dimension == 4


def test_a_vector_of_the_same_model_finds_and_another_is_refused(given):
    options = {"mode": "sem", "k": 1, "query_embedding": [0, 1.0, 0, 0]}
    assert given.find("x", **options)[0].uri == "2"
    assert given.find("x", **options, query_embedding_identity=MINE)[0].uri == "2"
    with pytest.raises(InvalidInput) as raised:
        given.find("x", **options, query_embedding_identity=OTHER)
    assert code(raised) == "embedder.mismatch"
    with pytest.raises(InvalidInput) as raised:
        given.find("x", mode="sem", query_embedding=[1.0, 0, 0])
    assert code(raised) == "input.dimension"


def test_a_model_that_is_not_here_is_named(given):
    for mode in ("sem", "hybrid"):
        with pytest.raises(InvalidInput) as raised:
            given.find("one", mode=mode)
        assert code(raised) == "embedder.missing"
        assert "mine" in raised.value.message
    finds = given.find("one")
    assert finds.mode == "lexical"
    assert "made by mine" in finds.skipped["semantic"]


def test_mixed_vectors_are_refused_and_nothing_of_them_is_written(given):
    with pytest.raises(InvalidInput) as raised:
        given.put("three", embedding=[1.0, 0, 0, 0], embedding_identity=OTHER)
    assert code(raised) == "embedder.mismatch"
    with pytest.raises(InvalidInput) as raised:
        given.put("three", embedding=[1.0, 0, 0, 0])
    assert code(raised) == "embedder.mismatch"
    # The built-in model made none of these, and the one that did is not here.
    with pytest.raises(InvalidInput) as raised:
        given.put("three")
    assert code(raised) == "embedder.missing"
    chosen = Memory(given.db, embedder=default())
    for put in (chosen.put, lambda text: chosen.put_many([text, text + "!"])):
        with pytest.raises(InvalidInput) as raised:
            put("three")
        assert code(raised) == "embedder.mismatch"
    assert len(given) == 2
    assert given.put("three", enable_embedding=False).status == "added"


def test_in_many_documents_only_the_mixed_one_fails(given):
    done = given.put_many(
        [
            {"text": "a", "embedding": [1.0, 0, 0, 0], "embedding_identity": MINE},
            {"text": "b", "embedding": [1.0, 0, 0, 0], "embedding_identity": OTHER},
            {"text": "c", "embedding": [1.0, 0], "embedding_identity": MINE},
        ],
        enable_embedding=False,
    )
    assert [one.status for one in done.documents] == ["added"]
    assert [one.error.code for one in done.failed] == ["embedder.mismatch", "input.dimension"]


def test_the_embedder_of_the_vectors_that_are_there_is_found(tmp_path, words, monkeypatch):
    path = tmp_path / "m.engram"
    with Memory.open(path, embedder=words("installed")) as memory:
        memory.put("tents keep dry", uri="a")
    asked = []

    def get(name):
        asked.append(name)
        return words("installed")

    monkeypatch.setattr("engram.embed.get_embedder", get)
    with Memory.open(path) as memory:
        assert memory.find("dry tents", mode="sem")[0].uri == "a"
        memory.put("boots keep warm", uri="b")
        assert memory.find("warm boots", mode="sem")[0].uri == "b"
        assert memory.embedder.identity.name == "installed"
    assert asked == ["installed"]


def test_a_model_of_the_same_name_that_changed_is_not_taken(tmp_path, words, monkeypatch):
    path = tmp_path / "m.engram"
    with Memory.open(path, embedder=words("model", 16)) as memory:
        memory.put("tents keep dry")
    monkeypatch.setattr("engram.embed.get_embedder", lambda name: words(name, 8))
    with Memory.open(path) as memory, pytest.raises(InvalidInput) as raised:
        memory.find("tents", mode="sem")
    assert code(raised) == "embedder.missing"
    assert "other vectors now" in raised.value.message


def test_the_built_in_model_is_found_where_the_database_has_another(words):
    with engram.open(":memory:") as db:
        db.memory.put("tents keep dry", uri="a")
        other = engram.Database(db._native, words())
        assert other.memory.find("dry tents", mode="sem")[0].uri == "a"
        assert other.memory.put("boots").status == "added"


def test_vectors_of_nobody_are_compared_by_an_embedder_that_was_chosen_for_them(words):
    maker = words()
    with Memory.open(":memory:") as memory:
        texts = ["tents keep dry", "boots keep warm"]
        memory.put_many(texts, embeddings=maker.encode_batch(texts))
        with pytest.raises(InvalidInput) as raised:
            memory.find("boots", mode="sem")
        assert code(raised) == "embedder.missing"
        assert "nobody said" in memory.find("boots").skipped["semantic"]
        found = memory.find("warm boots", mode="sem", embedder=maker, k=1)
        assert found[0].text == texts[1]
        with pytest.raises(InvalidInput) as raised:
            memory.find("boots", mode="sem", embedder=words("small", 8))
        assert code(raised) == "embedder.missing"
        chosen = Memory(memory.db, embedder=maker)
        assert chosen.find("warm boots", k=1)[0].text == texts[1]
        assert chosen.find("warm boots").mode == "hybrid"


def test_an_embedder_for_one_search_must_be_the_one_that_made_the_vectors(memory, words):
    memory.put("tents keep dry")
    assert memory.find("tents", mode="sem", embedder=words()).mode == "semantic"
    with pytest.raises(InvalidInput) as raised:
        memory.find("tents", mode="sem", embedder=words("another"))
    assert code(raised) == "embedder.mismatch"


def test_asking_for_vectors_gets_them_or_an_error(memory, bare, words):
    assert memory.put("tents", enable_embedding=True).status == "added"
    with pytest.raises(InvalidInput) as raised:
        bare.put("tents", enable_embedding=True)
    assert code(raised) == "embedder.missing"
    with pytest.raises(InvalidInput) as raised:
        bare.put_many(["tents"], enable_embedding=True)
    assert code(raised) == "embedder.missing"
    blind = words()
    blind.encode_batch = lambda texts: np.zeros((len(texts), 16), dtype=np.float32)
    with Memory.open(":memory:", embedder=blind) as knows_nothing:
        with pytest.raises(InvalidInput) as raised:
            knows_nothing.put("tents", enable_embedding=True)
        assert code(raised) == "input.zero_vector"
        assert knows_nothing.put("tents").status == "added"
    memory.put("boots", uri="no", enable_embedding=False)
    assert memory.stats().embedding_identity_summary.unembedded == 1


def test_a_vector_and_words_search_together(given):
    given.put("three words here", uri="3", enable_embedding=False)
    finds = given.find("three words", query_embedding=[0, 1.0, 0, 0], k=3)
    assert finds.mode == "hybrid"
    assert {found.uri for found in finds} == {"1", "2", "3"}
    assert given.find("x", mode="sem", query_embedding=[0, 1.0, 0, 0]).mode == "semantic"


def test_the_past_is_asked_with_the_embedder_of_then(tmp_path, words, monkeypatch):
    monkeypatch.setattr("engram.embed.get_embedder", words)
    with Memory.open(tmp_path / "m.engram", embedder=words("old")) as memory:
        memory.put("tents keep dry", uri="a")
        memory.db.create_snapshot("before")
        memory.delete("a")
        memory.db.delete_collection("memory")
        again = Memory(memory.db, embedder=words("new"))
        again.put("boots keep warm", uri="b")
        found = Memory(memory.db)
        assert found.find("dry tents", mode="sem", as_of="before")[0].uri == "a"
        assert found.find("warm boots", mode="sem")[0].uri == "b"


def test_vectors_are_for_whole_documents(given):
    assert given.put(
        "long " * 900, embedding=np.ones(4) / 2, embedding_identity=MINE
    ).passages == 1  # fmt: skip
    with pytest.raises(InvalidInput):
        given.find("x", query_embedding_identity=MINE)
    with pytest.raises(InvalidInput):
        given.find("x", mode="lex", query_embedding=[1.0, 0, 0, 0])
    with pytest.raises(InvalidInput):
        given.find("x", query_embedding=[1.0, 0, 0, 0], embedder=default())


def test_passages_are_embedded_again_and_documents_stay_as_they_are(tmp_path, words, monkeypatch):
    path = tmp_path / "m.engram"
    told = []
    with Memory.open(path, embedder=words("old")) as memory:
        memory.put("tents keep dry", uri="a", title="T")
        memory.put("boots keep warm", uri="b", enable_embedding=False)
        report = memory.reembed(words("new", 8), progress=lambda *said: told.append(said))
        assert report.embedded == 2
        assert told[-1] == (2, 2)
        stats = memory.stats()
        assert stats.effective_vec_dimension == 8
        assert stats.embedding_identity_summary.counts == ((words("new", 8).identity, 2),)
        assert memory.find("warm boots", mode="sem", k=1)[0].uri == "b"
        assert memory.put("tents keep dry", uri="a", title="T").status == "unchanged"
        assert memory.put("maps", uri="c").status == "added"
    monkeypatch.setattr("engram.embed.get_embedder", lambda name: words(name, 8))
    with Memory.open(path) as memory:
        assert memory.find("maps", mode="sem", k=1)[0].uri == "c"
    with Memory.open(path, embedder=words("old")) as memory:
        with pytest.raises(InvalidInput) as raised:
            memory.put("more")
        assert code(raised) == "embedder.mismatch"
        assert "reembed" in raised.value.hint


def test_vectors_that_nobody_owns_are_not_embedded_again(bare, words):
    bare.put("mine", embedding=[1.0, 2.0])
    with pytest.raises(InvalidInput) as raised:
        bare.reembed(words())
    assert code(raised) == "embedder.mismatch"


def test_after_going_over_the_past_is_still_asked_with_the_embedder_of_then(words, monkeypatch):
    monkeypatch.setattr("engram.embed.get_embedder", words)
    with engram.open(":memory:", embedder=words("old")) as db:
        db.memory.put("tents keep dry", uri="a")
        db.create_snapshot("before")
        db.memory.reembed(words("new"))
        db.memory.put("boots keep warm", uri="b")
        assert db.memory.find("warm boots", mode="sem", k=1)[0].uri == "b"
        assert db.memory.find("dry tents", mode="sem", as_of="before")[0].uri == "a"
