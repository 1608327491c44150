"""Texts break where neighbouring sentences are about different things."""

import numpy as np
import pytest

import engram.embed
from engram.errors import InvalidInput
from engram.rag import SemanticTextSplitter

CATS = "Cats purr when they are stroked. A kitten plays with its mother cat. "
MONEY = "The stock market fell sharply. Investors sold shares and bonds. "
PLANETS = "Jupiter is the largest planet. Saturn orbits the sun with its rings."


class Topics:
    """Embeds a sentence as the topic that its first letter stands for; digits mean nothing."""

    identity = engram.embed.Identity("topics", "1", 3, normalized=True)

    def encode_batch(self, texts):
        rows = {"a": [1, 0, 0], "b": [0, 1, 0], "c": [0, 0, 1]}
        return np.array([rows.get(text[0], [0, 0, 0]) for text in texts], dtype=np.float32)


def test_the_built_in_model_finds_where_the_subject_changes():
    splitter = SemanticTextSplitter(engram.embed.default(), percentile=60)
    assert splitter.split_text(CATS + MONEY + PLANETS) == [CATS, MONEY, PLANETS]


def test_it_breaks_above_the_percentile_of_all_distances():
    text = "a1. a2. a3. b1. b2. c1. c2. c3."
    assert SemanticTextSplitter(Topics(), percentile=50).split_text(text) == [
        "a1. a2. a3. ",
        "b1. b2. ",
        "c1. c2. c3.",
    ]
    assert SemanticTextSplitter(Topics(), percentile=100).split_text(text) == [text]
    assert SemanticTextSplitter(Topics(), 10, percentile=50).split_text("a1. a2. a3. b1. b2.") == [
        "a1. a2. ",
        "a3. ",
        "b1. b2.",
    ]


def test_what_the_embedder_does_not_know_stands_with_what_is_before_it():
    text = "a1. ?? b1. 5! a2."
    assert SemanticTextSplitter(Topics(), percentile=0).split_text("a1. 9! a2. 7! b1. b2.") == [
        "a1. 9! a2. 7! ",
        "b1. b2.",
    ]
    assert SemanticTextSplitter(Topics()).split_text("?? 1! 2?") == ["?? 1! 2?"]
    assert "".join(SemanticTextSplitter(Topics()).split_text(text)) == text


def test_one_sentence_is_one_chunk_and_the_number_of_an_item_ends_none():
    assert SemanticTextSplitter(Topics()).split_text("a b c") == ["a b c"]
    chunks = SemanticTextSplitter(Topics(), percentile=0).split_text("a x:\n1. b y. 12. a z. c.")
    assert chunks == ["a x:\n1. b y. 12. a z. ", "c."] or chunks[0].startswith("a x:\n1. b")


@pytest.mark.parametrize("percentile", [-1, 101, float("nan")])
def test_a_percentile_is_from_0_to_100(percentile):
    with pytest.raises(InvalidInput) as caught:
        SemanticTextSplitter(Topics(), percentile=percentile)
    assert caught.value.code == "input.invalid"


@pytest.mark.parametrize("embedder", [None, object(), 3])
def test_what_is_no_embedder_is_an_error(embedder):
    with pytest.raises(InvalidInput) as caught:
        SemanticTextSplitter(embedder)
    assert caught.value.code == "embedder.invalid"
