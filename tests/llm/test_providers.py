"""Each provider of language models over real HTTP: answers, streams, schemas, failures."""

import json
import logging

import pytest

from engram.errors import Busy, Conflict, EngramError, InvalidInput, Io
from engram.llm import LLM, RemoteLLM, as_llm, complete_json, get_llm
from engram.llm.wires import CHAT_WIRES
from engram.remote import Budget, Limits, Retries, Usage
from loopback import Reply, chat

PROVIDERS = sorted(CHAT_WIRES)
SECRET = "sk-secret-123"
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
REFUSED = {"anthropic": "refusal", "gemini": "SAFETY"}
CUT = {"anthropic": "max_tokens", "gemini": "MAX_TOKENS", "cohere": "MAX_TOKENS"}


@pytest.fixture(params=PROVIDERS)
def provider(request):
    return request.param


@pytest.fixture
def server(serve, provider):
    return serve(chat(provider, "Hello", ", ", "you"))


@pytest.fixture
def model(server, provider, quick):
    with get_llm(f"{provider}:m", base_url=server.url, **quick) as made:
        yield made


def test_an_answer_is_text_without_thoughts(model):
    assert model.complete("say hello") == "Hello, you"
    assert isinstance(model, LLM)
    assert as_llm(model) is model


def test_an_answer_says_what_it_took_and_how_it_ended(model, provider):
    answer = model.answer("say hello", temperature=0.5)
    assert (answer.text, answer.stop) == ("Hello, you", "stop")
    assert answer.usage == model.usage == Usage(7, 3)
    assert answer.model == f"{provider}:m"
    assert answer.temperature == (None if provider == "anthropic" else 0.5)
    assert repr(answer).startswith("Answer(10 characters, stop='stop'")


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_takes_no_temperature_is_asked_once_more(model, server, provider, stream):
    said = "Unsupported value: 'temperature' does not support 0 with this model."
    server.queue = [Reply(400, {"error": {"message": said, "param": "temperature"}})]

    def ask(**options):
        return "".join(model.stream("hi", **options)) if stream else model.complete("hi", **options)

    if provider == "anthropic":  # is never told one
        server.queue.clear()
        assert ask(temperature=0) == "Hello, you"
        assert len(server.requests) == 1
        return
    assert ask(temperature=0) == "Hello, you"
    assert ask(temperature=0) == "Hello, you"
    told = ["temperature" in json.dumps(request.body) for request in server.requests]
    assert told == [True, False, False]
    assert model.answer("hi", temperature=0).temperature is None
    server.queue = [Reply(400, {"error": {"message": said}})]
    with pytest.raises(InvalidInput, match="temperature"):
        ask()


def test_a_stream_gives_the_pieces_as_they_come(model, server):
    stream = model.stream("say hello")
    assert server.requests == []
    assert list(stream) == ["Hello", ", ", "you"]
    assert model.usage == Usage(7, 3)
    assert len(server.requests) == 1


def test_a_stream_may_be_left_early(model):
    stream = model.stream("say hello")
    assert next(stream) == "Hello"
    stream.close()
    assert model.usage.tokens > 0
    assert model.complete("again") == "Hello, you"


def test_a_conversation_and_a_system_text_arrive_whole(model, server):
    turns = [
        {"role": "user", "content": "my name is Ann"},
        {"role": "assistant", "content": "noted"},
        {"role": "user", "content": "what is my name?"},
    ]
    model.complete(turns, system="be brief", max_tokens=50)
    sent = json.dumps(server.requests[0].body)
    places = [sent.index(said) for said in ("my name is Ann", "noted", "what is my name?")]
    assert places == sorted(places)
    assert sent.count("be brief") == 1
    assert "50" in sent


def test_json_is_parsed_and_held_to_its_schema(model, server, provider):
    server.answer = chat(provider, '{"name": "Ann",', ' "age": 7}')
    assert model.complete_json("who?", SCHEMA) == {"name": "Ann", "age": 7}
    assert json.dumps(SCHEMA) in json.dumps(server.requests[0].body)


def test_a_schema_that_is_no_object_is_wrapped_into_one(model, server, provider):
    server.answer = chat(provider, '{"answer": [1, 2]}')
    schema = {"type": "array", "items": {"$ref": "#/$defs/n"}, "$defs": {"n": {"type": "integer"}}}
    assert model.complete_json("which?", schema) == [1, 2]
    server.answer = chat(provider, '{"answer": ["x"]}')
    with pytest.raises(InvalidInput, match="not of type 'integer'"):
        model.complete_json("which?", schema)


