"""Whatever answers a prompt is a language model."""

import pytest

from engram.errors import InvalidInput
from engram.llm import LLM, as_llm


class Echo:
    def complete(self, prompt, /, *, system=None, max_tokens=None, temperature=None):
        return f"{system}|{prompt}|{max_tokens}|{temperature}"


def test_a_model_is_taken_as_it_is():
    model = Echo()
    assert isinstance(model, LLM)
    assert as_llm(model) is model


def test_a_function_is_told_the_system_text_first():
    model = as_llm(lambda prompt: prompt.upper())
    assert isinstance(model, LLM)
    assert model.complete("hello") == "HELLO"
    assert model.complete("hello", system="be brief", max_tokens=5) == "BE BRIEF\n\nHELLO"


@pytest.mark.parametrize("answer", [None, b"bytes", 5])
def test_a_function_that_returns_no_text_is_refused(answer):
    with pytest.raises(InvalidInput, match=r"llm\.invalid.*returned") as caught:
        as_llm(lambda _: answer).complete("hello")
    assert caught.value.code == "llm.invalid"
