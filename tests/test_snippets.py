"""Snippets: exact offsets, what is marked, and which piece is shown."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engram
from engram import InvalidInput, Snippet


def shown(db, text, query, **options):
    """Put a text, find it, and give its marked snippets."""
    notes = db.collection("shown", embedder=None)
    notes.put("1", text=text)
    (hit,) = notes.query(query, mode="lexical", snippets=options or True)
    for piece in hit.snippets:
        assert piece.text == text[piece.start : piece.end]
        assert all(piece.start <= start < end <= piece.end for start, end in piece.marks)
    return [piece.marked("[", "]") for piece in hit.snippets]


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("The runners were running.", "run", "The runners were [running]."),
        ("A readTimeout of http_client", "timeout client", "A read[Timeout] of http_[client]"),
        ("Zürich, not zurich", "ZURICH", "[Zürich], not [zurich]"),
        ("नमस्ते हिन्दी दुनिया", "हिन्दी", "नमस्ते [हिन्दी] दुनिया"),
        ("東京都に住む", "東京都", "[東京都]に住む"),
        ("to be or not to be", '"or not"', "to be [or not] to be"),
        ("harbour and harvest", "har*", "[harbour] and [harvest]"),
        ("in the kitchen", "kichen~1", "in the [kitchen]"),
        ("what is the whale", "what is the whale", "what is the [whale]"),
        ("👍🏽 e\u0301toile 👍🏽", "étoile", "👍🏽 [e\u0301toile] 👍🏽"),
    ],
)
def test_what_the_index_finds_is_marked(db, text, query, marked):
    assert shown(db, text, query) == [marked]


def test_the_best_pieces_come_first_and_do_not_overlap(db):
    filler = "Lorem ipsum dolor sit amet. " * 10
    text = f"A whale. {filler}A whale in the ocean. {filler}The ocean."
    assert shown(db, text, "whale ocean", length=30) == ["A [whale] in the [ocean]. Lorem"]
    assert shown(db, text, "whale ocean", length=12, count=5)[0] in {"The [ocean].", "A [whale]."}
    pieces = shown(db, text, "whale ocean", length=30, count=3)
    assert len(pieces) == 3


def test_the_rarer_word_decides(db):
    notes = db.collection("c", embedder=None)
    for n in range(20):
        notes.put(f"{n}", text="the common word")
    notes.put("x", text=f"A common start. {'Filler here. ' * 30}A rare end.")
    hit = notes.query("common rare", mode="lexical", snippets={"length": 20})[0]
    assert hit.id == "x"
    assert hit.snippets[0].marked() == "A **rare** end."


def test_hits_without_words_or_text(db):
    notes = db.collection("c", embedder=None)
    notes.put("1", text="Some words to begin with", vector=[1.0, 0.0])
    notes.put("2", vector=[0.0, 1.0])
    for hit in notes.query(vector=[1.0, 0.5], snippets={"length": 12}):
        wanted = [("Some words", ())] if hit.id == "1" else []
        assert [(piece.text, piece.marks) for piece in hit.snippets] == wanted
    assert notes.query(vector=[1.0, 0.5])[0].snippets == ()


def test_snippets_need_no_text_in_the_hit_and_go_with_every_form(db):
    notes = db.collection("c", embedder=None)
    notes.put_many({"id": f"{n}", "text": f"whale number {n}"} for n in range(5))
    hits = notes.query("whale", k=2, snippets=True, include=())
    assert not hasattr(hits[0], "text")
    assert hits[0].snippets[0].marked().startswith("**whale** number")
    following = notes.query("whale", k=2, cursor=hits.cursor)
    assert following[0].snippets == ()
    many = notes.query_many(["whale", {"text": "number", "snippets": False}], snippets=True)
    assert [bool(found[0].snippets) for found in many] == [True, False]
    plain = hits[0].to_dict()["snippets"]
    assert plain == [{"text": "whale number 0", "start": 0, "end": 14, "marks": [[0, 5]]}]
    again = pickle.loads(pickle.dumps(hits))
    assert again[0].snippets == hits[0].snippets
    assert hash(again[0].snippets[0]) == hash(hits[0].snippets[0])
    assert repr(again[0].snippets[0]) == "Snippet('**whale** number 0', 0:14)"
    assert isinstance(again[0].snippets[0], Snippet)
    assert again[0].snippets[0] != "whale number 0"


@pytest.mark.parametrize(
    "snippets", [1, "yes", {"size": 1}, {"length": 0}, {"count": 101}, {"length": True}, None]
)
def test_what_is_no_shape_is_refused(db, snippets):
    notes = db.collection("c", embedder=None)
    with pytest.raises(InvalidInput):
        notes.query("x", mode="lexical", snippets=snippets)


ALPHABET = st.sampled_from([*"ab é😀.", "\u0301", "東", "京", " whale ", "readTimeout"])


@given(
    parts=st.lists(ALPHABET, min_size=1, max_size=40),
    query=st.sampled_from(["a", "b*", "whale", "timeout", '"a b"', "東京", "é", "whal~1 -zzz"]),
    length=st.integers(1, 60),
    count=st.integers(1, 3),
)
def test_offsets_are_those_of_python(parts, query, length, count):
    text = "".join(parts)
    with engram.open(":memory:") as db:
        notes = db.collection("c", embedder=None)
        notes.put("1", text=text)
        shape = {"length": length, "count": count}
        for hit in notes.query(query, mode="lexical", snippets=shape):
            assert 1 <= len(hit.snippets) <= count
            assert any(piece.marks for piece in hit.snippets)
            for piece in hit.snippets:
                assert piece.text == text[piece.start : piece.end]
                assert 0 < len(piece.text) <= length
                at = piece.start
                for start, end in piece.marks:
                    assert at <= start < end <= piece.end
                    at = end
