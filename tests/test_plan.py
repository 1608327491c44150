"""The sides of one query: fusion, thresholds, cut-off, diversity, groups, pages, batches."""

import pickle

import numpy as np
import pytest

import engram
from engram.errors import InvalidInput


@pytest.fixture
def db():
    with engram.open(":memory:", embedder=None) as db:
        yield db


@pytest.fixture
def notes(db):
    notes = db.collection("notes", metric="dot")
    rows = [
        ("a", "apple pie apple tart", [1.0, 0.0], "x"),
        ("b", "apple banana", [0.8, 0.2], "x"),
        ("c", "cherry apple cake", [0.1, 0.9], "y"),
        ("d", "dates", [0.79, 0.21], "y"),
        ("e", None, [0.05, 0.1], None),
    ]
    for name, text, vector, kind in rows:
        metadata = {} if kind is None else {"kind": {"of": kind}}
        notes.put(name, text=text, vector=vector, metadata=metadata)
    return notes


def scores(results):
    return dict(zip(results.ids, results.scores, strict=True))


def test_convex_fusion_is_the_weighted_sum_of_stretched_scores(notes):
    vector = [1.0, 0.0]
    lexical = scores(notes.query("apple", k=50, mode="lexical"))
    dense = scores(notes.query(vector=vector, k=50))
    # A record with text that lacks the word has the score 0; one without text has none.
    lexical |= {"d": 0.0}
    stretched = []
    for by_id in (lexical, dense):
        low, high = min(by_id.values()), max(by_id.values())
        stretched.append({name: (s - low) / (high - low) for name, s in by_id.items()})
    for weights, shares in (({"lexical": 3, "semantic": 1}, (0.75, 0.25)), ({}, None)):
        results = notes.query("apple", vector=vector, weights=weights, k=50)
        given = results.report.weights
        shares = shares or (given["lexical"], given["semantic"])
        assert (given["lexical"], given["semantic"]) == pytest.approx(shares)
        for hit in results:
            want = shares[0] * stretched[0].get(hit.id, 0) + shares[1] * stretched[1][hit.id]
            assert hit.score == pytest.approx(want, abs=1e-6)
            assert hit.scores["semantic"] == pytest.approx(dense[hit.id])
        assert results.ids == sorted(results.ids, key=lambda name: (-scores(results)[name], name))
    assert set(results.ids) == set("abcde")
    assert "lexical" not in results[results.ids.index("e")].scores


def test_the_only_text_with_the_word_counts_beside_records_without_text(db):
    mixed = db.create_collection("mixed")
    mixed.put("words", text="apple", vector=[0.0, 1.0])
    mixed.put("near", vector=[1.0, 0.1])
    mixed.put("nearer", vector=[1.0, 0.0])
    results = mixed.query("apple", vector=[1.0, 0.0])
    assert scores(results)["words"] == pytest.approx(results.report.weights["lexical"])
    assert results.ids[0] in {"words", "nearer"}


def test_a_hit_that_is_alone_is_the_best_there_is(db):
    alone = db.create_collection("alone")
    alone.put("a", text="apple", vector=[0.0, 1.0])
    assert alone.query("apple", vector=[1.0, 0.0]).scores == pytest.approx([1.0])


@pytest.mark.parametrize(
    "options",
    [
        {"weights": {"lexical": -1.0}},
        {"weights": {"lexical": 0.0, "semantic": 0.0}},
        {"weights": {"lexicon": 1.0}},
        {"min_score": {"lexicon": 1.0}},
        {"fusion": "borda"},
        {"cutoff": "knee"},
        {"cutoff": 1.5},
        {"diversity": 2},
        {"group_by": "kind.of", "group_size": 0},
        {"feedback": -0.1},
        {"hop": 1.1},
        {"candidates": 3},
        {"recall": 0.2},
        {"include": ("texts",)},
        {"include": "text"},
        {"cursor": "zzz"},
    ],
)
def test_a_side_that_makes_no_sense_is_an_error(notes, options):
    with pytest.raises(InvalidInput) as caught:
        notes.query("apple", vector=[1.0, 0.0], **options)
    assert caught.value.code in {"input.invalid", "input.limit"}


