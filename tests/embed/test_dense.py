"""A dense model is what its files say."""

import numpy as np
import pytest

import engram
from engram.embed import Dense, Hash
from engram.embed.local.encoder import batches
from engram.errors import InvalidInput, Io
from engram.rag import TokenTextSplitter

TEXTS = ["the cat sleeps", "", "a dog runs far", "bird", "unknown words here", "the " * 30]


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def expected(tiny, texts, pool=lambda hidden: hidden.mean(axis=0)):
    return unit(np.stack([pool(tiny.hidden_of(tiny.ids_of(text))) for text in texts]))


def test_the_limit_of_the_model_counts_and_not_that_of_the_tokenizer(dense_folder, tiny):
    model = Dense(dense_folder())
    vectors = model.encode_batch(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.flags.c_contiguous
    assert np.allclose(vectors, expected(tiny, TEXTS), atol=1e-6)
    assert model.max_length == 12


@pytest.mark.parametrize(
    ("pooling", "pool"),
    [
        ("cls", lambda h: h[0]),
        ("lasttoken", lambda h: h[-1]),
        ("max", lambda h: h.max(axis=0)),
        ("mean", lambda h: h.mean(axis=0)),
        ("mean_sqrt_len_tokens", lambda h: h.sum(axis=0) / np.sqrt(len(h))),
        ("weightedmean", lambda h: np.average(h, axis=0, weights=np.arange(1, len(h) + 1))),
    ],
)
def test_each_pooling_is_its_definition(dense_folder, tiny, pooling, pool):
    vectors = Dense(dense_folder(pooling=pooling)).encode_batch(TEXTS)
    assert np.allclose(vectors, expected(tiny, TEXTS, pool), atol=1e-5)
    again = Dense(dense_folder("other"), pooling=pooling).encode_batch(TEXTS)
    assert np.array_equal(again, vectors)


def test_several_poolings_are_joined(dense_folder):
    folder = dense_folder(pooling=["cls", "mean"], normalize=False)
    model = Dense(folder)
    assert model.dimension == 16
    parts = [Dense(folder, pooling=one, normalize=False).encode("a cat") for one in ("cls", "mean")]
    assert np.allclose(model.encode("a cat"), np.concatenate(parts))


def test_the_old_form_of_the_pooling_settings_is_read(dense_folder, tiny):
    folder = dense_folder()
    flags = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    tiny.write_json(folder / "1_Pooling" / "config.json", flags)
    want = expected(tiny, TEXTS, lambda h: h[0])
    assert np.allclose(Dense(folder).encode_batch(TEXTS), want, atol=1e-6)


def test_length_is_left_as_it_is_where_no_module_makes_it_one(dense_folder, tiny):
    model = Dense(dense_folder(normalize=False))
    want = tiny.hidden_of(tiny.ids_of("a cat")).mean(axis=0)
    assert np.allclose(model.encode("a cat"), want, atol=1e-6)
    assert not model.identity.normalized
    forced = Dense(dense_folder(normalize=False), normalize=True)
    assert np.allclose(forced.encode("a cat"), unit(want), atol=1e-6)
    assert forced.identity.normalized


def test_queries_and_documents_get_the_prompts_of_the_model(dense_folder, tiny):
    prompts = {"query": "query ", "passage": "passage "}
    model = Dense(dense_folder(prompts=prompts))
    assert (model.query_prefix, model.document_prefix) == ("query ", "passage ")
    want = expected(tiny, ["query red cat", "passage red cat"])
    assert np.allclose(model.encode_query("red cat"), want[0], atol=1e-6)
    for got in (model.encode("red cat"), model.encode_document("red cat")):
        assert np.allclose(got, want[1], atol=1e-6)
    plain = Dense(dense_folder(prompts=prompts), query_prefix="", document_prefix="")
    assert np.allclose(plain.encode_query("red cat"), expected(tiny, ["red cat"])[0], atol=1e-6)


def test_a_default_prompt_stands_before_what_has_none(dense_folder, tiny):
    folder = dense_folder()
    settings = {"prompts": {"all": "near "}, "default_prompt_name": "all"}
    tiny.write_json(folder / "config_sentence_transformers.json", settings)
    model = Dense(folder)
    want = expected(tiny, ["near cat"])[0]
    assert np.allclose(model.encode("cat"), want, atol=1e-6)
    assert np.allclose(model.encode_query("cat"), want, atol=1e-6)


def test_a_prompt_can_be_left_out_of_the_mean(dense_folder, tiny):
    folder = dense_folder(prompts={"query": "query "})
    settings = {"pooling_mode": "mean", "include_prompt": False}
    tiny.write_json(folder / "1_Pooling" / "config.json", settings)
    want = expected(tiny, ["query red cat"], lambda h: h[2:].mean(axis=0))[0]
    assert np.allclose(Dense(folder).encode_query("red cat"), want, atol=1e-6)


def test_a_linear_layer_after_pooling_is_applied(dense_folder, tiny):
    from safetensors.numpy import save_file

    folder = dense_folder()
    rng = np.random.default_rng(3)
    weight = rng.standard_normal((3, 8)).astype(np.float32)
    bias = rng.standard_normal(3).astype(np.float32)
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense")]
    modules = [{"path": path, "type": f"x.{kind}"} for path, kind in kinds]
    tiny.write_json(folder / "modules.json", modules)
    activation = {"activation_function": "torch.nn.modules.activation.Tanh"}
    tiny.write_json(folder / "2_Dense" / "config.json", activation)
    save_file(
        {"linear.weight": weight, "linear.bias": bias}, folder / "2_Dense" / "model.safetensors"
    )
    want = np.tanh(tiny.hidden_of(tiny.ids_of("a cat")).mean(axis=0) @ weight.T + bias)
    assert np.allclose(Dense(folder).encode("a cat"), want, atol=1e-6)


def test_a_module_that_is_not_known_is_refused(dense_folder, tiny):
    folder = dense_folder()
    tiny.write_json(folder / "modules.json", [{"path": "1_Odd", "type": "x.LayerNorm"}])
    with pytest.raises(InvalidInput, match="LayerNorm") as caught:
        Dense(folder)
    assert caught.value.code == "model.invalid"


def test_a_text_comes_out_the_same_whatever_stands_beside_it(dense_folder):
    model = Dense(dense_folder(), batch_tokens=64)
    together = model.encode_batch(TEXTS)
    for row, text in zip(together, TEXTS, strict=True):
        assert np.allclose(row, model.encode(text), atol=1e-6)
    assert np.allclose(model.encode_batch(TEXTS[::-1])[::-1], together, atol=1e-6)
    assert model.encode_batch([]).shape == (0, 8)


def test_tokens_are_counted_beyond_the_limit(dense_folder):
    model = Dense(dense_folder())
    assert [model.count_tokens(text) for text in ("", "a cat", "a cat " * 50)] == [2, 4, 102]
    text = ". ".join(["the dog runs far near a red house"] * 9)
    splitter = TokenTextSplitter(model.max_length, length=model.count_tokens)
    parts = splitter.split_text(text)
    assert "".join(parts) == text
    assert len(parts) > 4
    assert all(model.count_tokens(part) <= model.max_length for part in parts)
    assert TokenTextSplitter(model.max_length, length=model).split_text(text) == parts
    with pytest.raises(InvalidInput, match="an embedder: its encode gives a vector"):
        TokenTextSplitter(12, length=Hash()).split_text(text)


def test_the_fastest_size_of_batches_is_kept(dense_folder, monkeypatch):
    model = Dense(dense_folder())
    want = model.encode_batch(TEXTS)
    # A clock that charges each size what it is told to.
    clock = iter([0.0, 3.0, 3.0, 4.0, 4.0, 9.0])
    monkeypatch.setattr("engram.embed.dense.perf_counter", lambda: next(clock))
    assert model.tune(TEXTS, candidates=(8, 64, 512)) == 64
    assert model._encoder.batch_tokens == 64
    assert np.allclose(model.encode_batch(TEXTS), want, atol=1e-6)
    assert model.tune([]) == 64
    with pytest.raises(InvalidInput):
        model.tune(TEXTS, candidates=(0,))


def test_it_says_how_much_of_a_text_it_knows(dense_folder, path):
    model = Dense(dense_folder())
    assert model.coverage("the cat") == 1.0
    assert model.coverage("the zebra cat 猫") == 0.5
    assert model.coverage("") == 1.0
    with engram.open(path, embedder=model) as db:
        pets = db.collection("pets")
        pets.put_many([{"id": "a", "text": "the zebra"}, {"id": "b", "text": "the cat"}])
        # Of a query that it half knows, words decide twice as much.
        weights = pets.query("zebra cat").report.weights
        assert weights["lexical"] > weights["semantic"]


def test_progress_counts_up_to_all(dense_folder):
    seen = []
    Dense(dense_folder(), batch_tokens=8).encode_batch(TEXTS, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == len(TEXTS)
    assert len(seen) > 1


def test_batches_hold_rows_of_like_length_within_the_budget():
    lengths = [3, 9, 1, 3, 2, 20, 3]
    groups = batches(lengths, 9)
    assert sorted(row for group in groups for row in group) == list(range(7))
    for group in groups:
        assert len(group) == 1 or len(group) * max(lengths[row] for row in group) <= 9
    assert [lengths[group[0]] for group in groups] == sorted(lengths[group[0]] for group in groups)
    assert batches([], 9) == []


def test_rows_are_not_filled_up_for_more_than_a_call_costs():
    lengths = [3] * 50 + [4] * 30 + [5] * 3 + [6]
    groups = batches(lengths, 10_000, 24)
    assert [[lengths[row] for row in group] for group in groups] == [
        [3] * 50,
        [4] * 30,
        [5, 5, 5, 6],
    ]
    assert len(batches(lengths, 10_000)) == 1
    mixed = [2 + n % 12 for n in range(100)]
    filled = sum(len(g) * max(mixed[row] for row in g) for g in batches(mixed, 1024, 24))
    assert filled - sum(mixed) <= 24 * len(batches(mixed, 1024, 24))
    assert sorted(row for group in batches(mixed, 1024, 24) for row in group) == list(range(100))


@pytest.mark.parametrize("place", ["onnx/model.onnx", "model_quantized.onnx", "deep/own.onnx"])
def test_the_graph_is_found_where_the_layouts_have_it(dense_folder, place):
    assert Dense(dense_folder(place=place)).dimension == 8


def test_several_graphs_need_a_choice(dense_folder):
    folder = dense_folder(place="one.onnx")
    (folder / "two.onnx").write_bytes((folder / "one.onnx").read_bytes())
    with pytest.raises(InvalidInput, match=r"one\.onnx, two\.onnx"):
        Dense(folder)
    assert Dense(folder, file="two.onnx").dimension == 8


def test_matryoshka_cuts_and_stretches_where_the_model_allows(dense_folder, tiny):
    folder = dense_folder()
    tiny.write_json(folder / "config.json", {"matryoshka_dimensions": [4, 2]})
    whole, cut = Dense(folder), Dense(folder, dim=4)
    assert cut.dimension == 4
    assert cut.identity.dimension == 4
    assert np.allclose(cut.encode("a cat"), unit(whole.encode("a cat")[:4]), atol=1e-6)
    with pytest.raises(InvalidInput, match=r"\[4, 2\]") as caught:
        Dense(folder, dim=3)
    assert caught.value.code == "input.dimension"


def test_matryoshka_is_refused_where_nothing_says_it_is_one(dense_folder):
    with pytest.raises(InvalidInput, match="does not say") as caught:
        Dense(dense_folder(), dim=4)
    assert caught.value.code == "input.dimension"
    assert Dense(dense_folder(), dim=4, matryoshka=[4]).dimension == 4
    assert Dense(dense_folder(), dim=8).dimension == 8


def test_the_identity_follows_all_that_changes_vectors(dense_folder):
    base = Dense(dense_folder(), name="x").identity
    assert (base.name, base.dimension, base.normalized) == ("x", 8, True)
    assert Dense(dense_folder("copy"), name="x", threads=1).identity == base
    changed = [{"pooling": "cls"}, {"query_prefix": "a"}, {"max_length": 5}, {"normalize": False}]
    revisions = {Dense(dense_folder(), name="x", **one).identity.revision for one in changed}
    assert len(revisions - {base.revision}) == len(changed)
    weights = base.revision.partition("-")[0]
    assert all(revision.startswith(weights) for revision in revisions)


def test_weights_beside_the_graph_are_part_of_the_identity(dense_folder):
    folder = dense_folder()
    before = Dense(folder).identity
    (folder / "model.onnx_data").write_bytes(b"weights")
    assert Dense(folder).identity != before


def test_it_says_what_it_is_and_where_it_runs(dense_folder):
    model = Dense(dense_folder("some-model"), device="cpu", threads=1)
    assert repr(model) == (
        "Dense(model='some-model', dimension=8, device='cpu', threads=1, max_length=12)"
    )
    assert (model.model, model.device) == ("some-model", "cpu")


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"pooling": "median"}, "input.invalid"),
        ({"device": "abacus"}, "input.invalid"),
        ({"device": "directml"}, "input.invalid"),
        ({"threads": 0}, "input.invalid"),
        ({"batch_tokens": 0}, "input.invalid"),
        ({"max_length": 33}, "input.invalid"),
        ({"max_length": 0}, "input.invalid"),
        ({"file": "absent.onnx"}, "model.invalid"),
    ],
)
def test_what_it_does_not_take_is_refused(dense_folder, settings, code):
    with pytest.raises(InvalidInput) as caught:
        Dense(dense_folder(), **settings)
    assert caught.value.code == code


