"""Which model is meant, and where its key comes from. Nothing is sent."""

import pytest

from engram.errors import InvalidInput
from engram.llm import get_llm
from engram.llm.wires import CHAT_WIRES
from engram.remote.providers import PROVIDERS
from loopback import chat


@pytest.mark.parametrize("provider", sorted(CHAT_WIRES))
def test_a_provider_without_a_key_says_which_to_set(provider):
    facts = PROVIDERS[provider]
    if facts.key_needed:
        with pytest.raises(InvalidInput, match="key") as caught:
            get_llm(f"{provider}:m", base_url="http://here")
        assert caught.value.code == "remote.key"
        assert caught.value.details["variables"] == " or ".join(facts.key_variables)
    else:
        assert (
            repr(get_llm(f"{provider}:m", base_url="http://here")) == f"RemoteLLM('{provider}:m')"
        )


@pytest.mark.parametrize(
    ("name", "near"),
    [("opnai:m", "openai"), ("antropic:m", "anthropic"), ("huggingface-hub:m", "huggingface")],
)
def test_an_unknown_provider_is_told_the_nearest(name, near):
    with pytest.raises(InvalidInput, match=near) as caught:
        get_llm(name)
    assert caught.value.code == "provider.unknown"


def test_a_provider_of_embeddings_only_says_so():
    with pytest.raises(InvalidInput, match="voyage offers no language models here"):
        get_llm("voyage:m")


def test_nvidia_takes_its_model_from_the_environment(serve, monkeypatch):
    """Seed 003: NVIDIA_API_KEY, NVIDIA_BASE_URL, NVIDIA_LLM_MODEL."""
    with pytest.raises(InvalidInput, match="NVIDIA_LLM_MODEL"):
        get_llm("nvidia")
    server = serve(chat("nvidia", "hello"))
    monkeypatch.setenv("NVIDIA_LLM_MODEL", "meta/llama-3.1-8b-instruct")
    monkeypatch.setenv("NVIDIA_BASE_URL", server.url)
    monkeypatch.setenv("NVIDIA_API_KEY", "nvapi-1")
    with get_llm("nvidia") as model:
        assert model.model == "meta/llama-3.1-8b-instruct"
        assert model.complete("say hello") == "hello"
    (request,) = server.requests
    assert request.headers["authorization"] == "Bearer nvapi-1"
    assert request.body["model"] == "meta/llama-3.1-8b-instruct"
    assert get_llm("nvidia:other").model == "other"


def test_other_providers_want_a_model():
    with pytest.raises(InvalidInput, match="openai:<model>"):
        get_llm("openai")