def test_thresholds_and_cut_offs(notes):
    vector = [1.0, 0.0]
    assert notes.query(vector=vector).ids == ["a", "b", "d", "c", "e"]
    assert notes.query(vector=vector, min_score=0.79).ids == ["a", "b", "d"]
    assert notes.query(vector=vector, min_score={"semantic": 0.5}).ids == ["a", "b", "d"]
    assert notes.query(vector=vector, cutoff=0.5).ids == ["a", "b", "d"]
    assert notes.query(vector=vector, cutoff="elbow").ids == ["a", "b", "d"]
    assert notes.query(vector=vector, cutoff=0.0).ids == ["a", "b", "d", "c", "e"]


def test_diversity_prefers_what_is_unlike_the_hits_before(notes):
    vector = [0.9, 0.45]
    plain = notes.query(vector=vector, k=3).ids
    assert plain == ["a", "b", "d"]
    assert notes.query(vector=vector, k=3, diversity=0.0).ids == plain
    assert notes.query(vector=vector, k=3, diversity=0.6).ids[:2] == ["a", "c"]


def test_groups_share_their_places(notes):
    found = notes.query(vector=[1.0, 0.0], group_by="kind.of").ids
    assert found == ["a", "d", "e"], "one of x, one of y, and the one without the field"
    assert notes.query(vector=[1.0, 0.0], group_by="kind.of", group_size=2).ids == list("abdce")
    assert notes.query(vector=[1.0, 0.0], group_by="kind.of", k=2).ids == ["a", "d"]


@pytest.mark.parametrize(
    "options",
    [
        {"vector": [0.3, 0.7]},
        {"text": "apple"},
        {"text": "apple cherry", "vector": [0.3, 0.7]},
        {"text": "apple cherry", "vector": [0.3, 0.7], "fusion": "rrf"},
        {"vector": [0.3, 0.7], "diversity": 0.5},
        {"vector": [0.3, 0.7], "group_by": "kind.of"},
    ],
)
def test_pages_make_up_the_whole_list(notes, options):
    for n in range(40):
        vector = [n / 40, 1 - n / 50]
        metadata = {"kind": {"of": n % 20}}
        notes.put(f"n{n:02}", text="apple " * (n % 5) + "word", vector=vector, metadata=metadata)
    options = {"candidates": 100} | options
    whole = notes.query(**{"k": 60} | options)
    pages, cursor = [], None
    while True:
        page = notes.query(**options, k=7, cursor=cursor)
        pages += page.ids
        cursor = page.cursor
        if cursor is None:
            break
        assert len(page) == 7
    assert pages == whole.ids
    assert whole.cursor is None
    first = notes.query(**options, k=7)
    with pytest.raises(InvalidInput, match="another query"):
        notes.query("other words", cursor=first.cursor)


def test_a_hit_has_what_was_asked_for(notes):
    bare = notes.query("apple", include=())[0]
    assert bare.to_dict().keys() == {"id", "score", "scores"}
    for name in ("text", "metadata", "created_us"):
        with pytest.raises(AttributeError, match="include"):
            getattr(bare, name)
    some = notes.query("apple", include=("metadata",))[0]
    assert some.metadata == {"kind": {"of": "x"}}
    assert not hasattr(some, "text")
    assert pickle.loads(pickle.dumps(some)).metadata == some.metadata


def test_many_queries_give_what_each_would(notes):
    rng = np.random.default_rng(1)
    queries = [{"vector": v} for v in rng.standard_normal((20, 2))]
    queries += ["apple", engram.Query("cherry dates", k=2, include=())]
    for threads in (None, 1, 3):
        many = notes.query_many(queries, threads=threads, k=3)
        assert len(many) == len(queries)
        for query, found in zip(queries, many, strict=True):
            alone = notes.query(query) if isinstance(query, engram.Query) else None
            alone = alone or notes.query(
                **{"k": 3} | (query if isinstance(query, dict) else {"text": query})
            )
            assert (found.ids, found.scores) == (alone.ids, alone.scores)
    assert notes.query_many([]) == []
    with pytest.raises(InvalidInput) as caught:
        notes.query_many([{"vector": [1.0, 0.0]}, {"vector": [1.0]}])
    assert caught.value.details["index"] == "1"


