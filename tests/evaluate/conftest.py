"""What the tests of evaluation share: judges that answer from a script."""

import json

import pytest

from engram.evaluate import EvaluationInput


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
