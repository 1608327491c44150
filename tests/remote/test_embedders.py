"""Each provider of embeddings, over real HTTP: what is sent, what comes back, what goes wrong."""

import json
import logging

import numpy as np
import pytest

import engram
from engram.embed import Identity
from engram.embed.remote import RemoteEmbedder, get_remote
from engram.embed.remote.wires import WIRES
from engram.errors import Busy, EngramError, InvalidInput, Io
from engram.remote import Retries, Usage
from loopback import EMBEDDINGS, Reply, embed, sent_texts, unit

PROVIDERS = sorted(EMBEDDINGS)
SECRET = "sk-secret-123"
SHORTENING = [name for name in PROVIDERS if WIRES[name].shortens]
TRUNCATING = [name for name in PROVIDERS if WIRES[name].truncates]
COUNTING = [name for name in PROVIDERS if name != "huggingface"]
TEXTS = ["a cat on a mat", "the dog", "fish and chips"]


@pytest.fixture(params=PROVIDERS)
def provider(request):
    return request.param


@pytest.fixture
def server(serve, provider):
    return serve(embed(provider))


@pytest.fixture
def model(server, provider, quick):
    """A model whose dimension is known, so that no test starts with a question for it."""
    with RemoteEmbedder(provider, "m", base_url=server.url, **quick) as made:
        made._identity = Identity(f"{provider}:m", "", 8, normalized=True)
        yield made


def test_every_provider_is_tested():
    assert set(PROVIDERS) == set(WIRES)


def test_rows_are_unit_vectors_in_the_order_of_the_texts(model, server):
    matrix = model.encode_batch(TEXTS)
    assert matrix.dtype == np.float32
    assert matrix.flags.c_contiguous
    np.testing.assert_allclose(matrix, [unit(text) for text in TEXTS], atol=1e-6)
    assert sent_texts(server.requests[0].body) == TEXTS


def test_one_text_gives_one_vector(model):
    for encode in (model.encode, model.encode_document, model.encode_query):
        assert encode("a cat").shape == (8,)
        np.testing.assert_allclose(encode("a cat"), unit("a cat"), atol=1e-6)


def test_no_texts_give_no_rows_and_no_request(model, server):
    assert model.encode_batch([]).shape == (0, 8)
    assert server.requests == []


def test_blank_texts_have_no_vector_and_are_not_sent(model, server):
    matrix = model.encode_batch(["", "a cat", " \n"])
    assert not matrix[0].any()
    assert not matrix[2].any()
    assert sent_texts(server.requests[0].body) == ["a cat"]


def test_equal_texts_are_sent_once(model, server):
    matrix = model.encode_batch(["x", "y", "x"])
    assert sent_texts(server.requests[0].body) == ["x", "y"]
    np.testing.assert_array_equal(matrix[0], matrix[2])


def test_many_texts_go_in_batches_and_keep_their_places(model, server):
    model._most_texts = 3
    texts = [f"text number {n}" for n in range(20)]
    matrix = model.encode_batch(texts)
    np.testing.assert_allclose(matrix, [unit(text) for text in texts], atol=1e-6)
    assert sorted(len(sent_texts(r.body)) for r in server.requests) == [2, *[3] * 6]


