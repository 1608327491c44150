"""Templates fill in everything, or say what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engram.errors import InvalidInput
from engram.rag import PromptTemplate


def test_variables_are_filled_in():
    template = PromptTemplate("{question}? From {context}: {question}!")
    assert template.variables == ("question", "context")
    filled = template.format({"context": "here", "question": "Why"})
    assert filled == "Why? From here: Why!"
    assert PromptTemplate("{n} of {total}").format({"n": 3, "total": 4.5}) == "3 of 4.5"
    assert PromptTemplate("plain").format({}) == "plain"


def test_double_braces_are_braces():
    template = PromptTemplate('{{"answer": "{answer}"}} {{name}} {{{answer}}}')
    assert template.variables == ("answer",)
    assert template.format({"answer": "yes"}) == '{"answer": "yes"} {name} {yes}'


@given(value=st.text(), other=st.text())
def test_what_is_filled_in_is_never_read_as_a_template(value, other):
    assert PromptTemplate("<{a}|{b}>").format({"a": value, "b": other}) == f"<{value}|{other}>"
    escaped = value.replace("{", "{{").replace("}", "}}")
    assert PromptTemplate(escaped).format({}) == value


def test_partial_fills_in_some():
    template = PromptTemplate("{a} {b} {c}")
    some = template.partial({"b": "{c}"})
    assert some.variables == ("a", "c")
    assert some.partial({"a": 1}).format({"c": 3}) == "1 {c} 3"
    assert template.variables == ("a", "b", "c")
    assert some.template == template.template
    assert repr(some) == "PromptTemplate('{a} {b} {c}').partial({'b': '{c}'})"


@pytest.mark.parametrize(
    ("variables", "message", "hint"),
    [
        ({}, "no value for {question}, {context}", "format("),
        ({"question": "q"}, "no value for {context}", "{{context}}"),
        ({"question": "q", "context": "c", "k": 1}, "no variable 'k'", "{question}, {context}"),
        ({"question": "q", "contex": "c"}, "no variable 'contex'", "did you mean 'context'?"),
        ({"question": None, "context": "c"}, "{question} is None", '""'),
    ],
)
def test_missing_unknown_and_absent_values_are_errors(variables, message, hint):
    with pytest.raises(InvalidInput) as caught:
        PromptTemplate("{question} {context}").format(variables)
    assert caught.value.code == "template.invalid"
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_what_is_filled_in_already_is_unknown():
    with pytest.raises(InvalidInput) as caught:
        PromptTemplate("{a} {b}").partial({"a": 1}).format({"a": 2, "b": 3})
    assert caught.value.hint == "it is filled in already, by partial()"


@pytest.mark.parametrize(
    "text", ["{", "}", "a { b", '{"json": 1}', "{}", "{0}", "{a.b}", "{a!r}", "}}}"]
)
def test_a_brace_that_belongs_to_no_variable_is_an_error(text):
    with pytest.raises(InvalidInput) as caught:
        PromptTemplate(text)
    assert caught.value.code == "template.invalid"
    assert "for a brace" in caught.value.hint


def test_what_is_no_text_or_mapping_is_an_error():
    for make in (lambda: PromptTemplate(5), lambda: PromptTemplate("{a}").format("a")):
        with pytest.raises(InvalidInput) as caught:
            make()
        assert caught.value.code == "input.invalid"
