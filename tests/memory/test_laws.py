"""Laws that hold for every text and every order of calls."""

from hypothesis import given
from hypothesis import strategies as st

from engram import Memory

TEXTS = st.text(
    st.sampled_from("ab \n.\u00e9\u0301\U0001f600\u4e2d#|-\t") | st.characters(codec="utf-8"),
    min_size=1,
    max_size=400,
).filter(lambda text: text.strip() and "\0" not in text)


@given(TEXTS, st.sampled_from([None, "markdown"]), st.integers(1, 9))
def test_passages_are_parts_of_the_text_and_together_all_of_it(text, form, times):
    whole = text * times
    with Memory.open(":memory:", embedder=None) as memory:
        put = memory.put(whole, format=form, title="T", uri="a")
        kept = memory.get("a").text
        assert kept == whole
        assert memory.blob("a") == whole.encode()
        covered = [False] * len(kept)
        records = list(memory.db.collection("memory").iterate())
        assert len(records) == put.passages
        for record in records:
            doc = record.metadata["doc"]
            assert kept[doc["start"] : doc["end"]] == record.text[doc["context"] :]
            covered[doc["start"] : doc["end"]] = [True] * (doc["end"] - doc["start"])
        assert all(done or char.isspace() for done, char in zip(covered, kept))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "keep", "many", "delete"]),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["one", "two", "three words " * 300]),
    ),
    max_size=12,
)


@given(STEPS)
def test_a_memory_has_what_a_dict_of_texts_would_have(steps):
    with Memory.open(":memory:", embedder=None) as memory:
        model = {}
        for verb, uri, text in steps:
            if verb == "delete":
                assert memory.delete(uri) == (model.pop(uri, None) is not None)
                continue
            duplicates = "keep" if verb != "put" else "skip"
            twin = any(other == text for other in model.values())
            if verb == "many":
                done = memory.put_many([{"text": text, "uri": uri}], duplicates=duplicates)
                status = done.documents[0].status
            else:
                status = memory.put(text, uri=uri, duplicates=duplicates).status
            if uri in model:
                assert status == ("unchanged" if model[uri] == text else "replaced")
            elif twin and duplicates == "skip":
                assert status == "duplicate"
                continue
            else:
                assert status == "added"
            model[uri] = text
        assert {one.uri: one.text for one in memory.timeline(None)} == model
        passages = memory.db.collection("memory")
        assert passages.count() == sum(one.passages for one in memory.timeline(None))
        for uri, text in model.items():
            assert uri in {one.uri for one in memory.find(text[:20], mode="lex", k=50)}