def test_progress_counts_texts_up_to_all(model):
    model._most_texts = 2
    seen = []
    model.encode_batch(["a", "b", "a", "", "c", "d"], progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 6


def test_nothing_more_is_sent_once_the_caller_has_enough(model, server):
    """What `progress` raises comes out, and the batches that wait are dropped."""
    model._most_texts, model._threads = 1, 2

    def enough(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.encode_batch([f"text {n}" for n in range(200)], progress=enough)
    assert len(server.requests) < 100


def test_an_unknown_dimension_is_asked_for_once(serve, provider, quick):
    server = serve(embed(provider))
    with get_remote(f"{provider}:new-model", base_url=server.url, **quick) as model:
        assert repr(model) == f"RemoteEmbedder('{provider}:new-model', dimension=?)"
        assert server.requests == []
        assert model.dimension == model.dimension == 8
        assert model.identity == Identity(f"{provider}:new-model", "", 8, normalized=True)
        assert len(server.requests) == 1


def test_a_throttled_request_waits_as_long_as_it_is_told(model, server, clock):
    server.queue = [Reply(429, {"error": "slow down"}, {"retry-after": "7"})]
    np.testing.assert_allclose(model.encode("a cat"), unit("a cat"), atol=1e-6)
    assert len(server.requests) == 2
    assert 7 <= sum(clock.slept) <= 8


def test_a_failing_provider_is_asked_again_with_growing_waits(model, server, clock):
    server.queue = [Reply(500, {"error": "oh"}), Reply(503, b"<html>"), Reply(502, b"")]
    np.testing.assert_allclose(model.encode("a cat"), unit("a cat"), atol=1e-6)
    first, second, third = clock.slept
    assert 0.5 <= first <= 1 <= second <= 2 <= third <= 4


def test_a_provider_that_stays_down_is_an_error_that_says_so(model, server):
    server.answer = lambda _: Reply(500, {"error": {"message": "out of order"}})
    with pytest.raises(Io, match="out of order") as caught:
        model.encode("a cat")
    assert caught.value.code == "remote.failed"
    assert caught.value.details["attempts"] == "4"
    assert caught.value.details["status"] == "500"
    assert len(server.requests) == 4


def test_a_limit_that_stays_is_busy(model, server):
    server.answer = lambda _: Reply(429, {"message": "rate limit"})
    with pytest.raises(Busy, match="rate limit") as caught:
        model.encode("a cat")
    assert caught.value.code == "remote.limited"


def test_a_body_cut_off_is_asked_for_again(model, server):
    server.queue = [Reply(200, b'{"data": [1, 2, 3', cut=True)]
    np.testing.assert_allclose(model.encode("a cat"), unit("a cat"), atol=1e-6)
    assert len(server.requests) == 2


def test_a_silent_provider_is_given_up_on(serve, provider, quick):
    server = serve(lambda _: Reply(stall=True))
    quick["retries"] = Retries(attempts=2, first_s=1.0)
    with get_remote(f"{provider}:m", base_url=server.url, timeout_s=0.05, **quick) as model:
        with pytest.raises(Io, match="ReadTimeout") as caught:
            model.encode("a cat")
        assert caught.value.code == "remote.failed"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "nonsense",
    [b"<html>hello</html>", b"", b"{", b"null", b"[]", b'{"data": 5}', b'"text"', b"[[]]", b"{}"],
)
def test_nonsense_is_no_vector(model, server, nonsense):
    server.answer = lambda _: Reply(200, nonsense)
    with pytest.raises(Io) as caught:
        model.encode("a cat")
    assert caught.value.code == "remote.answer"
    assert caught.value.details["body"] == nonsense.decode()
    assert len(server.requests) == 1


def test_a_wrong_number_of_rows_is_no_answer(model, server, provider):
    def short(request):
        texts = sent_texts(request.body)
        del texts[-1]
        return EMBEDDINGS[provider](
            {**request.body, "requests": request.body.get("requests", [])[:-1]}
            if provider == "gemini"
            else request.body
        )

    server.answer = short
    with pytest.raises(Io, match="texts") as caught:
        model.encode_batch(TEXTS)
    assert caught.value.code == "remote.answer"


def test_a_wrong_dimension_is_no_answer(model):
    model._identity = Identity("m", "", 9, normalized=True)
    with pytest.raises(Io, match="8 dimensions instead of 9") as caught:
        model.encode_batch(TEXTS)
    assert caught.value.code == "remote.answer"


def test_a_refused_key_is_an_error_that_does_not_show_it(model, server, caplog):
    caplog.set_level(logging.DEBUG)
    said = f"Incorrect API key provided: {SECRET}"
    server.answer = lambda _: Reply(401, {"error": {"message": said}, "key": SECRET})
    with pytest.raises(InvalidInput, match=r"401.*\*\*\*") as caught:
        model.encode("a cat")
    error = caught.value
    assert error.code == "remote.key"
    assert SECRET in str(server.requests[0].headers)
    shown = [str(error), repr(error), str(error.details), repr(model), caplog.text]
    shown += [repr(vars(model)), repr(vars(model._caller)), str(error.__cause__)]
    assert SECRET not in "".join(shown)
    assert error.__context__ is None
    assert len(server.requests) == 1


def test_an_unknown_model_is_refused_with_its_name(model, server):
    server.answer = lambda _: Reply(404, {"error": {"message": "no such model"}})
    with pytest.raises(InvalidInput, match=r"no such model.*'m'") as caught:
        model.encode("a cat")
    assert caught.value.code == "remote.refused"
    assert len(server.requests) == 1


def test_one_bad_text_is_found_and_the_rest_is_kept(model, server, provider):
    def picky(request):
        if "bad" in sent_texts(request.body):
            return Reply(400, {"error": {"message": "input too long"}})
        return EMBEDDINGS[provider](request.body)

    server.answer = picky
    texts = ["a", "b", "bad", "c", "d", "bad", "e"]
    encoded = model.encode_report(texts)
    assert [failure.index for failure in encoded.failures] == [2, 5]
    assert {failure.error.code for failure in encoded.failures} == {"remote.refused"}
    for index, text in enumerate(texts):
        expected = np.zeros(8) if text == "bad" else unit(text)
        np.testing.assert_allclose(encoded.vectors[index], expected, atol=1e-6)
    with pytest.raises(Io, match=r"2 of 7 texts.*input too long") as caught:
        model.encode_batch(texts)
    assert caught.value.code == "remote.partial"
    assert caught.value.details["indices"] == "2, 5"
    assert caught.value.__cause__.code == "remote.refused"


def test_failures_with_successes_between_do_not_end_the_run(model, server, provider):
    def picky(request):
        bad = any("bad" in text for text in sent_texts(request.body))
        return Reply(400, {"detail": "no"}) if bad else EMBEDDINGS[provider](request.body)

    server.answer = picky
    model._most_texts, model._threads = 1, 1
    texts = ["bad 1", "bad 2", "good 1", "bad 3", "bad 4", "good 2", "bad 5"]
    encoded = model.encode_report(texts)
    assert [failure.index for failure in encoded.failures] == [0, 1, 3, 4, 6]
    assert len(server.requests) == 7


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "null", '"x"'])
def test_a_vector_with_what_is_no_number_is_no_answer(model, server, provider, number):
    good = json.dumps(EMBEDDINGS[provider](_asked_for_numbers(server, model)))
    first = good.index("[0.") if "[0." in good else good.index("[-")
    end = good.index(",", first)
    server.answer = lambda _: Reply(200, f"{good[: first + 1]}{number}{good[end:]}".encode())
    with pytest.raises(Io) as caught:
        model.encode("a cat")
    assert caught.value.code == "remote.answer"


