"""The Haystack store: Haystack's own tests, and what is engram's in it."""

import numpy as np
import pytest

pytest.importorskip("haystack")
from haystack import Pipeline
from haystack.components.writers import DocumentWriter
from haystack.dataclasses import ByteStream, Document, SparseEmbedding
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy
from haystack.errors import FilterError
from haystack.testing import document_store as sync_tests
from haystack.testing import document_store_async as async_tests

import engram
from engram.integrations.haystack import (
    EngramBM25Retriever,
    EngramDocumentStore,
    EngramEmbeddingRetriever,
    EngramHybridRetriever,
)


def plain(document):
    """Give a document with its numbers as they are kept."""
    rounded = np.array(document.embedding or (), dtype=np.float32).tolist()
    return (document.id, document.content, document.meta, rounded)


class OurStore:
    """The fixture, and equality up to order and float32."""

    @pytest.fixture
    def document_store(self, path):
        store = EngramDocumentStore(path)
        yield store
        store.close()

    @staticmethod
    def assert_documents_are_equal(received, expected):
        first, second = ([plain(d) for d in documents] for documents in (received, expected))
        assert sorted(first, key=repr) == sorted(second, key=repr)


class TestStandard(
    OurStore,
    sync_tests.DocumentStoreBaseExtendedTests,
    sync_tests.CountDocumentsByFilterTest,
    sync_tests.CountUniqueMetadataByFilterTest,
    sync_tests.GetMetadataFieldsInfoTest,
    sync_tests.GetMetadataFieldMinMaxTest,
    sync_tests.GetMetadataFieldUniqueValuesTest,
):
    def test_write_documents(self, document_store):
        """Haystack leaves this one to the store: without a policy, a known id is an error."""
        document = Document(content="once")
        assert document_store.write_documents([document]) == 1
        with pytest.raises(DuplicateDocumentError):
            document_store.write_documents([document])


class TestStandardAsync(
    OurStore,
    async_tests.CountDocumentsAsyncTest,
    async_tests.CountDocumentsByFilterAsyncTest,
    async_tests.CountUniqueMetadataByFilterAsyncTest,
    async_tests.DeleteAllAsyncTest,
    async_tests.DeleteByFilterAsyncTest,
    async_tests.DeleteDocumentsAsyncTest,
    async_tests.FilterDocumentsAsyncTest,
    async_tests.GetMetadataFieldMinMaxAsyncTest,
    async_tests.GetMetadataFieldUniqueValuesAsyncTest,
    async_tests.GetMetadataFieldsInfoAsyncTest,
    async_tests.UpdateByFilterAsyncTest,
    async_tests.WriteDocumentsAsyncTest,
):
    async def test_write_documents_async(self, document_store):
        """As in the synchronous tests."""
        document = Document(content="once")
        assert await document_store.write_documents_async([document]) == 1
        with pytest.raises(DuplicateDocumentError):
            await document_store.write_documents_async([document])


DOCUMENTS = [
    Document(
        id="cat", content="Cats like fish.", embedding=[1.0, 0.0], meta={"n": 1, "tags": ["pet"]}
    ),
    Document(
        id="dog", content="Dogs like bones.", embedding=[0.8, 0.6], meta={"n": 2, "tags": ["pet"]}
    ),
    Document(id="tax", content="The tax return is due.", embedding=[0.0, -1.0], meta={"n": 3.5}),
    Document(id="bare", content="Fish alone."),
]


@pytest.fixture
def store(path):
    made = EngramDocumentStore(path)
    made.write_documents(DOCUMENTS)
    yield made
    made.close()


def where(field, operator, value):
    return {"field": field, "operator": operator, "value": value}


def ids(documents):
    return [document.id for document in documents]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (where("id", "in", ["cat", "no"]), {"cat"}),
        (where("content", "==", "Fish alone."), {"bare"}),
        (where("n", ">", 1), {"dog", "tax"}),
        (where("meta.n", "in", [1, None]), {"cat", "bare"}),
        (where("meta.n", "not in", [1, None]), {"dog", "tax"}),
        (where("meta.tags", "==", "pet"), {"cat", "dog"}),
        (where("meta.n", "<", None), set()),
        ({"operator": "NOT", "conditions": [where("meta.n", "<", 3)]}, {"tax", "bare"}),
    ],
)
def test_filters(store, filters, expected):
    assert set(ids(store.filter_documents(filters))) == expected
    assert store.count_documents_by_filter(filters) == len(expected)


