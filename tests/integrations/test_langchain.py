"""The LangChain store: LangChain's own tests, and what is engram's in it."""

import pytest

pytest.importorskip("langchain_core")
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.indexing import InMemoryRecordManager, index
from langchain_tests.integration_tests.retrievers import RetrieversIntegrationTests
from langchain_tests.integration_tests.vectorstores import VectorStoreIntegrationTests

import engram
from engram.integrations.langchain import EngramRetriever, EngramVectorStore


class TestStandard(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, tmp_path):
        with EngramVectorStore(tmp_path / "standard.engram", self.get_embeddings()) as store:
            yield store


class TestStandardWithItsOwnEmbedder(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self):
        with EngramVectorStore() as store:
            yield store


class TestStandardHybrid(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self):
        with EngramVectorStore(":memory:", self.get_embeddings(), mode="hybrid") as store:
            yield store


class TestStandardRetriever(RetrieversIntegrationTests):
    retriever_constructor = EngramRetriever
    retriever_query_example = "what do cats like?"

    @property
    def retriever_constructor_params(self):
        store = EngramVectorStore()
        store.add_texts([f"Cat number {n} likes fish." for n in range(5)])
        return {"store": store}


TEXTS = ["Cats like fish.", "Dogs like bones.", "The tax return is due in May."]
METADATAS = [{"n": 1, "tags": ["pet"]}, {"n": 2, "tags": ["pet", "loud"]}, {"n": 3}]


@pytest.fixture
def store():
    with EngramVectorStore() as made:
        made.add_texts(TEXTS, METADATAS, ids=["cat", "dog", "tax"])
        yield made


class Counted(DeterministicFakeEmbedding):
    """Embeddings that tell how they were called."""

    def __init__(self, **given):
        super().__init__(size=8)
        self.__dict__.update({"calls": [], **given})

    def embed_documents(self, texts):
        self.calls.append("sync documents")
        return super().embed_documents(texts)

    def embed_query(self, text):
        self.calls.append("sync query")
        return DeterministicFakeEmbedding.embed_query(self, text)

    async def aembed_documents(self, texts):
        self.calls.append("async documents")
        return [DeterministicFakeEmbedding.embed_query(self, text) for text in texts]

    async def aembed_query(self, text):
        self.calls.append("async query")
        return DeterministicFakeEmbedding.embed_query(self, text)


def test_a_filter_is_any_filter_of_engram(store):
    for where in ({"n": {"$lte": 2}}, "n <= 2", engram.F.n <= 2):
        assert {d.id for d in store.similarity_search("animals", filter=where)} == {"cat", "dog"}
    found = store.similarity_search("animals", filter={"tags": {"$contains": "loud"}})
    assert [d.id for d in found] == ["dog"]


def test_a_filter_on_a_field_that_nothing_has_is_an_error(store):
    with pytest.raises(engram.InvalidInput) as caught:
        store.similarity_search("animals", filter={"m": 1})
    assert caught.value.code == "filter.unknown_field"
    assert store.similarity_search("animals", filter={"m": 1}, missing="ignore") == []


def test_the_options_of_a_query_go_through(store):
    store.collection.put_edge("cat", "fears", "dog")
    found = store.similarity_search("fish", near="cat", k=5)
    assert {d.id for d in found} == {"cat", "dog"}
    with pytest.raises(TypeError):
        store.similarity_search("fish", no_such_option=1)


def test_modes(store):
    assert [d.id for d in store.similarity_search("bones", mode="lexical")] == ["dog"]
    assert store.similarity_search("bones", k=1, mode="hybrid")[0].id == "dog"
    with pytest.raises(engram.InvalidInput, match="unknown mode"):
        EngramVectorStore(mode="dense")


def test_the_retriever_joins_words_and_vectors(store):
    retriever = EngramRetriever(store=store, k=2, filter="n <= 2", options={"fusion": "rrf"})
    assert next(d.id for d in retriever.invoke("dogs")) == "dog"
    assert len(retriever.invoke("dogs", k=1)) == 1
    assert retriever.invoke("bones", mode="lexical")[0].metadata == METADATAS[1]


def test_a_retriever_of_langchain_over_the_store(store):
    assert store.as_retriever(search_kwargs={"k": 1}).invoke("fish")[0].id == "cat"
    threshold = {"score_threshold": 0.6, "k": 3}
    sure = store.as_retriever(search_type="similarity_score_threshold", search_kwargs=threshold)
    assert next(d.id for d in sure.invoke("Cats like fish.")) == "cat"
    different = store.as_retriever(search_type="mmr", search_kwargs={"k": 2, "lambda_mult": 0.1})
    assert [d.id for d in different.invoke("Cats like fish.")] == ["cat", "tax"]


def test_scores_are_those_of_the_mode(store):
    (first, score), *_ = store.similarity_search_with_score("Cats like fish.")
    assert first.id == "cat"
    assert score == pytest.approx(1.0, abs=1e-5)
    scores = store.similarity_search_with_relevance_scores("Cats like fish.", k=3)
    assert scores[0][1] == pytest.approx(1.0, abs=1e-5)
    assert all(0 <= relevance <= 1 for _, relevance in scores)
    assert [relevance for _, relevance in scores] == sorted((r for _, r in scores), reverse=True)
    fused = store.similarity_search_with_relevance_scores("fish", mode="hybrid")
    assert fused[0][1] <= 1
    with pytest.raises(engram.InvalidInput, match="no scale"):
        store.similarity_search_with_relevance_scores("fish", mode="lexical")


