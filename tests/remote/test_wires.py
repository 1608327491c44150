"""What engram sends is what the providers' own packages send; see `record_requests.py`."""

import json
from pathlib import Path
from urllib.parse import urlparse

import pytest

from engram.embed.remote import get_remote
from engram.errors import InvalidInput, Io
from engram.llm import get_llm
from engram.remote.providers import PROVIDERS
from engram.rerank import get_reranker
from loopback import chat, embed, sent_texts

GOLDEN = json.loads(Path(__file__).with_name("requests.json").read_text())["requests"]
TEXTS = ["one text", "another"]


def base_url(server, provider):
    return server.url + urlparse(PROVIDERS[provider].base_url).path


def comparable(body):
    return {name: value for name, value in body.items() if value is not None}


@pytest.mark.parametrize("by", ["argument", "environment"])
def test_azure_answers_below_a_deployment_in_its_dated_apis(serve, monkeypatch, by):
    server = serve(embed("azure"))
    options = {"base_url": server.url, "key": "k"}
    if by == "environment":
        monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    else:
        options["api_version"] = "2024-10-21"
    with get_remote("azure:my deployment", **options) as model:
        model.encode("a")
    paths = {request.path for request in server.requests}
    assert paths == {"/openai/deployments/my%20deployment/embeddings?api-version=2024-10-21"}
    with get_remote("azure:d", api_version="v1", base_url=server.url, key="k") as model:
        model.encode("a")
    assert server.requests[-1].path == "/openai/v1/embeddings"


def test_a_version_is_a_date_of_azure():
    for wrong in ("2024", "latest", "2024-10-21&x=1"):
        with pytest.raises(InvalidInput, match="api_version"):
            get_remote("azure:d", base_url="http://x", key="k", api_version=wrong)
    with pytest.raises(InvalidInput, match="openai has no api_version"):
        get_remote("openai:m", key="k", api_version="2024-10-21")


@pytest.mark.parametrize(
    "provider", ["openai", "mistral", "cohere", "voyage", "gemini", "ollama", "huggingface"]
)
def test_embeddings_are_asked_for_as_the_official_package_does(serve, provider):
    golden = GOLDEN[f"{provider}_embed"]
    server = serve(embed(provider))
    options = {} if provider == "huggingface" else {"dimensions": 4}
    url = base_url(server, provider)
    with get_remote(f"{provider}:m", key="k", base_url=url, **options) as model:
        if not options:
            model._identity = model._identified(8)
        model.encode_batch(TEXTS)
    (request,) = server.requests
    assert request.path == golden["path"]
    assert request.body == comparable(golden["body"])
    for header in golden["key"]:
        assert request.headers[header] in {"k", "Bearer k"}


@pytest.mark.parametrize(
    ("provider", "field", "query", "document"),
    [
        ("nvidia", "input_type", "query", "passage"),
        ("cohere", "input_type", "search_query", "search_document"),
        ("voyage", "input_type", "query", "document"),
    ],
)
def test_queries_and_documents_are_marked(serve, provider, field, query, document):
    server = serve(embed(provider))
    with get_remote(f"{provider}:m", key="k", base_url=server.url, dimensions=8) as model:
        model.encode_query("a")
        model.encode_document("a")
        model.encode_batch(["b"])
    assert [request.body[field] for request in server.requests] == [query, document, document]


def test_gemini_is_told_the_task(serve):
    server = serve(embed("gemini"))
    with get_remote("gemini:m", key="k", base_url=server.url, dimensions=8) as model:
        model.encode_query("a")
        model.encode_document("a")
    tasks = [request.body["requests"][0]["taskType"] for request in server.requests]
    assert tasks == ["RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT"]


@pytest.mark.parametrize(
    ("provider", "field", "no", "yes"),
    [
        ("nvidia", "truncate", "NONE", "END"),
        ("cohere", "truncate", "NONE", "END"),
        ("voyage", "truncation", False, True),
        ("ollama", "truncate", False, True),
        ("huggingface", "truncate", False, True),
    ],
)
def test_no_text_is_cut_unless_asked_for(serve, provider, field, no, yes):
    server = serve(embed(provider))
    for truncate in (False, True):
        with get_remote(f"{provider}:m", key="k", base_url=server.url, truncate=truncate) as model:
            model.encode("a")
    assert {request.body[field] for request in server.requests[:2]} == {no}
    assert {request.body[field] for request in server.requests[2:]} == {yes}


@pytest.mark.parametrize("provider", ["ollama", "compatible", "openai"])
def test_prefixes_are_put_before_texts(serve, provider):
    server = serve(embed(provider))
    with get_remote(
        f"{provider}:m",
        key="k",
        base_url=server.url,
        query_prefix="search_query: ",
        document_prefix="search_document: ",
    ) as model:
        model._identity = model._identified(8)
        assert model.identity.revision == "search_document: "
        model.encode_query("a")
        model.encode_batch(["b"])
    sent = [sent_texts(request.body) for request in server.requests]
    assert sent == [["search_query: a"], ["search_document: b"]]


