"""A name, a folder or a provider becomes an embedder; what is not there is named."""

import sys
import types

import numpy as np
import pytest

import engram
from engram.embed import (
    Dense,
    ModelStore,
    MultiVector,
    Sparse,
    TimeSeries,
    Vision,
    default,
    get_embedder,
)
from engram.embed.catalog import CATALOG, known
from engram.errors import InvalidInput, Io, NotFound
from engram.rerank import CrossEncoder


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "store")


def put(store, folder, name):
    """Install a folder by hand."""
    store.path.mkdir(exist_ok=True)
    target = store.path / name.replace("/", "--")
    folder.rename(target)
    text = '{"name": "%s", "source": "here", "revision": "1", "files": {}, "bytes": 0}' % name  # noqa: UP031
    (target / "engram-model.json").write_text(text)
    return target


def test_the_built_in_model_has_a_name():
    for name in ("default", "static", "engram-static"):
        assert get_embedder(name) is default()
    for options in ({"dim": 3}, {"device": "cuda"}, {"threads": 2}):
        with pytest.raises(InvalidInput):
            get_embedder("default", **options)


def test_a_folder_becomes_what_its_files_make(
    dense_folder, colbert_folder, splade_folder, clip_folder, series_folder
):
    kinds = {
        dense_folder(): Dense,
        colbert_folder(): MultiVector,
        splade_folder(): Sparse,
        clip_folder: Vision,
        series_folder: TimeSeries,
    }
    for folder, kind in kinds.items():
        model = get_embedder(folder, threads=1)
        assert type(model) is kind
        assert "threads=1" in repr(model)
        assert type(get_embedder(str(folder))) is kind


def test_reference_folders_become_what_they_are(reference):
    kinds = {"dense-mean": Dense, "dense-cls": Dense, "colbert": MultiVector, "splade": Sparse,
             "clip": Vision, "late-vision": Vision, "chronos-bolt": TimeSeries}  # fmt: skip
    for name, kind in kinds.items():
        assert type(get_embedder(reference(name)[0])) is kind
    with pytest.raises(InvalidInput, match="cross-encoder"):
        get_embedder(reference("cross-encoder")[0])


def test_an_installed_model_is_found_by_any_form_of_its_name(store, dense_folder):
    put(store, dense_folder(), "all-MiniLM-L6-v2")
    names = ("all-MiniLM-L6-v2", "ALL-minilm-l6-v2", "minilm",
             "sentence-transformers/all-MiniLM-L6-v2")  # fmt: skip
    for name in names:
        assert get_embedder(name, store=store).model == "all-MiniLM-L6-v2"
    put(store, dense_folder("own"), "me/own")
    assert get_embedder("me/own", store=store).model == "me/own"


def test_the_card_of_a_known_model_fills_what_its_files_leave_out(store, dense_folder):
    put(store, dense_folder(), "nomic-embed-text-v1.5")
    model = get_embedder("nomic-embed-text-v1.5", store=store)
    assert (model.query_prefix, model.document_prefix) == ("search_query: ", "search_document: ")
    put(store, dense_folder("b", prompts={"query": "query "}), "e5-small-v2")
    model = get_embedder("e5-small-v2", store=store)
    assert (model.query_prefix, model.document_prefix) == ("query ", "")


def test_every_class_takes_names_too(store, dense_folder, monkeypatch):
    monkeypatch.setenv("ENGRAM_MODELS", str(store.path))
    put(store, dense_folder(), "e5-small-v2")
    model = Dense("e5-small-v2")
    assert (model.model, model.query_prefix) == ("e5-small-v2", "query: ")
    assert model.identity == get_embedder("e5-small-v2").identity
    assert Dense("e5-small-v2", query_prefix="").query_prefix == ""
    put(store, dense_folder("n"), "nomic-embed-text-v1.5")
    with pytest.raises(InvalidInput, match="512, 256"):
        Dense("nomic-embed-text-v1.5", dim=3)
    for kind in (MultiVector, Sparse, Vision, TimeSeries, CrossEncoder):
        with pytest.raises(NotFound, match="all-MiniLM-L12-v2"):
            kind("all-MiniLM-L12-v3")