def _asked_for_numbers(server, model):
    """The body of a request for one text that wants its numbers in JSON."""
    model.encode("a cat")
    return {**server.requests.pop().body, "encoding_format": "float"}


def test_a_request_that_is_wrong_as_such_is_not_tried_for_each_text(model, server):
    server.answer = lambda _: Reply(422, {"detail": "no such option"})
    with pytest.raises(InvalidInput, match="no such option"):
        model.encode_batch([f"text {n}" for n in range(64)])
    assert len(server.requests) < 25


def test_a_down_provider_is_not_asked_for_every_batch(model, server):
    server.answer = lambda _: Reply(400, {"detail": "no"})
    model._most_texts, model._threads = 1, 1
    encoded = model.encode_report([f"text {n}" for n in range(50)])
    assert len(encoded.failures) == 50
    assert encoded.requests == len(server.requests) == 3


@pytest.mark.parametrize("provider", COUNTING)
def test_tokens_are_those_the_provider_counted(model):
    encoded = model.encode_report(TEXTS)
    assert encoded.usage == model.usage == Usage(10)
    assert repr(encoded).startswith("Encoded(texts=3, failures=0, cached=0, requests=1")


@pytest.mark.parametrize("provider", SHORTENING)
def test_dimensions_are_asked_for(serve, provider, quick):
    server = serve(embed(provider))
    with get_remote(f"{provider}:m", base_url=server.url, dimensions=4, **quick) as model:
        assert model.dimension == 4
        assert model.encode("a cat").shape == (4,)
    assert len(server.requests) == 1


def test_what_a_provider_cannot_do_is_refused(provider, quick):
    url = "http://127.0.0.1:9"
    if provider not in SHORTENING:
        with pytest.raises(InvalidInput, match="dimensions"):
            get_remote(f"{provider}:m", base_url=url, dimensions=4, **quick)
    if provider not in TRUNCATING:
        with pytest.raises(InvalidInput, match="truncate"):
            get_remote(f"{provider}:m", base_url=url, truncate=True, **quick)


def test_it_serves_a_collection(serve, provider, quick, tmp_path):
    server = serve(embed(provider))
    with (
        get_remote(f"{provider}:m", base_url=server.url, **quick) as model,
        engram.open(tmp_path / "a.engram", embedder=model) as db,
    ):
        pets = db.collection("pets")
        pets.put_many([{"id": str(n), "text": text} for n, text in enumerate(TEXTS)])
        assert pets.query("the dog", mode="semantic", k=1).ids == ["1"]
    with engram.open(tmp_path / "a.engram") as db, pytest.raises(EngramError, match=provider):
        db.collection("pets").put("x", text="of another model")


def test_what_is_no_text_is_refused(model):
    with pytest.raises(InvalidInput, match="sequence"):
        model.encode_batch("one")
    with pytest.raises(InvalidInput, match="text 1 is int"):
        model.encode_batch(["a", 5])
    with pytest.raises(InvalidInput, match="NoneType"):
        model.encode(None)
    with pytest.raises(InvalidInput, match="surrogates"):
        model.encode("\ud800")