def test_azure_answers_below_its_endpoint(serve, monkeypatch):
    server = serve(embed("azure"))
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.url)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k")
    with get_remote("azure:my-deployment") as model:
        model.encode("a")
    assert {request.path for request in server.requests} == {"/openai/v1/embeddings"}
    assert server.requests[0].body["model"] == "my-deployment"


@pytest.mark.parametrize(
    "provider", ["openai", "mistral", "anthropic", "gemini", "cohere", "ollama"]
)
def test_answers_are_asked_for_as_the_official_package_does(serve, provider):
    golden = GOLDEN[f"{provider}_chat"]
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "required": ["name"],
        "additionalProperties": False,
    }
    server = serve(chat(provider, '{"name": "x"}'))
    with get_llm(f"{provider}:m", key="k", base_url=base_url(server, provider)) as model:
        model.complete_json("say it", schema, system="be brief", max_tokens=50, temperature=0.5)
    (request,) = server.requests
    assert request.path == golden["path"]
    sent = {name: value for name, value in golden["body"].items() if value not in (False, [])}
    assert {name: value for name, value in request.body.items() if value is not False} == sent
    for header in golden["key"]:
        assert request.headers[header] in {"k", "Bearer k"}


def test_anthropic_is_told_the_version(serve):
    server = serve(chat("anthropic", "x"))
    with get_llm("anthropic:m", key="k", base_url=server.url) as model:
        model.complete("say it", temperature=0.5)
    (request,) = server.requests
    assert request.headers["anthropic-version"] == "2026-10-21"
    assert request.headers["authorization"] == "Bearer k"
    assert set(request.body) == {"model", "messages", "max_tokens"}


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        ("openai", "/chat/completions"),
        ("azure", "/openai/v1/chat/completions"),
        ("nvidia", "/chat/completions"),
        ("anthropic", "/v1/messages"),
        ("gemini", "/models/m:streamGenerateContent?alt=sse"),
        ("mistral", "/chat/completions"),
        ("cohere", "/chat"),
        ("ollama", "/api/chat"),
        ("huggingface", "/v1/chat/completions"),
        ("compatible", "/chat/completions"),
    ],
)
def test_streams_are_asked_for_where_they_are(serve, provider, path):
    server = serve(chat(provider, "x"))
    with get_llm(f"{provider}:m", key="k", base_url=server.url) as model:
        assert list(model.stream("say it")) == ["x"]
    (request,) = server.requests
    assert request.path == path
    assert request.body.get("stream", provider == "gemini") is True
    counted = {"openai", "azure", "nvidia", "huggingface"}
    assert ("stream_options" in request.body) == (provider in counted)


@pytest.mark.parametrize(("provider", "rows"), [("cohere", "results"), ("voyage", "data")])
def test_scores_are_asked_for_as_the_official_package_does(serve, provider, rows):
    golden = GOLDEN[f"{provider}_rerank"]
    scores = [{"index": n, "relevance_score": 0.5} for n in range(len(TEXTS))]
    server = serve(lambda _: {rows: scores})
    url = base_url(server, provider)
    with get_reranker(f"{provider}:m", key="k", base_url=url) as reranker:
        reranker.score("say it", TEXTS)
    (request,) = server.requests
    assert request.path == golden["path"]
    assert request.body == comparable(golden["body"])


def test_jina_is_asked_not_to_send_the_texts_back(serve):
    server = serve(lambda _: {"results": [{"index": 0, "relevance_score": 0.5}]})
    with get_reranker("jina:m", key="k", base_url=base_url(server, "jina")) as reranker:
        reranker.score("say it", ["one text"])
    (request,) = server.requests
    assert request.path == "/v1/rerank"
    assert request.body == {
        "model": "m",
        "query": "say it",
        "documents": ["one text"],
        "return_documents": False,
    }


def test_a_models_name_cannot_lead_elsewhere(serve):
    server = serve(embed("gemini"))
    with get_remote("gemini:a?b#c d", key="k", base_url=server.url, dimensions=8) as model:
        model.encode("a")
    assert server.requests[0].path == "/models/a%3Fb%23c%20d:batchEmbedContents"


@pytest.mark.parametrize("row", ["!!!!", "AAA", "AAAA", "AAAAAAA=", "AACAfw==", ""])
def test_base64_that_is_no_vector_is_no_answer(serve, row):
    """Not base64, not whole numbers, one number of eight, infinity, nothing."""
    server = serve(lambda _: {"data": [{"index": 0, "embedding": row}]})
    with (
        get_remote("openai:m", key="k", base_url=server.url, dimensions=8) as model,
        pytest.raises(Io) as caught,
    ):
        model.encode("a")
    assert caught.value.code == "remote.answer"


def test_a_server_that_knows_no_base64_may_answer_with_numbers(serve):
    server = serve(lambda _: {"data": [{"index": 0, "embedding": [3, 4]}]})
    with get_remote("openai:m", key="k", base_url=server.url, dimensions=2) as model:
        assert model.encode("a").tolist() == pytest.approx([0.6, 0.8])
