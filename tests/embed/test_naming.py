"""Embedders by name, for databases and collections; what leads nowhere is an error first."""

import os

import numpy as np
import pytest

import engram
from engram.embed import Dense, Hash, ModelStore, default, get_embedder
from engram.embed.calling import embedder_source
from engram.errors import InvalidInput, Io, NotFound


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store of the user's own, with nothing in it."""
    monkeypatch.setenv("ENGRAM_MODELS", str(tmp_path / "store"))
    return ModelStore()


@pytest.fixture
def installed(store, dense_folder):
    """A model under the name all-MiniLM-L6-v2."""
    folder = dense_folder("all-MiniLM-L6-v2")
    store.path.mkdir()
    folder.rename(store.path / folder.name)
    text = '{"name": "m", "source": "here", "revision": "1", "files": {}, "bytes": 0}'
    (store.path / folder.name / "engram-model.json").write_text(text)
    return store.path / folder.name


@pytest.mark.parametrize("name", ["minilm", "all-MiniLM-L6-v2", "MINILM"])
def test_a_database_takes_a_name(installed, path, name):
    with engram.open(path, embedder=name) as db:
        db.collection("c").put("a", text="the cat sleeps")
        assert db.embedder.model == "all-MiniLM-L6-v2"
        assert isinstance(db.embedder, Dense)
        assert db.collection("c").query("the cat", mode="semantic").ids == ["a"]


def test_a_folder_serves_as_text_and_as_path(dense_folder, path):
    folder = dense_folder()
    for source in (folder, str(folder)):
        with engram.open(path, embedder=source) as db:
            assert db.embedder.identity == Dense(folder).identity


def test_a_collection_takes_a_name_of_its_own(installed, path):
    with engram.open(path) as db:
        db.collection("built in").put("a", text="the cat")
        db.collection("by name", embedder="minilm").put("a", text="the cat")
        db.collection("by hash", embedder="hash").put("a", text="the cat")
        sizes = {
            name: len(db.collection(name).get("a", vectors=True).vectors["text"])
            for name in ("built in", "by name", "by hash")
        }
    assert sizes == {"built in": default().dimension, "by name": 8, "by hash": 32}


def test_a_model_is_loaded_by_its_first_text_and_once(installed, path, monkeypatch):
    loads = []
    load = Dense.__init__

    def counted(self, *arguments, **settings):
        loads.append(arguments)
        load(self, *arguments, **settings)

    monkeypatch.setattr(Dense, "__init__", counted)
    with engram.open(path, embedder="minilm") as db:
        notes = db.collection("c")
        notes.put("a", vector=[1.0] * 8)
        assert loads == []
        for number in range(3):
            db.collection(f"c{number}", embedder="minilm").put("a", text="the cat")
        db.collection("d").put("a", text="the cat")
        assert len(loads) == 1


def test_a_model_that_was_written_anew_is_another(dense_folder, tmp_path):
    folder = dense_folder("changing")
    first = embedder_source(folder)()
    assert embedder_source(folder)() is first
    other = dense_folder("other", normalize=False)
    for name in ("model.onnx", "modules.json"):
        (folder / name).write_bytes((other / name).read_bytes())
    os.utime(folder / "model.onnx", ns=(1, 2**60))
    assert embedder_source(folder)().identity != first.identity


def test_what_leads_nowhere_is_an_error_before_a_file_is_made(store, path, tmp_path):
    with pytest.raises(NotFound, match="is not installed") as found:
        engram.open(path, embedder="bge-small")
    assert "engram models install bge-small-en-v1.5" in found.value.hint
    with pytest.raises(NotFound, match="unknown model 'minilmm'") as found:
        engram.open(path, embedder="minilmm")
    assert "minilm" in found.value.hint
    assert found.value.code == "model.not_found"
    with pytest.raises(Io):
        engram.open(path, embedder=tmp_path / "absent")
    assert not path.exists()
    with engram.open(path) as db, pytest.raises(NotFound, match="nearest known: nomic"):
        db.collection("c", embedder="nomics")


def test_what_embeds_no_texts_is_refused(clip_folder, series_folder, path):
    for folder in (clip_folder, series_folder):
        with pytest.raises(InvalidInput, match="embeds no texts") as found:
            engram.open(path, embedder=folder)
        assert found.value.code == "embedder.invalid"


@pytest.mark.parametrize("name", ["openai-small", "openai:text-embedding-3-small"])
def test_a_provider_needs_its_key_at_once(name, path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(engram.EngramError, match="OPENAI_API_KEY") as found:
        engram.open(path, embedder=name)
    assert found.value.code == "remote.key"
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    with engram.open(path, embedder=name) as db:
        assert db.embedder.model == "text-embedding-3-small"
        assert "not-a-key" not in repr(db.embedder)


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("bge-small", "bge-small-en-v1.5"),
        ("bge-base", "bge-base-en-v1.5"),
        ("nomic", "nomic-embed-text-v1.5"),
        ("gte-large", "gte-large"),
    ],
)
def test_short_names_of_local_models(store, name, called):
    with pytest.raises(NotFound, match=f"model {called} is not installed"):
        get_embedder(name)


def test_short_names_of_remote_models(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    models = [get_embedder(f"openai-{one}").model for one in ("small", "large", "ada")]
    assert models == [
        "text-embedding-3-small",
        "text-embedding-3-large",
        "text-embedding-ada-002",
    ]


def test_hashes_have_a_name():
    assert get_embedder("hash").dimension == 32
    assert get_embedder("hash", dim=7).dimension == 7
    for options in ({"device": "cuda"}, {"threads": 2}, {"backend": "torch"}, {"precision": "x"}):
        with pytest.raises(InvalidInput, match="embedder by hashes has no"):
            get_embedder("hash", **options)


def test_hashes_are_the_same_everywhere():
    """Numbers that were written down: another machine or version must give them again."""
    vector = Hash(8).encode("good morning")
    assert np.sign(vector).astype(int).tolist() == EXPECTED
    assert abs(float(np.linalg.norm(vector)) - 1) < 1e-6
    assert Hash(8).identity == Hash(8).identity != Hash(9).identity


EXPECTED = [1, 0, 0, 0, 0, -1, 1, 1]


def test_hashes_bring_together_what_shares_words():
    model = Hash(256)
    red, house, apart = model.encode_batch(["the red house", "A RED house!", "quantum physics"])
    assert red @ house > 0.5
    assert abs(red @ apart) < 0.25
    assert model.encode("Straße") @ model.encode("STRASSE") > 0.999
    assert not model.encode(" . ").any()
    assert model.encode_query("red").tobytes() == model.encode_document("red").tobytes()
    assert model.encode_batch([]).shape == (0, 256)
    assert repr(model) == "Hash(dimension=256)"


def test_words_that_cancel_have_a_vector_all_the_same():
    model = Hash(1)
    words = [f"w{n}" for n in range(40)]
    plus = next(word for word in words if model.encode(word)[0] > 0)
    minus = next(word for word in words if model.encode(word)[0] < 0)
    assert abs(model.encode(f"{plus} {minus}")[0]) == 1


def test_hashes_serve_a_collection(path):
    with engram.open(path, embedder="hash") as db:
        notes = db.collection("c")
        notes.put_many({"id": w, "text": f"the {w} house"} for w in ("red", "green", "blue"))
        notes.put("none", text="...")
        assert notes.query("a green house", mode="semantic", k=1).ids == ["green"]


def test_wrong_dimensions_of_hashes():
    for wrong in (0, -1, True, 1.5, 1 << 20):
        with pytest.raises(InvalidInput):
            Hash(wrong)
