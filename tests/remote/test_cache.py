"""What was paid for once is not paid for again."""

import os

import numpy as np
import pytest

import engram
from engram.embed.remote import get_remote
from engram.errors import Io
from loopback import Reply, embed, sent_texts, unit


@pytest.fixture
def server(serve):
    return serve(embed("nvidia"))


@pytest.fixture
def make(server, quick, tmp_path):
    made = []

    def make(name="nvidia:m", **options):
        options = {"dimensions": 8, "cache": tmp_path / "vectors.engram", **options}
        made.append(get_remote(name, base_url=server.url, **options, **quick))
        return made[-1]

    yield make
    for model in made:
        model.close()


def test_a_text_is_sent_once_even_by_another_process_later(server, make):
    first = make().encode_batch(["a", "b"])
    encoded = make().encode_report(["b", "c", "a", "b"])
    assert [sent_texts(request.body) for request in server.requests] == [["a", "b"], ["c"]]
    assert encoded.cached == 3
    np.testing.assert_array_equal(encoded.vectors[[2, 0]], first)
    np.testing.assert_allclose(encoded.vectors[1], unit("c"), atol=1e-6)


@pytest.mark.parametrize(
    "other",
    [
        {"name": "nvidia:n"},
        {"dimensions": 4},
        {"revision": "2"},
        {"document_prefix": "passage: "},
        {"truncate": True},
    ],
)
def test_a_vector_of_other_making_is_not_taken(server, make, other):
    make().encode("a")
    make(**other).encode("a")
    assert len(server.requests) == 2


def test_a_query_is_not_a_document(server, make):
    model = make()
    model.encode_query("a")
    model.encode_document("a")
    model.encode_query("a")
    assert [request.body["input_type"] for request in server.requests] == ["query", "passage"]


def test_the_prefix_of_queries_does_not_touch_documents(server, make):
    model, other = make(), make(query_prefix="query: ")
    model.encode_document("a")
    other.encode_document("a")
    assert len(server.requests) == 1
    other.encode_query("a")
    assert sent_texts(server.requests[-1].body) == ["query: a"]
    assert model.identity == other.identity


def test_what_succeeded_before_a_failure_is_kept(server, make):
    whole = server.answer

    def picky(request):
        bad = "bad" in sent_texts(request.body)
        return Reply(400, {"message": "no"}) if bad else whole(request)

    server.answer = picky
    model = make(threads=1)
    with pytest.raises(Io, match="1 of 4"):
        model.encode_batch(["a", "b", "bad", "c"])
    server.requests.clear()
    encoded = make().encode_report(["a", "b", "c"])
    assert encoded.cached == 3
    assert server.requests == []


def test_the_cache_is_an_engram_file_without_texts_or_keys(make, tmp_path):
    model = make()
    model.encode("a very private text")
    model.close()
    path = tmp_path / "vectors.engram"
    with engram.open(path, embedder=None) as db:
        assert db.list_collections() == ["d8"]
        assert len(db.collection("d8")) == 1
        assert db.verify().ok
    data = path.read_bytes()
    assert b"private" not in data
    assert b"sk-secret-123" not in data


def test_two_models_write_one_cache_at_a_time(server, make):
    one, other = make(batch_size=1), make(batch_size=1)
    one.encode_batch([f"text {n}" for n in range(8)])
    other.encode_batch([f"text {n}" for n in range(4, 12)])
    assert len(server.requests) == 12


def test_without_a_cache_there_is_no_file(server, make, tmp_path):
    make(cache=None).encode("a")
    assert os.listdir(tmp_path) == []
