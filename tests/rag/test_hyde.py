"""Searching with an answer that a model made up."""

import numpy as np
import pytest

import engram
from engram.errors import InvalidInput
from engram.rag import HyDE


class Topics:
    identity = engram.Identity("topics", "1", 3, normalized=True)

    def encode_batch(self, texts):
        rows = {"bird": [1, 0, 0], "fish": [0, 1, 0], "nothing": [0, 0, 0]}
        return np.array(
            [
                next((row for word, row in rows.items() if word in text), [0, 0, 1])
                for text in texts
            ],
            dtype=np.float32,
        )


@pytest.fixture
def animals():
    with engram.open(":memory:", embedder=Topics()) as db:
        animals = db.collection("animals")
        animals.put("b", text="a bird with long legs")
        animals.put("f", text="a fish in the sea")
        animals.put("o", text="something with wheels")
        yield animals


def test_the_answer_is_searched_for_and_the_question_counts_too(animals):
    asked = []

    def model(prompt):
        asked.append(prompt)
        return "It is a bird."

    found = HyDE(model).search(animals, "what flies?", k=3, mode="semantic")
    assert found.ids == ["b", "o", "f"]
    assert found.scores[:2] == pytest.approx([0.5**0.5, 0.5**0.5])
    assert asked == [
        "Write a short passage that answers the question, as a reference work would. what flies?"
    ]
    assert animals.query("what flies?", k=1, mode="semantic").ids == ["o"]


def test_words_of_the_question_are_searched_for_as_ever(animals):
    found = HyDE(lambda prompt: "a bird").search(animals, "wheels", k=3)
    assert {"lexical", "semantic"} <= set(found.report.retrievers)
    assert found.ids[0] == "o"


def test_several_answers_are_averaged(animals):
    answers = iter(["a bird", "a fish", "a bird"])
    hyde = HyDE(lambda prompt: next(answers), documents=3, prompt="Q: {question}")
    found = hyde.search(animals, "nothing", k=3, mode="semantic")
    assert found.ids == ["b", "f", "o"]


def test_what_has_no_vector_is_searched_for_by_its_words(animals):
    found = HyDE(lambda prompt: "nothing").search(animals, "nothing with wheels")
    assert found.ids == ["o", "b"]
    assert found.report.retrievers == ("lexical",)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: HyDE(5), "llm.invalid"),
        (lambda: HyDE(str, documents=0), "input.invalid"),
        (lambda: HyDE(str, prompt="no variable"), "template.invalid"),
        (lambda: HyDE(lambda prompt: " ").write("q"), "llm.answer"),
    ],
)
def test_wrong_arguments_are_errors(make, code):
    with pytest.raises(InvalidInput) as caught:
        make()
    assert caught.value.code == code


def test_without_an_embedder_there_is_nothing_to_search_with():
    with engram.open(":memory:", embedder=None) as db:
        plain = db.collection("plain")
        plain.put("a", text="x")
        with pytest.raises(InvalidInput) as caught:
            HyDE(str).search(plain, "x")
    assert caught.value.code == "embedder.missing"
