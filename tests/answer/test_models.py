"""Models of providers over real HTTP: streams, stalls, refusals; nothing sent before it is due."""

import pytest

from engram.answer import NOT_IN_MEMORY, ask, stream
from engram.errors import EngramError, InvalidInput, Io
from engram.llm import get_llm
from engram.remote import Retries, Usage
from loopback import Reply, chat

SAID = ["The tower ", "is 330 metres", " tall [1]", "."]
QUESTION = "How tall is the tower?"


@pytest.fixture
def model_of(quick):
    made = []

    def make(server, provider="openai", **options):
        made.append(get_llm(f"{provider}:m", base_url=server.url, **{**quick, **options}))
        return made[-1]

    yield make
    for model in made:
        model.close()


@pytest.mark.parametrize(
    "provider", ["openai", "nvidia", "anthropic", "gemini", "ollama", "compatible", "mistral"]
)
def test_every_provider_answers_and_streams(serve, model_of, passages, provider):
    server = serve(chat(provider, *SAID))
    model = model_of(server, provider)
    answer = ask(QUESTION, passages, model)
    assert (answer.text, answer.model) == ("".join(SAID), f"{provider}:m")
    assert answer.usage == Usage(7, 3)
    assert answer.grounded
    with stream(QUESTION, passages, model) as pieces:
        assert len(server.requests) == 1
        assert list(pieces) == SAID
        assert pieces.answer.text == "".join(SAID)
        assert pieces.answer.to_dict() == answer.to_dict() | {
            "usage": pieces.answer.to_dict()["usage"]
        }
    assert len(server.requests) == 2


def test_a_model_by_its_name_takes_key_and_address_from_the_environment(
    serve, passages, monkeypatch
):
    server = serve(chat("nvidia", *SAID))
    with pytest.raises(InvalidInput, match="NVIDIA_LLM_MODEL"):
        ask(QUESTION, passages, "nvidia")
    monkeypatch.setenv("NVIDIA_LLM_MODEL", "meta/llama")
    with pytest.raises(InvalidInput) as caught:
        ask(QUESTION, passages, "nvidia")
    assert caught.value.code == "remote.key"
    assert server.requests == []
    monkeypatch.setenv("NVIDIA_API_KEY", "nvapi-1")
    monkeypatch.setenv("NVIDIA_BASE_URL", server.url)
    assert ask(QUESTION, passages, "nvidia").model == "nvidia:meta/llama"
    assert server.requests[0].headers["authorization"] == "Bearer nvapi-1"
    assert server.requests[0].body["temperature"] == 0.0


def test_a_stream_does_not_show_half_of_not_in_memory(serve, model_of, passages):
    model = model_of(serve(chat("openai", "NOT", " IN ", "MEMORY")))
    pieces = stream(QUESTION, passages, model)
    assert list(pieces) == [NOT_IN_MEMORY]
    assert not pieces.answer.found
    model = model_of(
        serve(chat("openai", "NOT", " as tall as ", "you think: 330 metres tall [1]."))
    )
    pieces = stream(QUESTION, passages, model)
    assert "".join(pieces).startswith("NOT as tall")
    assert pieces.answer.found


def test_a_stream_that_nothing_supports_ends_as_not_found(serve, model_of, passages):
    pieces = stream(QUESTION, passages, model_of(serve(chat("openai", "Lima, ", "of course."))))
    assert "".join(pieces) == "Lima, of course."
    assert (pieces.answer.found, pieces.answer.draft) == (False, "Lima, of course.")


@pytest.mark.parametrize("whole", [True, False])
def test_a_silent_model_is_given_up_on(serve, model_of, passages, whole):
    server = serve(lambda _: Reply(stall=True))
    model = model_of(server, timeout_s=0.05, retries=Retries(attempts=1))
    with pytest.raises(Io, match="ReadTimeout"):
        if whole:
            ask(QUESTION, passages, model)
        else:
            list(stream(QUESTION, passages, model))


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_refusal_is_an_error_and_no_answer(serve, model_of, passages, status):
    server = serve(lambda _: Reply(status, {"error": {"message": "no"}}))
    model = model_of(server, retries=Retries(attempts=1))
    with pytest.raises(EngramError) as caught:
        ask(QUESTION, passages, model)
    assert caught.value.code.startswith("remote.")
    pieces = stream(QUESTION, passages, model)
    with pytest.raises(EngramError):
        list(pieces)
    with pytest.raises(InvalidInput, match="before its end"):
        _ = pieces.answer


def test_a_refused_question_is_an_error(serve, model_of, passages):
    with pytest.raises(InvalidInput) as caught:
        ask(QUESTION, passages, model_of(serve(chat("openai", "no", stop="content_filter"))))
    assert caught.value.code == "llm.answer"


def test_a_stream_that_breaks_off_is_an_error(serve, model_of, passages):
    whole = chat("openai", *SAID)

    def cut(request):
        reply = whole(request)
        reply.cut = True
        return reply

    pieces = stream(QUESTION, passages, model_of(serve(cut), retries=Retries(attempts=1)))
    with pytest.raises(Io):
        list(pieces)


def test_leaving_early_ends_the_answer(serve, model_of, passages):
    pieces = stream(QUESTION, passages, model_of(serve(chat("openai", *SAID))))
    assert next(pieces) == SAID[0]
    pieces.close()
    pieces.close()
    with pytest.raises(InvalidInput, match="before its end"):
        _ = pieces.answer