@pytest.mark.parametrize(
    "nonsense",
    [
        "I think it is Ann.",
        '{"name": "Ann"}',
        '{"name": "Ann", "age": -1}',
        '{"name": "Ann", "age": NaN}',
        '{"name": "Ann", "age": 7, "more": 1}',
        '{"name": "Ann", "age": 7',
        "[]",
        "null",
        '```json\n{"name": "Ann", "age": 7}\n```',
    ],
)
def test_json_that_does_not_fit_is_an_error_that_holds_it(model, server, provider, nonsense):
    server.answer = chat(provider, nonsense)
    with pytest.raises(InvalidInput) as caught:
        model.complete_json("who?", SCHEMA)
    assert caught.value.code == "llm.answer"
    assert caught.value.details["answer"] == nonsense
    assert caught.value.details["model"] == f"{provider}:m"


def test_json_cut_off_says_so(model, server, provider):
    server.answer = chat(provider, '{"name": "A', stop=CUT.get(provider, "length"))
    with pytest.raises(InvalidInput, match="max_tokens") as caught:
        model.complete_json("who?", SCHEMA, max_tokens=5)
    assert caught.value.code == "llm.answer"


def test_a_server_that_cannot_hold_to_a_schema_is_told_it(serve, provider, quick):
    server = serve(chat(provider, '```json\n{"name": "Ann", "age": 7}\n```'))
    with get_llm(f"{provider}:m", base_url=server.url, structured=False, **quick) as model:
        assert model.complete_json("who?", SCHEMA, system="be kind") == {"name": "Ann", "age": 7}
    sent = server.requests[0].body
    assert not {"response_format", "output_config", "format"} & set(sent)
    assert "be kind" in json.dumps(sent)
    assert "additionalProperties" in json.dumps(sent)


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_answer_is_none(model, server, provider, text):
    server.answer = chat(provider, text)
    for ask in (model.complete, lambda prompt: list(model.stream(prompt))):
        with pytest.raises(InvalidInput, match="empty") as caught:
            ask("say hello")
        assert caught.value.code == "llm.answer"


def test_a_thought_that_leaves_no_room_for_words_says_so(model, server, provider):
    server.answer = chat(provider, "", stop=CUT.get(provider, "length"))
    with pytest.raises(InvalidInput, match="before its first word"):
        model.complete("say hello", max_tokens=3)


def test_a_refusal_is_an_error(model, server, provider):
    stop = REFUSED.get(provider, "content_filter")
    server.answer = chat(provider, "I will not", stop=stop)
    for ask in (model.complete, lambda prompt: list(model.stream(prompt))):
        with pytest.raises(InvalidInput, match="refused") as caught:
            ask("say hello")
        assert caught.value.code == "llm.answer"
        assert "I will not" in caught.value.details["answer"]


def test_a_throttled_request_waits_as_long_as_it_is_told(model, server, clock):
    for ask in (model.complete, lambda prompt: "".join(model.stream(prompt))):
        server.queue = [Reply(429, {"error": "slow down"}, {"retry-after": "7"})]
        clock.slept.clear()
        assert ask("say hello") == "Hello, you"
        assert 7 <= sum(clock.slept) <= 8


def test_a_failing_provider_is_asked_again(model, server):
    for ask in (model.complete, lambda prompt: "".join(model.stream(prompt))):
        server.queue = [Reply(500, {}), Reply(529, b"overloaded")]
        assert ask("say hello") == "Hello, you"


def test_a_provider_that_stays_down_or_busy_is_an_error(model, server):
    server.answer = lambda _: Reply(503, {"error": {"message": "out of order"}})
    with pytest.raises(Io, match="out of order") as caught:
        model.complete("say hello")
    assert caught.value.code == "remote.failed"
    server.answer = lambda _: Reply(429, {"error": {"message": "too many"}})
    with pytest.raises(Busy, match="too many") as caught:
        list(model.stream("say hello"))
    assert caught.value.code == "remote.limited"


def test_a_body_cut_off_is_asked_for_again(model, server):
    server.queue = [Reply(200, b'{"choices": [{"message"', cut=True)]
    assert model.complete("say hello") == "Hello, you"
    assert len(server.requests) == 2


def test_a_stream_cut_off_is_an_error_after_the_pieces_that_came(model, server, provider):
    whole = chat(provider, "Hello", ", ", "you")

    def cut(request):
        reply = whole(request)
        reply.cut = True
        return reply

    server.answer = cut
    with pytest.raises(Io, match=r"RemoteProtocolError|broke off|ended early") as caught:
        list(model.stream("say hello"))
    assert caught.value.code == "remote.failed"
    assert len(server.requests) == 1


def test_a_stream_that_just_stops_is_an_error(model, server, provider):
    whole = chat(provider, "Hello", ", ", "you")

    def short(request):
        lines = whole(request).data.splitlines(keepends=True)
        ends = ("finish", "stop_reason", "done_reason", "DONE", "message_stop")
        kept = [line for line in lines if not any(end in line.decode() for end in ends)]
        if provider in {"openai", "azure", "nvidia", "mistral", "huggingface", "compatible"}:
            kept = lines[:4]
        if provider == "gemini":
            kept = lines[:6]
        return Reply(200, b"".join(kept))

    server.answer = short
    with pytest.raises(Io, match="ended early"):
        list(model.stream("say hello"))