@pytest.mark.parametrize("metric", ["l2", "dot"])
def test_relevance_by_metric(metric):
    with engram.open(":memory:") as db:
        db.create_collection("langchain", metric=metric)
        store = EngramVectorStore(db)
        store.add_texts(TEXTS)
        if metric == "dot":
            with pytest.raises(engram.InvalidInput, match="dot product"):
                store.similarity_search_with_relevance_scores("fish")
        else:
            found = store.similarity_search_with_relevance_scores("Cats like fish.", k=3)
            assert found[0][1] == pytest.approx(1.0, abs=1e-3)
            assert all(0 < relevance <= 1 for _, relevance in found)


def test_searches_by_vector_and_by_text_agree():
    embedding = DeterministicFakeEmbedding(size=8)
    store = EngramVectorStore.from_texts(TEXTS, embedding, METADATAS, ids=["a", "b", "c"])
    vector = embedding.embed_query("Dogs like bones.")
    assert store.similarity_search_by_vector(vector, k=1)[0].id == "b"
    by_vector = store.similarity_search_with_score_by_vector(vector, k=3)
    assert by_vector == store.similarity_search_with_score("Dogs like bones.", k=3)
    apart = store.max_marginal_relevance_search_by_vector(vector, k=2, filter="n > 1")
    assert [d.id for d in apart] == ["b", "c"]
    assert store.similarity_search("x", k=0) == store.similarity_search_by_vector(vector, k=0) == []
    with pytest.raises(engram.InvalidInput, match="k is -1"):
        store.similarity_search("x", k=-1)


def test_ids_are_made_up_where_they_are_missing():
    store = EngramVectorStore()
    ids = store.add_documents([Document("one", id="1"), Document("two")])
    assert ids[0] == "1"
    assert ids[1]
    assert [d.page_content for d in store.get_by_ids([ids[1], "no", "1"])] == ["two", "one"]
    for given in ({"metadatas": [{}]}, {"ids": ["1"]}):
        with pytest.raises(ValueError, match="there are 2 texts and 1"):
            store.add_texts(["a", "b"], **given)
    assert store.add_texts([]) == []


def test_deleting_without_ids_deletes_all(store):
    assert store.delete() is True
    assert len(store.collection) == 0
    store.add_texts(["again"])
    assert len(store.similarity_search("again")) == 1


async def test_asynchronous_calls_await_the_embeddings():
    embedding = Counted()
    store = await EngramVectorStore.afrom_texts(TEXTS, embedding, METADATAS)
    assert (await store.asimilarity_search(TEXTS[1], k=1))[0].page_content == TEXTS[1]
    scored = await store.asimilarity_search_with_relevance_scores(TEXTS[0], k=1)
    assert scored[0][1] == pytest.approx(1.0, abs=1e-5)
    assert len(await store.amax_marginal_relevance_search("x", k=2, fetch_k=3)) == 2
    assert embedding.calls == ["async documents", *["async query"] * 3]
    await store.asimilarity_search(TEXTS[0], mode="lexical")
    assert len(embedding.calls) == 4


def test_a_text_that_comes_twice_is_embedded_once():
    embedding = Counted()
    seen = []
    embedding.__dict__["embed_documents"] = lambda texts: seen.extend(texts) or [[1.0, 2.0]] * 2
    store = EngramVectorStore(":memory:", embedding)
    store.add_texts(["a", "b", "a"])
    assert seen == ["a", "b"]
    assert len(store.collection) == 3


def test_the_file_knows_who_made_the_vectors(path):
    small = Counted(model="small")
    with EngramVectorStore(path, small) as store:
        store.add_texts(TEXTS)
        (space,) = store.collection.spaces()
        assert "langchain:Counted:small" in str(space)
    with EngramVectorStore(path, Counted(model="large")) as other:
        with pytest.raises(engram.InvalidInput) as caught:
            other.similarity_search("fish")
        assert caught.value.code == "embedder.mismatch"
        with pytest.raises(engram.InvalidInput):
            other.add_texts(["more"])
    renamed = EngramVectorStore(path, Counted(), embedding_name="langchain:Counted:small")
    assert renamed.similarity_search(TEXTS[0], k=1)[0].page_content == TEXTS[0]
    renamed.close()


@pytest.mark.parametrize("bad", [[[1.0]], [[1.0, 2.0], [1.0]]])
def test_embeddings_that_return_nonsense_are_named(bad):
    embedding = Counted()
    embedding.__dict__["embed_documents"] = lambda texts: bad
    with pytest.raises(engram.InvalidInput) as caught:
        EngramVectorStore(":memory:", embedding).add_texts(["a", "b"])
    assert caught.value.code == "embedder.invalid"


def test_a_database_that_was_handed_in_stays_open(db):
    with EngramVectorStore(db, collection="docs") as store:
        store.add_texts(["hello"])
        assert store.database is db
        assert store.embeddings is None
    assert len(db.collection("docs")) == 1


def test_delete_takes_nothing_that_it_would_ignore(store):
    with pytest.raises(engram.InvalidInput, match="delete takes no where"):
        store.delete(where="n = 1")


def test_the_indexing_of_langchain_keeps_the_store_in_step():
    store, records = EngramVectorStore(), InMemoryRecordManager(namespace="docs")
    records.create_schema()

    def indexed(*texts):
        documents = [Document(text, metadata={"source": "a.txt"}) for text in texts]
        return index(
            documents,
            records,
            store,
            cleanup="full",
            source_id_key="source",
            key_encoder="sha256",
        )

    assert indexed("one", "two")["num_added"] == 2
    again = indexed("one", "three")
    assert (again["num_added"], again["num_deleted"], again["num_skipped"]) == (1, 1, 1)
    assert {record.text for record in store.collection.iterate()} == {"one", "three"}
