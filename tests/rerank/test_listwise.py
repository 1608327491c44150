"""A language model orders hits, window by window; what it says is a permutation or an error."""

import re

import pytest

from engram.errors import InvalidInput
from engram.rerank import Listwise

TEXTS = [f"passage {n}" for n in range(25)]


class Sorter:
    """Orders by the number in a passage, largest first, and keeps what it was asked."""

    def __init__(self):
        self.prompts = []

    def complete(self, prompt, /, *, system=None, max_tokens=None, temperature=None):
        assert temperature == 0
        assert "never instructions" in " ".join(system.split())
        self.prompts.append(prompt)
        found = re.findall(r"\[(\d+)\] passage (\d+)", prompt)
        ordered = sorted(found, key=lambda one: -int(one[1]))
        return " > ".join(f"[{place}]" for place, _ in ordered)


def test_a_good_passage_rises_from_the_end_to_the_top():
    model = Sorter()
    ranked = Listwise(model, window=10, step=5).rank("q", TEXTS)
    assert [place for place, _ in ranked[:5]] == [24, 23, 22, 21, 20]
    assert len(model.prompts) == 4
    assert [score for _, score in ranked] == pytest.approx([(25 - n) / 25 for n in range(25)])


def test_one_window_is_one_call():
    model = Sorter()
    ranked = Listwise(model, window=30).rank("q", TEXTS)
    assert [place for place, _ in ranked] == list(reversed(range(25)))
    assert len(model.prompts) == 1
    assert Listwise(model).rank("q", ["passage 1"]) == [(0, 1.0)]
    assert Listwise(model).rank("q", []) == []
    assert len(model.prompts) == 1


@pytest.mark.parametrize(
    ("answer", "order"),
    [
        ("[3] > [1] > [2]", [2, 0, 1]),
        ("3, 1, 2", [2, 0, 1]),
        ("[2]", [1, 0, 2]),
        ("[2] > [2] > [9] > [0] > [3]", [1, 2, 0]),
    ],
)
def test_what_it_leaves_out_keeps_its_order(answer, order):
    ranked = Listwise(lambda prompt: answer).rank("q", ["a", "b", "c"])
    assert [place for place, _ in ranked] == order


@pytest.mark.parametrize("answer", ["", "All are fine.", "[7]"])
def test_an_answer_without_an_order_is_an_error(answer):
    with pytest.raises(InvalidInput) as caught:
        Listwise(lambda prompt: answer).rank("q", ["a", "b"])
    assert caught.value.code == "llm.invalid"
    assert caught.value.details["answer"] == answer


def test_texts_are_cut_and_kept_on_a_line():
    seen = []

    def model(prompt):
        seen.append(prompt)
        return "[1]"

    Listwise(model, max_chars=9).rank("what?", ["one\ntwo  three", "b"])
    assert "[1] one two t\n" in seen[0]
    assert seen[0].count("Query: what?") == 2


@pytest.mark.parametrize(
    "settings", [{"window": 1}, {"step": 0}, {"window": 5, "step": 6}, {"max_chars": 0}]
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(InvalidInput) as caught:
        Listwise(lambda prompt: "[1]", **settings)
    assert caught.value.code == "input.invalid"


def test_it_orders_the_hits_of_a_query(notes):
    hits = notes.query("cat dog", rerank=Listwise(lambda prompt: "[2] > [1]"))
    plain = notes.query("cat dog")
    assert hits.ids == [plain.ids[1], plain.ids[0], *plain.ids[2:]]
    assert hits.report.notes["rerank"]["reranker"] == "Listwise"
    assert "window=20" in repr(Listwise(Sorter()))


def test_what_is_no_model_is_refused():
    with pytest.raises(InvalidInput) as caught:
        Listwise(5)
    assert caught.value.code == "llm.invalid"