@pytest.mark.parametrize(
    ("filters", "match"),
    [
        (where("meta.m", "==", 1), "filter.unknown_field"),
        (where("meta.n", "~", 1), "Unknown comparison"),
        (where("embedding", "==", 1), "cannot ask"),
        (where("meta.tags", "==", ["pet"]), "whole list"),
        (where("meta.n", ">", {}), "cannot compare"),
        (where(3, "==", 1), "not a name"),
        (where("meta.n", "==", float("nan")), "input.invalid"),
        ({"operator": "XOR", "conditions": [where("id", "==", "a")]}, "Unknown logical"),
        ({"operator": "AND", "conditions": []}, "not a list of conditions"),
        ({"operator": "AND", "conditions": ["n = 1"]}, "not a dictionary"),
    ],
)
def test_filters_that_cannot_be_asked(store, filters, match):
    for call in (store.filter_documents, store.delete_by_filter, store.count_documents_by_filter):
        with pytest.raises(FilterError, match=match):
            call(filters)
    assert store.count_documents() == 4


def test_a_field_that_is_nowhere_can_be_none(store):
    lenient = EngramDocumentStore(store.database, missing="ignore")
    assert len(lenient.filter_documents(where("meta.m", "==", None))) == 4
    assert lenient.filter_documents(where("meta.m", "==", 1)) == []


def test_an_empty_filter_deletes_nothing(store):
    with pytest.raises(FilterError, match="delete_all_documents"):
        store.delete_by_filter({})
    assert store.count_documents() == 4


def test_a_document_comes_back_whole(store):
    blob = ByteStream(b"\x00\xff", meta={"page": 1}, mime_type="image/png")
    sparse = SparseEmbedding(indices=[2, 7], values=[0.5, 0.25])
    given = Document(id="x", blob=blob, meta={"a": {"b": [1]}}, sparse_embedding=sparse)
    store.write_documents([given])
    (back,) = store.filter_documents(where("id", "==", "x"))
    assert back == given
    with pytest.raises(engram.InvalidInput, match="_haystack_blob"):
        store.write_documents([Document(meta={"_haystack_blob": 1})])


def test_policies_look_at_the_list_too(store):
    twice = [Document(id="new", content="one"), Document(id="new", content="two")]
    with pytest.raises(DuplicateDocumentError):
        store.write_documents(twice, DuplicatePolicy.FAIL)
    assert store.count_documents() == 4, "nothing of it was written"
    assert store.write_documents([*twice, DOCUMENTS[0]], DuplicatePolicy.SKIP) == 1
    assert store.filter_documents(where("id", "==", "new"))[0].content == "one"
    assert store.write_documents(twice, DuplicatePolicy.OVERWRITE) == 2
    assert store.filter_documents(where("id", "==", "new"))[0].content == "two"


def test_writing_joins_an_open_transaction(store):
    with pytest.raises(RuntimeError), store.database.transaction():
        store.write_documents([Document(id="gone")])
        store.update_by_filter(where("id", "==", "cat"), {"n": 100})
        raise RuntimeError
    assert ids(store.filter_documents(where("id", "in", ["gone", "cat"]))) == ["cat"]
    assert store.filter_documents(where("id", "==", "cat"))[0].meta["n"] == 1


def test_searches(store):
    near = store.embedding_retrieval([1.0, 0.1], top_k=2)
    assert ids(near) == ["cat", "dog"]
    assert near[0].embedding is None
    assert store.embedding_retrieval([1.0, 0.1], return_embedding=True)[0].embedding == [1.0, 0.0]
    assert ids(store.bm25_retrieval("fish", filters=where("n", "==", 1))) == ["cat"]
    assert set(ids(store.hybrid_retrieval("fish", [0.8, 0.6]))) == {"cat", "dog", "tax", "bare"}
    by_words = store.hybrid_retrieval("bones", [0.0, -1.0], weights={"lexical": 1, "semantic": 0})
    assert by_words[0].id == "dog"
    assert store.bm25_retrieval("fish", top_k=0) == []
    with pytest.raises(engram.InvalidInput, match="top_k is -1"):
        store.bm25_retrieval("fish", top_k=-1)
    with pytest.raises(engram.InvalidInput) as caught:
        store.embedding_retrieval([1.0])
    assert caught.value.code == "input.dimension"


@pytest.mark.parametrize("metric", ["cosine", "dot", "l2"])
def test_scaled_scores_lie_between_0_and_1_in_the_same_order(metric):
    store = EngramDocumentStore(metric=metric)
    store.write_documents(DOCUMENTS)
    for search in (
        lambda **given: store.embedding_retrieval([1.0, 0.1], **given),
        lambda **given: store.bm25_retrieval("fish like", **given),
    ):
        raw, scaled = search(), search(scale_score=True)
        assert ids(raw) == ids(scaled)
        scores = [document.score for document in scaled]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
    assert store.embedding_retrieval([1.0, 0.0], top_k=1)[0].score == pytest.approx(
        {"cosine": 1, "dot": 1, "l2": 0}[metric]
    )


