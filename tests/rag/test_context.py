"""Chunks as records, and records as a prompt's context."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engram
from engram.errors import InvalidInput
from engram.rag import (
    MarkdownTextSplitter,
    RecursiveCharacterTextSplitter,
    chunk_of,
    chunk_records,
    estimate_tokens,
    pack_context,
    read_source,
)

GUIDE = "# Storks\n\nThey are tall.\n\n## Size\n\n| species | span |\n|---|---|\n" + "".join(
    f"| stork {n} | {n} m |\n" for n in range(9)
)
PROSE = "One is here. Two is there. Three is far. Four is near. Five is gone. Six is back."


@dataclass
class Found:
    id: str
    text: str | None
    metadata: dict = field(default_factory=dict)


def of(text, start, end, source="s", **more):
    about = {"source": source, "start": start, "end": end, **more}
    return Found(f"{source}#{start}-{end}", text[start:end], about)


def test_records_hold_the_context_and_lead_back_to_the_exact_chunk():
    chunks = MarkdownTextSplitter(60).split(GUIDE)
    records = chunk_records(chunks, "guide.md", metadata={"lang": "en"})
    assert len(records) == len(chunks)
    last = records[-1]
    assert last["text"].startswith("Storks > Size\n| species | span |\n|---|---|\n| stork")
    about = last["metadata"]
    assert GUIDE[about["start"] : about["end"]] == last["text"][about["context_chars"] :]
    assert last["id"] == f"guide.md#{about['start']}-{about['end']}"
    assert (about["title"], about["path"], about["lang"]) == ("Size", ["Storks", "Size"], "en")
    plain = chunk_records(chunks, "guide.md", contextual=False)
    assert plain[-1]["text"] == chunks[-1].text.strip()
    assert "context_chars" not in plain[-1]["metadata"]


def test_stored_chunks_are_found_by_their_context_and_read_back():
    with engram.open(":memory:") as db:
        guide = db.collection("guide")
        guide.put_many(chunk_records(MarkdownTextSplitter(60).split(GUIDE), "guide.md"))
        hit = next(hit for hit in guide.query("storks size", k=9) if "stork 8" in hit.text)
        chunk = chunk_of(hit)
    assert chunk.text == GUIDE[chunk.start : chunk.end]
    assert chunk.text.startswith("| stork")
    assert chunk.path == ("Storks", "Size")


def test_the_title_of_a_page_goes_before_its_chunks_and_offsets_lead_into_it():
    page = (
        "<html><title>Bird &amp; Co</title><body><p>Storks &amp; swifts</p><p> </p></body></html>"
    )
    read = read_source(page, "html")
    (record,) = chunk_records(RecursiveCharacterTextSplitter().split(read.text), "p", read=read)
    assert record["text"] == "Bird & Co\n\nStorks & swifts"
    about = record["metadata"]
    assert page[about["start"] : about["end"]] == "Storks &amp; swifts"
    assert record["text"][about["context_chars"] :] == "Storks & swifts"
    assert about["title"] == "Bird & Co"


def test_names_that_are_filled_in_cannot_be_metadata():
    with pytest.raises(InvalidInput) as caught:
        chunk_records([], "s", metadata={"start": 1, "x": 2})
    assert caught.value.message.startswith("metadata names start,")
    with pytest.raises(InvalidInput) as caught:
        chunk_of(Found("a", "text"))
    assert caught.value.code == "input.invalid"


def test_passages_are_numbered_and_cited():
    packed = pack_context([of(PROSE, 0, 12, page=3), of(PROSE, 41, 54, "t")], 100)
    assert packed.text == "[1] s, page 3\nOne is here.\n\n[2] t\nFour is near."
    assert packed.tokens == estimate_tokens(packed.text)
    one, two = packed.citations
    assert (one.number, one.ids, one.source, one.start, one.end) == (1, ("s#0-12",), "s", 0, 12)
    assert str(two) == "[2] t (41-54)"
    assert packed.cited("So [2], and [2, 1]. Not [9].") == [two, one]
    assert packed.unknown("So [2], and [9; 1].") == [9]
    assert one.to_dict()["ids"] == ["s#0-12"]
    empty = pack_context([], 5)
    assert (empty.text, empty.citations, empty.left_out) == ("", (), ())


def test_what_overlaps_or_touches_is_shown_once():
    hits = [
        of(PROSE, 27, 54),
        of(PROSE, 0, 12, "t"),
        of(PROSE, 13, 40),
        of(PROSE, 54, 68),
        of(PROSE, 30, 35),
    ]
    packed = pack_context(hits, 200)
    assert [one.text for one in packed.citations] == [PROSE[13:68], PROSE[:12]]
    assert packed.citations[0].ids == ("s#27-54", "s#13-40", "s#54-68", "s#30-35")
    for one in packed.citations:
        assert one.text == PROSE[one.start : one.end]
        assert one.text in packed.text
    bridge = pack_context([of(PROSE, 0, 12), of(PROSE, 20, 30), of(PROSE, 10, 22)], 200)
    assert [one.text for one in bridge.citations] == [PROSE[:30]]


@given(
    st.lists(st.tuples(st.integers(0, 80), st.integers(1, 30), st.sampled_from("st")), max_size=8),
    st.integers(12, 80),
)
def test_the_budget_is_kept_and_citations_are_exact(spans, budget):
    hits = [of(PROSE, a, min(a + n, len(PROSE)), name) for a, n, name in spans]
    packed = pack_context(hits, budget, length=lambda text: len(text) // 2)
    assert packed.tokens <= budget
    assert len(packed.text) // 2 == packed.tokens
    covered = []
    for one in packed.citations:
        assert one.text == PROSE[one.start : one.end]
        covered += [(one.source, place) for place in range(one.start, one.end)]
    assert len(covered) == len(set(covered)), "nothing twice"
    shown = {key for one in packed.citations for key in one.ids}
    assert shown | set(packed.left_out) == {hit.id for hit in hits}


def test_two_versions_of_a_source_are_not_mixed():
    old = of(PROSE, 0, 26)
    new = of(PROSE.replace("Two", "TWO"), 13, 40)
    packed = pack_context([old, new], 200)
    assert [one.text for one in packed.citations] == [old.text, new.text]
    within = of(PROSE.replace("Two", "TWO"), 13, 26)
    assert len(pack_context([old, within], 200).citations) == 2


def test_what_does_not_fit_is_left_out_and_the_best_is_cut_if_it_must():
    hits = [of(PROSE, 0, 12), of(PROSE, 13, 68, "long"), of(PROSE, 69, 81, "t")]
    packed = pack_context(hits, 20)
    assert [one.source for one in packed.citations] == ["s", "t"]
    assert packed.left_out == ("long#13-68",)
    cut = pack_context([of(PROSE, 0, 81), of(PROSE, 0, 81, "t")], 13)
    (only,) = cut.citations
    assert (only.text, only.start, only.end) == ("One is here. Two is there.", 0, 26)
    assert cut.left_out == ("t#0-81",)
    with pytest.raises(InvalidInput) as caught:
        pack_context(hits, 3)
    assert caught.value.code == "input.limit"


def test_the_context_of_a_chunk_is_shown_before_it():
    records = chunk_records(MarkdownTextSplitter(60).split(GUIDE), "guide.md")
    last = records[-1]
    packed = pack_context([Found(last["id"], last["text"], last["metadata"])], 200)
    assert packed.text.startswith(
        "[1] guide.md: Size\nStorks > Size\n| species | span |\n|---|---|\n| "
    )
    (citation,) = packed.citations
    assert citation.text == GUIDE[citation.start : citation.end]


def test_results_without_a_place_and_of_vecstore_are_taken():
    vecstore = Found("v", None, {"text": "words"})
    packed = pack_context([Found("a", "alpha"), Found("b", "alpha"), vecstore], 100)
    assert packed.text == "[1] a\nalpha\n\n[2] v\nwords"
    assert packed.citations[0].ids == ("a", "b")
    assert packed.citations[0].source is None
    with pytest.raises(InvalidInput) as caught:
        pack_context([Found("x", None)], 100)
    assert caught.value.code == "input.invalid"
    with pytest.raises(InvalidInput):
        pack_context([], 0)
