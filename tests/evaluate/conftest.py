"""What the tests of evaluation share: judges that answer from a script."""

import json

import pytest

from engram.evaluate import EvaluationInput, QuerySet


class Judge:
    """A model that gives the next of its answers, again and again the last."""

    def __init__(self, *answers):
        self.answers = [one if isinstance(one, str) else json.dumps(one) for one in answers]
        self.prompts = []

    def complete(self, prompt, /, *, system=None, max_tokens=None, temperature=None):
        self.prompts.append(prompt)
        return self.answers[min(len(self.prompts), len(self.answers)) - 1]


@pytest.fixture
def judge():
    return Judge


@pytest.fixture
def answered():
    return EvaluationInput(
        "Where did Alice meet Bob?",
        contexts=["Alice met Bob in Paris.", "The recipe needs two eggs."],
        answer="Alice met Bob in Paris. They ate eggs.",
        ground_truth="She met him in Paris.",
    )


ANIMALS = {
    "cat": "the cat sleeps on the warm mat",
    "dog": "the dog chases the cat around the garden",
    "eel": "an eel swims in the river",
    "fox": "the fox steals eggs from the garden at night",
    "owl": "the owl hunts at night in the forest",
    "hen": "the hen lays eggs",
}
QUERIES = {
    "q1": "cat on mat", "q2": "eggs", "q3": "hunts at night", "q4": "river", "q5": "garden",
    "q6": "nobody judged this",
}  # fmt: skip
JUDGMENTS = {
    "q1": {"cat": 2, "dog": 1}, "q2": {"hen": 2, "fox": 1}, "q3": {"owl": 1, "fox": 1, "eel": 0},
    "q4": {"eel": 1}, "q5": {"dog": 1, "fox": 1}, "q6": {"cat": 0},
}  # fmt: skip


@pytest.fixture
def animals(db):
    collection = db.collection("animals")
    collection.put_many({"id": name, "text": text} for name, text in ANIMALS.items())
    return collection


@pytest.fixture
def query_set():
    return QuerySet("animals", QUERIES, JUDGMENTS, description="who does what")
