"""JSON from any model, and what providers are told about schemas."""

import sys

import pytest

from engram.errors import InvalidInput, MissingExtra
from engram.llm import complete_json, get_llm
from loopback import Reply, chat

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def test_a_function_is_told_the_schema():
    asked = []

    def model(prompt):
        asked.append(prompt)
        return '{"n": 5}'

    assert complete_json(model, "how many?", SCHEMA, system="be exact") == {"n": 5}
    assert asked[0].startswith("be exact\n\nhow many?\n\nAnswer with JSON")
    assert '"required": ["n"]' in asked[0]


@pytest.mark.parametrize("fence", ["```json\n{}\n```", "```\n{}\n```\n", " ```json\n{}\n```"])
def test_one_code_fence_is_taken_off(fence):
    assert complete_json(lambda _: fence.replace("{}", '{"n": 5}'), "how many?", SCHEMA) == {"n": 5}


@pytest.mark.parametrize(
    "answer", ["five", "", "```json\nfive\n```", 'Sure: {"n": 5}', '{"n": "5"}', '{"n": 5}{}']
)
def test_what_does_not_fit_is_an_error_that_holds_it(answer):
    with pytest.raises(InvalidInput) as caught:
        complete_json(lambda _: answer, "how many?", SCHEMA)
    assert caught.value.code == "llm.answer"


def test_the_error_says_where_the_answer_is_wrong():
    schema = {"type": "array", "items": SCHEMA}
    with pytest.raises(InvalidInput, match=r"'x' is not of type 'integer' \(at \$\[1\]\.n\)"):
        complete_json(lambda _: '{"answer": [{"n": 1}, {"n": "x"}]}', "how many?", schema)


@pytest.mark.parametrize("wrong", [5, [], "text", {"type": "objekt"}, {"required": "n"}])
def test_what_is_no_schema_is_refused_before_anything_is_asked(wrong):
    def model(_):
        pytest.fail("was asked")

    with pytest.raises(InvalidInput, match="schema") as caught:
        complete_json(model, "how many?", wrong)
    assert caught.value.code == "input.invalid"


def test_without_the_validator_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(MissingExtra, match=r"engram\[remote\]"):
        complete_json(lambda _: "{}", "how many?", SCHEMA)


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        ({**SCHEMA, "additionalProperties": False}, True),
        (SCHEMA, False),
        ({**SCHEMA, "additionalProperties": False, "required": []}, False),
        ({"type": "array", "items": {"type": "string"}}, True),
        ({"type": "array", "items": SCHEMA}, False),
        ({"anyOf": [{"type": "string"}, SCHEMA]}, False),
    ],
)
def test_openai_is_asked_to_be_strict_where_it_takes_the_schema(serve, quick, schema, strict):
    server = serve(lambda _: Reply(400, {}))
    with get_llm("openai:m", base_url=server.url, **quick) as model, pytest.raises(InvalidInput):
        model.complete_json("how many?", schema)
    assert server.requests[0].body["response_format"]["json_schema"]["strict"] is strict


def test_a_refusal_in_openais_own_field_is_one(serve, quick):
    server = serve(chat("openai", "x"))
    message = {"role": "assistant", "content": None, "refusal": "I cannot"}
    server.queue = [Reply(200, {"choices": [{"message": message, "finish_reason": "stop"}]})]
    with get_llm("openai:m", base_url=server.url, **quick) as model:
        with pytest.raises(InvalidInput, match="refused") as caught:
            model.complete_json("how many?", SCHEMA)
        assert caught.value.details["answer"] == "I cannot"
        server.queue = [
            Reply(
                200,
                b'data: {"choices": [{"delta": {"refusal": "I cannot"}}]}\n\n'
                b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n',
            )
        ]
        with pytest.raises(InvalidInput, match="refused"):
            assert list(model.stream("how many?")) == []


def test_a_prompt_that_gemini_blocks_is_a_refusal(serve, quick):
    server = serve(lambda _: Reply(200, {"promptFeedback": {"blockReason": "SAFETY"}}))
    with (
        get_llm("gemini:m", base_url=server.url, **quick) as model,
        pytest.raises(InvalidInput, match="refused"),
    ):
        model.complete("say hello")
