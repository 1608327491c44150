"""One question in several ways, one list of several."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engram
from engram.compat.vecstore import SearchResult
from engram.errors import InvalidInput
from engram.rag import MultiQueryRetrieval

fuse = MultiQueryRetrieval.reciprocal_rank_fusion


@dataclass(frozen=True)
class Result:
    id: str
    score: float = 0.0


class Plain:
    def __init__(self, key):
        self.id = key
        self.score = None


@pytest.fixture
def birds():
    with engram.open(":memory:") as db:
        birds = db.collection("birds")
        birds.put("stork", text="White storks fly south in autumn, gliding on warm air.")
        birds.put("swift", text="Swifts sleep in flight and eat insects.")
        birds.put("owl", text="Owls hunt mice by night.")
        yield birds


def test_ranks_are_summed_up_from_one():
    found = fuse([[Result("a"), Result("b")], [Result("b"), Result("c")]], 60)
    assert [(one.id, one.score) for one in found] == [
        ("b", 1 / 62 + 1 / 61),
        ("a", 1 / 61),
        ("c", 1 / 62),
    ]
    assert [one.id for one in fuse([[Result("a"), Result("b")], [Result("b")]], k=0)] == ["b", "a"]


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), max_size=5), st.integers(0, 90))
def test_fusion_is_what_its_formula_says(rankings, k):
    expected = {
        key: sum(1 / (k + row.index(key) + 1) for row in rankings if key in row)
        for key in {key for row in rankings for key in row}
    }
    found = fuse([[Result(key) for key in row] for row in rankings], k)
    assert {one.id: pytest.approx(one.score) for one in found} == expected
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_ties_go_by_id_and_a_list_counts_its_first_place_only():
    assert [one.id for one in fuse([[Result("b")], [Result("a")]])] == ["a", "b"]
    twice = fuse([[Result("a"), Result("b"), Result("a")]])
    assert [one.score for one in twice] == [1 / 61, 1 / 62]
    assert fuse([]) == fuse([[], []]) == []


def test_it_takes_hits_results_of_vecstore_and_plain_objects(birds):
    hits = birds.query("storks", mode="semantic", k=3)
    found = fuse([hits, birds.query("storks flying south", k=1)])
    assert found[0].id == "stork"
    assert found[0].score == 2 / 61
    assert found[0].text == hits[0].text
    assert type(found[0]) is engram.Hit
    assert hits[0].score != found[0].score
    (result,) = fuse([[SearchResult("a", 0.5, {"n": 1})]])
    assert result == SearchResult("a", 1 / 61, {"n": 1})
    plain = Plain("a")
    (copy,) = fuse([[plain]])
    assert (copy.score, plain.score) == (1 / 61, None)


@pytest.mark.parametrize(
    "make",
    [
        lambda: fuse([[Result("a")]], -1),
        lambda: fuse([["a"]]),
        lambda: fuse([[engram.Record("a", "text", {}, 0, 0, None)]]),
        lambda: MultiQueryRetrieval.retrieve(lambda query: [], "one text"),
        lambda: MultiQueryRetrieval.retrieve(lambda query: [], ["a"], 0),
        lambda: MultiQueryRetrieval.retrieve(5, ["a"]),
        lambda: MultiQueryRetrieval.retrieve(lambda query: [], ["a"], where="x = 1"),
        lambda: MultiQueryRetrieval(5),
        lambda: MultiQueryRetrieval().generate(" "),
        lambda: MultiQueryRetrieval().generate("a", 0),
    ],
)
def test_wrong_arguments_are_errors(make):
    with pytest.raises(InvalidInput) as caught:
        make()
    assert caught.value.code in {"input.invalid", "llm.invalid"}


def test_a_collection_or_a_function_is_searched_for_each_query(birds):
    queries = ["animals that sleep in the air", "swifts"]
    found = MultiQueryRetrieval.retrieve(birds, queries, 2)
    assert found[0].id == "swift"
    assert len(found) == 2
    options = {"mode": "lexical", "where": "kind = 'x'", "missing": "ignore"}
    assert MultiQueryRetrieval.retrieve(birds, queries, 2, **options) == []
    asked = []

    def search(query):
        asked.append(query)
        return [Result("a"), Result(query)]

    assert [one.id for one in MultiQueryRetrieval.retrieve(search, ["x", "y"], 2)] == ["a", "x"]
    assert asked == ["x", "y"]


def test_questions_are_paraphrased_by_rule():
    generate = MultiQueryRetrieval().generate
    assert generate("How do I clean and store a tent?") == [
        "How do I clean and store a tent?",
        "clean and store a tent",
        "clean store tent",
        "store a tent",
    ]
    assert generate("What is the capital of France?", 2) == [
        "What is the capital of France?",
        "the capital of France",
    ]
    assert generate("compare postgres versus sqlite") == [
        "compare postgres versus sqlite",
        "compare postgres",
    ]
    assert generate("How do I undo it? And how do I push it?", 9)[-1] == "push it"
    assert generate("storks") == ["storks"]


@given(st.text(min_size=1).filter(str.strip), st.integers(1, 6))
def test_the_question_is_first_and_nothing_is_there_twice(question, n):
    found = MultiQueryRetrieval().generate(question, n)
    assert found[0] == question
    assert len(found) == len(set(found)) <= n
    assert all(one.strip() for one in found)


def test_a_model_paraphrases():
    asked = []

    def model(prompt):
        asked.append(prompt)
        return (
            'Here they are:\n1. "Where do storks go?"\n2) stork migration\n- why birds fly?\n\n* x'
        )

    queries = MultiQueryRetrieval(model).generate("Where do storks go?", 3)
    assert queries == ["Where do storks go?", "stork migration", "why birds fly?"]
    assert "Write 2 other ways" in asked[0]
    assert "Question: Where do storks go?" in asked[0]
    assert MultiQueryRetrieval(model).generate("q", 1) == ["q"]
    assert len(asked) == 1


def test_a_model_that_writes_nothing_is_an_error():
    with pytest.raises(InvalidInput) as caught:
        MultiQueryRetrieval(lambda prompt: "\n").generate("q")
    assert caught.value.code == "llm.answer"
