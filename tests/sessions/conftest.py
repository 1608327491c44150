"""A memory of three documents."""

import pytest

from engram import Memory

TEXTS = {
    "tower.txt": "The Eiffel Tower is in Paris. It was built from 1887 to 1889.",
    "bridge.txt": "The Golden Gate Bridge opened in May 1937. It is painted orange.",
    "bread.txt": "Knead the dough for ten minutes. Let the bread rise for an hour.",
}


@pytest.fixture
def memory():
    with Memory.open(":memory:") as opened:
        for uri, text in TEXTS.items():
            opened.put(text, uri=uri)
        yield opened