def test_dim_is_for_models_that_may_be_cut(store, dense_folder, splade_folder, tiny):
    folder = dense_folder()
    tiny.write_json(folder / "config.json", {"matryoshka_dimensions": [4]})
    assert get_embedder(folder, dim=4).dimension == 4
    with pytest.raises(InvalidInput) as caught:
        get_embedder(dense_folder("other"), dim=4)
    assert caught.value.code == "input.dimension"
    with pytest.raises(InvalidInput, match="no dense one"):
        get_embedder(splade_folder(), dim=4)


def test_an_unknown_name_lists_the_nearest(store, dense_folder):
    put(store, dense_folder(), "my-own-model")
    with pytest.raises(NotFound) as caught:
        get_embedder("all-MiniLM-L6-v3", store=store)
    assert caught.value.code == "model.not_found"
    assert caught.value.details["nearest"].startswith("all-MiniLM-L6-v2")
    assert "all-MiniLM-L6-v2" in caught.value.hint
    with pytest.raises(NotFound, match="my-own-model"):
        get_embedder("my-own-modle", store=store)
    with pytest.raises(NotFound, match="engram models list --known"):
        get_embedder("qqqq", store=store)
    for path in ("./models/absent", "models/deep/absent", "/absent", "~/absent"):
        with pytest.raises(Io) as missing:
            get_embedder(path, store=store)
        assert missing.value.filename == path.removeprefix("./")


def test_a_known_model_that_is_not_here_names_the_command(store, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(NotFound) as caught:
        get_embedder("bge-small-en-v1.5", store=store)
    assert caught.value.hint == "engram models install bge-small-en-v1.5"
    with pytest.raises(NotFound, match=r"engram\[minilm\]"):
        get_embedder("minilm", store=store)


def test_a_model_can_come_in_a_package(store, dense_folder, tmp_path, monkeypatch):
    package = tmp_path / "packages" / "engram_minilm"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('data is read, not run')")
    dense_folder().rename(package / "model")
    monkeypatch.syspath_prepend(str(package.parent))
    model = get_embedder("all-MiniLM-L6-v2", store=store)
    assert model.model == "all-MiniLM-L6-v2"
    assert "engram_minilm" not in sys.modules


def test_a_provider_is_imported_when_it_is_named(monkeypatch):
    asked = []
    remote = types.ModuleType("engram.embed.remote")
    remote.get_remote = lambda name, **options: asked.append((name, options)) or "remote"
    monkeypatch.setitem(sys.modules, "engram.embed.remote", remote)
    assert get_embedder("openai:text-embedding-3-small") == "remote"
    assert get_embedder("cohere:embed-v4", dim=512) == "remote"
    assert asked == [
        ("openai:text-embedding-3-small", {}),
        ("cohere:embed-v4", {"dimensions": 512}),
    ]
    with pytest.raises(InvalidInput, match="openai"):
        get_embedder("openai:x", device="cuda")


def test_a_provider_that_is_none_is_named():
    with pytest.raises(InvalidInput) as caught:
        get_embedder("nonsense:model")
    assert caught.value.code == "provider.unknown"


def test_the_catalog_is_sound():
    assert known("MINILM") is known("sentence-transformers/all-minilm-l6-v2")
    assert known("nothing") is None
    for name, one in CATALOG.items():
        assert one.repo.endswith(f"/{name}")
        embedders = {"dense", "multi", "sparse", "vision", "series"}
        assert one.kind in embedders | {"cross-encoder", "tokens", "seq2seq"}
        assert not one.matryoshka or one.kind == "dense"


def test_what_it_gives_serves_a_collection(dense_folder, path):
    model = get_embedder(dense_folder())
    with engram.open(path, embedder=model) as db:
        db.collection("c").put("a", text="the cat sleeps")
        assert db.collection("c").query("the cat", mode="semantic").ids == ["a"]
    assert np.isfinite(model.encode("x")).all()
