"""Keys, URLs and names of providers: where they come from, and where they never go."""

import multiprocessing
import os
import pickle
import subprocess
import sys

import pytest
from network_guard import watched

from engram.embed.remote import RemoteEmbedder, get_remote
from engram.errors import InvalidInput, MissingExtra
from engram.remote.providers import PROVIDERS, Key, find_key, find_url, split_name
from loopback import embed

NEEDING = [provider for provider in PROVIDERS.values() if provider.key_needed]


@pytest.mark.parametrize("provider", NEEDING, ids=lambda provider: provider.name)
def test_a_key_comes_from_the_environment_or_the_caller(provider, monkeypatch):
    with pytest.raises(InvalidInput, match=provider.key_variables[0]) as caught:
        find_key(provider, None)
    assert caught.value.code == "remote.key"
    monkeypatch.setenv(provider.key_variables[-1], " from-environment\n")
    assert find_key(provider, None).reveal() == "from-environment"
    assert find_key(provider, "from-caller").reveal() == "from-caller"
    assert find_key(provider, "").reveal() == "from-environment"


def test_local_providers_need_no_key():
    assert find_key(PROVIDERS["ollama"], None) is None
    assert find_key(PROVIDERS["compatible"], None) is None


@pytest.mark.parametrize("key", ["sk-\u00e9", "sk-1\nx", "sk-\u2013"])
def test_a_key_that_no_header_carries_is_refused_unseen(key):
    with pytest.raises(InvalidInput) as caught:
        find_key(PROVIDERS["openai"], key)
    assert caught.value.code == "remote.key"
    assert key not in str(caught.value)


def test_a_key_shows_and_pickles_as_nothing():
    key = Key("sk-123")
    assert "123" not in f"{key} {key!r}"
    assert key.scrub("your key sk-123 is wrong") == "your key *** is wrong"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        ("openai", "authorization", "Bearer k"),
        ("azure", "api-key", "k"),
        ("nvidia", "authorization", "Bearer k"),
        ("mistral", "authorization", "Bearer k"),
        ("cohere", "authorization", "Bearer k"),
        ("voyage", "authorization", "Bearer k"),
        ("gemini", "x-goog-api-key", "k"),
        ("ollama", "authorization", "Bearer k"),
        ("huggingface", "authorization", "Bearer k"),
        ("compatible", "authorization", "Bearer k"),
    ],
)
def test_a_key_goes_into_one_header_and_nowhere_else(serve, name, header, value):
    server = serve(embed(name))
    with get_remote(f"{name}:m", base_url=server.url, key="k") as model:
        model.encode("a")
    for request in server.requests:
        assert request.headers[header] == value
        assert [n for n, v in request.headers.items() if v in {"k", "Bearer k"}] == [header]
        assert "k=" not in request.path


