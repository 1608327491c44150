"""Laws of answers: whatever passages and models say, places are exact and numbers known."""

from hypothesis import given
from hypothesis import strategies as st

from engram.answer import NOT_IN_MEMORY, Passage, ask
from engram.answer.grounding import numbers_cited
from engram.errors import InvalidInput

WORDS = ["Tower", "bridge", "opened", "in", "1889", "Paris.", "It", "was", "red.", "e.g.", "是。"]
WORDS += ["\n\n", "</passage>", "[1]", "<EMAIL_1>", "Dr.", "é", "🗼", "a@b.io", "?"]
TEXT = st.lists(st.sampled_from(WORDS), min_size=1, max_size=60).map(" ".join)


@st.composite
def documents(draw):
    """Some documents, and passages of them that may overlap, touch, or be apart."""
    texts = draw(st.lists(TEXT, min_size=1, max_size=3))
    passages = []
    for _ in range(draw(st.integers(0, 6))):
        which = draw(st.integers(0, len(texts) - 1))
        text = texts[which]
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        number = len(passages)
        page = draw(st.one_of(st.none(), st.integers(1, 9)))
        passages.append(
            Passage(text[start:end], f"p{number}", f"doc{which}", None, page, start, end)
        )
    return texts, passages


REPLIES = st.lists(
    st.sampled_from(
        ["Tower", "opened", "in", "1889", "1999", "[1]", "[2, 9]", "[1-3]", ".", "NOT"]
    ),
    min_size=1,
    max_size=20,
).map(" ".join)


@given(documents(), st.sampled_from(["When was the tower opened?", "Paris?", "是？"]), REPLIES)  # noqa: RUF001
def test_places_are_exact_and_every_number_is_accounted_for(given_documents, question, reply):
    texts, passages = given_documents
    sources = {f"doc{number}": text for number, text in enumerate(texts)}
    for model in (None, lambda prompt: reply):
        answer = ask(question, passages, model, return_sources=True, strict=False, mask_pii=True)
        assert [one.number for one in answer.sources] == list(range(1, len(answer.sources) + 1))
        for one in answer.sources:
            assert sources[one.uri][one.start : one.end] == one.text
        for sentence in answer.sentences:
            assert answer.text[sentence.start : sentence.end] == sentence.text
            assert 0 <= sentence.support <= 1
            if sentence.evidence is not None:
                source = answer.sources[sentence.evidence.number - 1]
                place = slice(sentence.evidence.start, sentence.evidence.end)
                assert sources[source.uri][place] == sentence.evidence.text
        known = {one.number for one in answer.citations}
        assert known | set(answer.unknown) == set(numbers_cited(answer.text))
        assert not known & set(answer.unknown)
        assert answer.found or answer.text == NOT_IN_MEMORY
        assert answer.context.count("</passage>") == len(answer.sources)
        assert "a@b.io" not in answer.context


def packed(passages, budget):
    """The context of a question, or the code of the error."""
    options = {"context_only": True, "return_sources": True, "length": "characters"}
    try:
        return ask("x?", passages, max_context=budget, **options)
    except InvalidInput as error:
        return error.code


@given(documents(), st.integers(1, 600))
def test_the_context_never_passes_its_budget(given_documents, budget):
    _, passages = given_documents
    held = {one.id for one in passages if one.text.strip()}
    answer = packed(passages, budget)
    if answer == "input.limit":
        assert held
    else:
        assert len(answer.context) <= budget
        shown = {name for one in answer.sources for name in one.ids}
        assert shown | set(answer.left_out) == held