def test_a_failure_told_within_a_stream_is_one(model, server):
    broken = {"type": "error", "error": {"message": f"overloaded, {SECRET}"}}
    text = json.dumps(broken)
    start = "" if model.provider == "ollama" else "data: "
    server.answer = lambda _: Reply(200, f"{start}{text}\n\n".encode())
    with pytest.raises(Io, match="overloaded") as caught:
        list(model.stream("say hello"))
    assert caught.value.code == "remote.failed"
    assert SECRET not in str(caught.value)


def test_a_silent_provider_is_given_up_on(serve, provider, quick):
    server = serve(lambda _: Reply(stall=True))
    quick["retries"] = Retries(attempts=1)
    with get_llm(f"{provider}:m", base_url=server.url, timeout_s=0.05, **quick) as model:
        for ask in (model.complete, lambda prompt: list(model.stream(prompt))):
            with pytest.raises(Io, match="ReadTimeout"):
                ask("say hello")


@pytest.mark.parametrize(
    "nonsense", [b"<html>", b"", b"{", b"null", b"[]", b"{}", b'"x"', b'{"choices": []}', b"5"]
)
def test_nonsense_is_no_answer(model, server, nonsense):
    server.answer = lambda _: Reply(200, nonsense)
    with pytest.raises(Io) as caught:
        model.complete("say hello")
    assert caught.value.code == "remote.answer"
    assert caught.value.details["body"] == nonsense.decode()
    server.answer = lambda _: Reply(200, b"data: {nonsense\n\n")
    with pytest.raises(Io):
        list(model.stream("say hello"))


def test_a_refused_key_is_an_error_that_does_not_show_it(model, server, caplog):
    caplog.set_level(logging.DEBUG)
    server.answer = lambda _: Reply(401, {"error": {"message": f"wrong key {SECRET}"}})
    for ask in (model.complete, lambda prompt: list(model.stream(prompt))):
        with pytest.raises(InvalidInput, match="401") as caught:
            ask("say hello")
        error = caught.value
        assert error.code == "remote.key"
        shown = [str(error), str(error.details), repr(model), repr(vars(model._caller))]
        assert SECRET not in "".join([*shown, caplog.text])
    assert len(server.requests) == 2


def test_an_unknown_model_is_refused_with_its_name(model, server):
    server.answer = lambda _: Reply(404, {"message": "no such model"})
    with pytest.raises(InvalidInput, match=r"no such model.*'m'") as caught:
        model.complete("say hello")
    assert caught.value.code == "remote.refused"


def test_a_budget_counts_input_and_output(serve, provider, quick):
    server = serve(chat(provider, "Hello"))
    budget = Budget(money=1.0, prices={f"{provider}:m": (1_000.0, 10_000.0)})
    with get_llm(f"{provider}:m", base_url=server.url, budget=budget, **quick) as model:
        model.complete("say hello")
        assert budget.spent_money == pytest.approx(0.037)
        with pytest.raises(Conflict, match="budget"):
            model.complete("say hello", max_tokens=100)
        list(model.stream("say hello"))
    assert budget.spent_money == pytest.approx(0.074)
    assert len(server.requests) == 2


def test_limits_hold_for_answers(serve, provider, clock):
    server = serve(chat(provider, "Hello"), clock)
    limits = Limits(requests_per_minute=10, clock=clock, sleep=clock.sleep)
    with get_llm(f"{provider}:m", base_url=server.url, key="k", limits=limits) as model:
        for _ in range(3):
            model.complete("say hello")
    assert [request.at for request in server.requests] == pytest.approx([0, 60 / 9, 120 / 9])


@pytest.mark.parametrize(
    "prompt", ["", [], [{"role": "system", "content": "x"}], [{"role": "tool", "content": "x"}],
               [{"role": "user"}], [{"role": "user", "content": None}], ["hello"], [5]],
)  # fmt: skip
def test_what_is_no_prompt_is_refused_unsent(prompt):
    model = RemoteLLM("ollama", "m")
    for ask in (model.complete, model.stream, lambda prompt: model.complete_json(prompt, SCHEMA)):
        with pytest.raises(InvalidInput):
            ask(prompt)


def test_options_out_of_range_are_refused():
    model = RemoteLLM("ollama", "m")
    with pytest.raises(InvalidInput, match="max_tokens"):
        model.complete("say hello", max_tokens=0)
    with pytest.raises(TypeError, match="tiemout"):
        get_llm("ollama:m", tiemout=5)


def test_any_model_is_held_to_a_schema_by_one_function(model, server, provider):
    server.answer = chat(provider, '{"name": "Ann", "age": 7}')
    assert complete_json(model, "who?", SCHEMA, temperature=0) == {"name": "Ann", "age": 7}
    server.answer = chat(provider, "no")
    with pytest.raises(EngramError) as caught:
        complete_json(model, "who?", SCHEMA)
    assert caught.value.code == "llm.answer"