def test_a_query_comes_as_object_dict_or_arguments(notes):
    want = notes.query("apple", k=2, where="kind.of = 'x'").ids
    assert notes.query({"text": "apple", "k": 2, "where": "kind.of = 'x'"}).ids == want
    query = engram.Query("apple", k=2, where="kind.of = 'x'")
    assert notes.query(query).ids == want
    assert repr(query).startswith("Query('apple'")
    with pytest.raises(InvalidInput, match="alone"):
        notes.query(query, k=3)


def test_feedback_moves_the_query_toward_its_hits(notes):
    plain = notes.query(vector=[0.6, 0.4], k=5)
    moved = notes.query(vector=[0.6, 0.4], k=5, feedback=1.0)
    vectors = [notes.get(name, vectors=True).vectors["vector"] for name in plain.ids[:3]]
    mean = np.mean([v / np.linalg.norm(v) for v in vectors], axis=0)
    mean *= np.linalg.norm([0.6, 0.4]) / np.linalg.norm(mean)
    assert moved.scores == pytest.approx(notes.query(vector=mean, k=5).scores, abs=1e-5)


@pytest.mark.parametrize("settled", [False, True])
def test_first_hits_pass_their_score_on_to_what_they_link_to(db, notes, settled):
    plain = scores(notes.query("apple", k=50))
    notes.put_edge("a", "cites", "e")
    notes.put_edge("b", "cites", "e")
    notes.put_edge("b", "cites", "c")
    notes.put_edge("d", "cites", "b")  # "d" is no hit, so it passes nothing on
    if settled:
        db.optimize()
    best = max(plain["a"], plain["b"])
    want = {**plain, "e": 0.5 * best, "c": plain["c"] + 0.5 * plain["b"]}
    assert scores(notes.query("apple", k=50, hop=0.5)) == pytest.approx(want)
    assert scores(notes.query("apple", k=50)) == plain
    allowed = notes.query("apple", k=50, hop=0.5, where="kind EXISTS")
    assert "e" not in allowed.ids
    ranked = notes.query("apple", k=2, hop=0.5)
    assert ranked.ids == sorted(want, key=lambda name: (-want[name], name))[:2]
    assert [name for name, _, _ in ranked.report.steps] == [
        "filter",
        "lexical",
        "fuse",
        "hop",
        "shape",
    ]


def test_explain_tells_steps_and_retrievers(notes):
    report = notes.query("apple", vector=[1.0, 0.0], where="kind EXISTS").report
    text = report.explain()
    assert [name for name, _, _ in report.steps] == [
        "filter",
        "lexical",
        "semantic",
        "fuse",
        "shape",
    ]
    assert report.steps[0][1] == report.matched == 4
    assert "lexical: searched 4" in text


def test_threads_change_nothing_of_what_is_found(notes):
    """A query has the same answer whatever threads share it; a wrong number is refused."""
    for options in ({"vector": [0.6, 0.4]}, {"vector": [0.6, 0.4], "exact": True}):
        alone = notes.query(**options, k=5)
        assert notes.query(**options, k=5, threads=3).ids == alone.ids
    for wrong in (0, -1, True, 1.5, "2"):
        with pytest.raises(InvalidInput, match="threads"):
            notes.query("word", threads=wrong)


def test_a_query_may_be_kept_to_when_records_were_first_put(notes):
    created = notes.get("c").created
    assert notes.query("apple", since=created, k=50).ids == ["c"]
    assert set(notes.query("apple", until=created, k=50).ids) == {"a", "b"}
    assert notes.query("apple", since="2020-01-01", until="2020-02-01").ids == []
    found = notes.query("apple", since=created, where="kind.of = 'x' OR kind.of = 'y'", k=50)
    assert found.ids == ["c"]
    with pytest.raises(InvalidInput):
        notes.query("apple", since=7.5)


def test_a_query_may_ask_the_database_as_it_was(db, notes):
    before = notes.query("apple", k=50)
    notes.put("new", text="apple")
    assert "new" in notes.query("apple", k=50).ids
    past = notes.query("apple", k=50, as_of=before.report.commit)
    assert (past.ids, past.report.commit) == (before.ids, before.report.commit)
    with pytest.raises(InvalidInput, match="live collection"):
        db.at(before.report.commit).collection("notes").query("apple", as_of=before.report.commit)
    with pytest.raises(InvalidInput, match="one commit"):
        notes.query_many(["apple"], as_of=before.report.commit)