def test_a_folder_that_is_none_is_not_found(tmp_path):
    with pytest.raises(Io) as caught:
        Dense(tmp_path / "absent")
    assert caught.value.code == "file.not_found"
    assert caught.value.filename == str(tmp_path / "absent")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda f: (f / "model.onnx").unlink(), "no ONNX file"),
        (lambda f: (f / "model.onnx").write_bytes(b"no graph"), "does not take"),
        (lambda f: (f / "tokenizer.json").write_text("{"), "tokenizer.json"),
        (lambda f: (f / "tokenizer.json").unlink(), "tokenizer.json"),
        (lambda f: (f / "modules.json").write_text("["), "modules.json is no JSON"),
        (lambda f: (f / "1_Pooling" / "config.json").unlink(), "how token vectors become one"),
        (lambda f: (f / "1_Pooling" / "config.json").write_text('{"pooling_mode": "odd"}'), "odd"),
    ],
)
def test_a_spoiled_folder_says_what_is_wrong(dense_folder, spoil, told):
    folder = dense_folder()
    spoil(folder)
    with pytest.raises(InvalidInput, match=told) as caught:
        Dense(folder)
    assert caught.value.code == "model.invalid"
    assert caught.value.details.get("path") or told == "does not take"


@pytest.mark.parametrize("place", ["../secret", "/etc", "a/../../secret"])
def test_a_folder_cannot_name_files_outside_itself(dense_folder, tiny, place):
    folder = dense_folder()
    tiny.write_json(folder / "modules.json", [{"path": place, "type": "x.Pooling"}])
    with pytest.raises(InvalidInput, match="outside its folder") as caught:
        Dense(folder)
    assert caught.value.code == "model.invalid"


