"""Passages that the tests ask about, loopback providers, and an environment without keys."""

import pytest

from engram.answer import Passage
from provider_fixtures import clock, no_environment, quick, serve  # noqa: F401

TOWER = (
    "The Eiffel Tower is a tower of wrought iron in Paris. It was built from 1887 to 1889 "
    "by the company of Gustave Eiffel. It is 330 metres tall."
)
BRIDGE = "The Golden Gate Bridge spans the strait at San Francisco. It opened in May 1937."
BREAD = "Knead the dough for ten minutes. Let the bread rise for an hour before baking."


@pytest.fixture
def passages():
    return [
        Passage(TOWER, "t#0", "towers.txt", "Towers", page=3, start=1_000),
        Passage(BRIDGE, "b#0", "bridges.pdf", "Bridges", page=8, start=40),
        Passage(BREAD, "k#0", "kitchen.md"),
    ]