def test_sparse_embeddings_are_searched_too(store):
    sparse = SparseEmbedding(indices=[5], values=[1.0])
    store.write_documents([Document(id="sparse", content="Other words.", sparse_embedding=sparse)])
    found = store.hybrid_retrieval("fish", [1.0, 0.0], query_sparse_embedding=sparse)
    assert "sparse" in ids(found)
    assert "sparse" not in ids(store.hybrid_retrieval("fish", [1.0, 0.0]))


RETRIEVERS = {
    EngramEmbeddingRetriever: ({"scale_score": True}, {"query_embedding": [1.0, 0.0]}),
    EngramBM25Retriever: ({"scale_score": True}, {"query": "fish"}),
    EngramHybridRetriever: (
        {"fusion": "rrf", "weights": None},
        {"query": "fish", "query_embedding": [1.0, 0.0]},
    ),
}


@pytest.mark.parametrize("kind", RETRIEVERS, ids=lambda k: k.__name__)
def test_retrievers_in_a_pipeline_that_is_saved_and_loaded(store, kind):
    settings, inputs = RETRIEVERS[kind]
    pipeline = Pipeline()
    retriever = kind(
        store, top_k=2, filters=where("meta.n", ">", 0), filter_policy="merge", **settings
    )
    pipeline.add_component("find", retriever)
    found = pipeline.run({"find": inputs})["find"]["documents"]
    assert ids(found)[0] == "cat"
    store.close()
    again = Pipeline.loads(pipeline.dumps(), allowed_modules=["engram"])
    assert again.run({"find": inputs})["find"]["documents"] == found
    loaded = again.get_component("find")
    assert loaded.to_dict() == retriever.to_dict()
    fewer = again.run({"find": {**inputs, "filters": where("meta.n", "<", 2), "top_k": 5}})
    assert ids(fewer["find"]["documents"]) == ["cat"], "the filters are joined"
    loaded.document_store.close()


@pytest.mark.parametrize("kind", RETRIEVERS, ids=lambda k: k.__name__)
async def test_retrievers_in_an_asynchronous_pipeline(store, kind):
    pipeline = Pipeline()
    pipeline.add_component("find", kind(store, top_k=1))
    found = await pipeline.run_async({"find": RETRIEVERS[kind][1]})
    assert found == pipeline.run({"find": RETRIEVERS[kind][1]})
    assert len(found["find"]["documents"]) == 1


def test_retrievers_check_what_they_are_given(store):
    for kind in RETRIEVERS:
        with pytest.raises(TypeError, match="EngramDocumentStore"):
            kind(store.database)
        with pytest.raises(engram.InvalidInput, match="top_k is 0"):
            kind(store, top_k=0)


def test_settings_survive_serialization(path):
    store = EngramDocumentStore(path, "mine", metric="dot", language="de", missing="ignore")
    store.write_documents(DOCUMENTS)
    store.close()
    again = EngramDocumentStore.from_dict(store.to_dict())
    assert again.to_dict() == store.to_dict()
    assert (again.collection.metric, again.collection.language) == ("dot", "de")
    assert again.count_documents() == 4
    again.close()


def test_a_collection_made_again_takes_the_settings_of_the_store(store):
    with pytest.raises(engram.Conflict):
        EngramDocumentStore(store.database, metric="dot").count_documents()
    store.delete_all_documents(recreate_collection=True)
    other = EngramDocumentStore(store.database, metric="dot")
    other.write_documents(DOCUMENTS)
    assert store.collection.metric == "dot"


def test_a_database_that_was_handed_in_stays_open(db):
    store = EngramDocumentStore(db, "docs")
    store.write_documents(DOCUMENTS)
    store.close()
    assert store.database is db
    assert db.collection("docs").count("tags = 'pet'") == 2


def test_values_within_maps_and_lists_are_counted(store):
    store.write_documents([Document(id="deep", meta={"a": {"b": 3}, "tags": ["pet"]})])
    assert store.get_metadata_field_min_max("a.b") == {"min": 3, "max": 3}
    assert store.get_metadata_field_unique_values("tags") == ([["pet"]], 1)
    store.write_documents([Document(id="text", meta={"n": "many"})])
    assert store.get_metadata_field_min_max("n") == {"min": None, "max": None}
    assert store.get_metadata_field_unique_values("n", "MANY") == (["many"], 1)


def test_a_pipeline_that_writes(store):
    pipeline = Pipeline()
    pipeline.add_component("write", DocumentWriter(store, policy=DuplicatePolicy.SKIP))
    given = [*DOCUMENTS, Document(id="new", content="Something new.")]
    assert pipeline.run({"write": {"documents": given}})["write"]["documents_written"] == 1
    again = Pipeline.loads(pipeline.dumps(), allowed_modules=["engram"])
    assert again.get_component("write").document_store.count_documents() == 5
    again.get_component("write").document_store.close()