def test_a_graph_that_takes_more_than_text_is_refused(tmp_path, tiny, dense_folder):
    folder = dense_folder()
    nodes, constants = tiny.mixing()
    inputs = tiny.integers("input_ids", "attention_mask", "past")
    outputs = [tiny.floats("last_hidden_state", "batch", "tokens", 8)]
    tiny.save(folder / "model.onnx", nodes, inputs, outputs, constants)
    with pytest.raises(InvalidInput, match="takes past"):
        Dense(folder)


@pytest.mark.parametrize("texts", ["one text", [1], ["\ud800"]])
def test_what_is_no_list_of_texts_is_refused(dense_folder, texts):
    with pytest.raises(InvalidInput) as caught:
        Dense(dense_folder()).encode_batch(texts)
    assert caught.value.code == "input.invalid"


def test_it_serves_a_collection(dense_folder, path):
    model = Dense(dense_folder(prompts={"query": "query "}))
    with engram.open(path, embedder=model) as db:
        pets = db.collection("pets")
        pets.put_many([{"id": "a", "text": "the cat sleeps"}, {"id": "b", "text": "a dog runs"}])
        hits = pets.query("the cat sleeps", mode="semantic")
        assert hits.ids[0] == "a"
        want = float(model.encode_query("the cat sleeps") @ model.encode("the cat sleeps"))
        assert hits.scores[0] == pytest.approx(want, abs=1e-5)
        assert pets.spaces()[0].identity == model.identity.to_json()
    with engram.open(path, embedder=Dense(dense_folder(), max_length=5)) as db:
        with pytest.raises(InvalidInput) as caught:
            db.collection("pets").put("c", text="bird")
        assert caught.value.code == "embedder.mismatch"