def test_without_a_key_no_header_is_sent(serve, monkeypatch, tmp_path):
    """Not even what ~/.netrc has for the host."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret")
    monkeypatch.setenv("HOME", str(tmp_path))
    server = serve(embed("ollama"))
    with get_remote("ollama:m", base_url=server.url) as model:
        model.encode("a")
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    ("name", "given", "environment", "expected"),
    [
        ("openai", None, None, "https://api.openai.com/v1"),
        ("openai", "http://here/v1/", None, "http://here/v1"),
        ("openai", None, "http://there/v1", "http://there/v1"),
        ("openai", "http://here", "http://there", "http://here"),
        ("azure", "https://x.openai.azure.com/", None, "https://x.openai.azure.com/openai/v1"),
        ("azure", "https://x/openai/v1/", None, "https://x/openai/v1"),
        ("azure", None, "https://x", "https://x/openai/v1"),
        ("nvidia", None, None, "https://integrate.api.nvidia.com/v1"),
        ("nvidia", None, "http://nim:8000/v1", "http://nim:8000/v1"),
        ("anthropic", None, "https://gateway", "https://gateway/v1"),
        ("ollama", None, None, "http://localhost:11434"),
        ("ollama", None, "box:11434", "http://box:11434"),
    ],
)
def test_where_a_provider_answers(name, given, environment, expected, monkeypatch):
    provider = PROVIDERS[name]
    if environment:
        monkeypatch.setenv(provider.url_variable, environment)
    assert find_url(provider, given) == expected


@pytest.mark.parametrize("name", ["azure", "compatible"])
def test_a_provider_without_a_place_of_its_own_needs_one(name):
    with pytest.raises(InvalidInput, match="base_url"):
        find_url(PROVIDERS[name], None)


@pytest.mark.parametrize(
    "url", ["here", "ftp://here", "https://", "https://me:secret@host/v1", "https://secret@host"]
)
def test_a_url_is_http_and_holds_no_password(url):
    with pytest.raises(InvalidInput) as caught:
        find_url(PROVIDERS["openai"], url)
    assert "secret" not in str(caught.value)


def test_names_split_at_the_first_colon():
    assert split_name("ollama:llama3:8b") == ("ollama", "llama3:8b")
    assert split_name("nvidia") == ("nvidia", None)
    for wrong in ("", " ", None):
        with pytest.raises(InvalidInput):
            split_name(wrong)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("opnai:m", "openai"),
        ("OpenAI:m", "openai"),
        ("hugingface:m", "huggingface"),
        ("voyageai:m", "voyage"),
        ("azure-openai:m", "azure"),
    ],
)
def test_an_unknown_provider_is_told_the_nearest(name, near):
    with pytest.raises(InvalidInput, match=rf"did you mean.*\b{near}\b") as caught:
        get_remote(name)
    assert caught.value.code == "provider.unknown"


def test_a_provider_far_from_all_is_told_all():
    with pytest.raises(InvalidInput, match="one of openai, azure, nvidia"):
        get_remote("zzzz:m")


def test_a_provider_without_embeddings_says_so():
    with pytest.raises(InvalidInput, match="anthropic offers no embeddings here") as caught:
        get_remote("anthropic:m")
    assert caught.value.code == "provider.unknown"


def test_a_model_has_to_be_named(monkeypatch):
    monkeypatch.setenv("NVIDIA_LLM_MODEL", "a-language-model")
    for name in ("openai", "openai:", "nvidia"):
        with pytest.raises(InvalidInput, match="<model>"):
            get_remote(name, key="k")


def test_making_a_model_sends_nothing(serve):
    server = serve(embed("openai"))
    model = RemoteEmbedder("openai", "text-embedding-3-small", base_url=server.url, key="k")
    assert model.dimension == 1536
    assert model.identity.name == "openai:text-embedding-3-small"
    assert repr(model) == "RemoteEmbedder('openai:text-embedding-3-small', dimension=1536)"
    assert server.requests == []


def test_importing_needs_no_http_client_and_reads_no_environment():
    code = (
        "import sys, os; os.environ.clear(); "
        "import engram, engram.llm, engram.embed.remote, engram.rerank, engram.remote; "
        "loaded = {'httpx2', 'jsonschema', 'ssl'} & set(sys.modules); "
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=watched({"PYTHONPATH": _path()}))


def _path():
    return os.pathsep.join(path for path in sys.path if path)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_process_makes_connections_of_its_own(serve):
    server = serve(embed("openai"))
    model = get_remote("openai:m", base_url=server.url, key="k", dimensions=8)
    model.encode("before")
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()

    def child():
        queue.put(model.encode("child").tolist())
        os._exit(0)

    process = context.Process(target=child)
    process.start()
    assert len(queue.get()) == 8
    process.join()
    assert model.encode("after").shape == (8,)
    model.close()
    assert [request.body["input"] for request in server.requests] == [
        ["before"],
        ["child"],
        ["after"],
    ]
    before, child, after = (request.port for request in server.requests)
    assert before == after != child


def test_without_the_http_client_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx2", None)
    model = RemoteEmbedder("openai", "m", key="k", dimensions=8)
    with pytest.raises(MissingExtra, match=r"engram\[remote\]"):
        model.encode("a")


def test_an_option_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match="tiemout"):
        get_remote("openai:m", key="k", tiemout=5)
    for wrong in ({"threads": 0}, {"batch_size": 0}, {"dimensions": 0}):
        with pytest.raises(InvalidInput):
            get_remote("openai:m", key="k", **wrong)
