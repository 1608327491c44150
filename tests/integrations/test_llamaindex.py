"""The LlamaIndex store: compared with LlamaIndex's own store, and what is engram's in it.

LlamaIndex publishes no tests for stores of others; its in-memory store is the reference here.
"""

import itertools
import random

import pytest

pytest.importorskip("llama_index.core")
from llama_index.core import MockEmbedding, StorageContext, VectorStoreIndex
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.schema import (
    Document,
    ImageNode,
    IndexNode,
    NodeRelationship,
    QueryBundle,
    RelatedNodeInfo,
    TextNode,
)
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
)

import engram
from engram.integrations.llamaindex import EngramVectorStore

METADATA = [
    {"rank": "a", "weight": 1.0, "tags": ["alpha", "beta"], "note": "ABC123"},
    {"rank": "b", "weight": 2, "tags": ["beta"], "note": ""},
    {"rank": "c", "weight": 3.5, "tags": [], "note": "xyz"},
    {"rank": "a", "weight": -1, "note": None},
    {"rank": "b", "tags": ["gamma", "alpha", "beta"], "a b.c": 1},
]


def node(name, embedding=(1.0, 0.0), text=None, doc="doc", **metadata):
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id=doc)}
    return TextNode(
        id_=name,
        text=text or f"text of {name}",
        embedding=list(embedding),
        metadata=metadata,
        relationships=source,
    )


def nodes(count=5, seed=0):
    made = random.Random(seed)
    return [
        node(f"n{n}", [made.uniform(-1, 1) for _ in range(4)], doc=f"doc{n % 2}", **metadata)
        for n, metadata in zip(range(count), itertools.cycle(METADATA))
    ]


@pytest.fixture
def store():
    made = EngramVectorStore(missing="ignore")
    yield made
    made.close()


@pytest.fixture
def filled(store):
    store.add(nodes())
    return store


def asking(embedding=(1.0, 0.5, -0.5, 0.2), k=10, **given):
    return VectorStoreQuery(query_embedding=list(embedding), similarity_top_k=k, **given)


def one(key, operator, value):
    return MetadataFilters(filters=[MetadataFilter(key=key, operator=operator, value=value)])


FILTERS = [
    ("rank", "==", "a"), ("rank", "!=", "a"), ("rank", "in", ["a", "c"]),
    ("rank", "nin", ["a", "c"]), ("rank", ">", "a"), ("rank", "<=", "b"),
    ("weight", ">", 1), ("weight", ">=", 1.0), ("weight", "<", 2), ("weight", "<=", 2),
    ("weight", "==", 1), ("weight", "!=", 2), ("weight", "in", [2, 3]),
    ("tags", "contains", "beta"), ("tags", "any", ["alpha", "gamma"]), ("tags", "any", []),
    ("tags", "all", ["alpha", "beta"]), ("tags", "is_empty", None), ("note", "is_empty", None),
    ("weight", "is_empty", None), ("note", "contains", "BC"), ("note", "text_match", "BC1"),
    ("nowhere", "==", "x"), ("nowhere", "!=", "x"), ("nowhere", "nin", ["x"]),
    ("nowhere", "is_empty", None), ("rank", "==", ""), ("note", "==", "'; DROP"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "operator", "value"), FILTERS, ids=str)
def test_a_filter_finds_what_it_finds_in_the_store_of_llamaindex(filled, key, operator, value):
    reference = SimpleVectorStore()
    reference.add(nodes())
    query = asking(filters=one(key, operator, value))
    expected, got = reference.query(query), filled.query(query)
    assert got.ids == expected.ids
    assert got.similarities == pytest.approx(expected.similarities, abs=1e-6)


@pytest.mark.parametrize("condition", ["and", "or", "not", None])
def test_conditions_join_as_in_the_store_of_llamaindex(filled, condition):
    reference = SimpleVectorStore()
    reference.add(nodes())
    for first, second in itertools.combinations(FILTERS, 2):
        tests = [MetadataFilter(key=k, operator=o, value=v) for k, o, v in (first, second)]
        query = asking(filters=MetadataFilters(filters=tests, condition=condition))
        assert filled.query(query).ids == reference.query(query).ids, (first, second)


@pytest.mark.parametrize(("mode", "threshold"), [("default", None), ("mmr", 1.0)])
def test_the_order_is_that_of_the_store_of_llamaindex(store, mode, threshold):
    reference, many = SimpleVectorStore(), nodes(200)
    store.add(many)
    reference.add(many)
    for seed in range(5):
        vector = [random.Random(seed).uniform(-1, 1) for _ in range(4)]
        query = asking(vector, k=7, mode=mode, mmr_threshold=threshold)
        expected = reference.query(query, mmr_threshold=threshold).ids
        assert store.query(query, candidates=200).ids == expected


@pytest.mark.parametrize(
    ("in_query", "given", "expected"),
    [
        (0.0, {}, "c"),
        (0.25, {}, "c"),
        (1.0, {}, "b"),
        (1.0, {"mmr_threshold": 0.0}, "c"),
        (0.0, {"mmr_threshold": 1.0}, "b"),
    ],
)
def test_hits_that_differ(store, in_query, given, expected):
    store.add([node("a"), node("b", [1.0, 1e-3]), node("c", [0.0, 1.0])])
    query = asking([1.0, 0.0], k=2, mode="mmr", mmr_threshold=in_query)
    assert store.query(query, **given).ids == ["a", expected]


def test_nested_filters(filled):
    low = MetadataFilter(key="weight", operator="<", value=2)
    rank = MetadataFilters(filters=[MetadataFilter(key="rank", value="c"), low], condition="or")
    without = MetadataFilters(filters=[rank], condition="not")
    assert {n.node_id for n in filled.get_nodes(filters=rank)} == {"n0", "n2", "n3"}
    assert {n.node_id for n in filled.get_nodes(filters=without)} == {"n1", "n4"}
    with pytest.raises(ValueError, match="no filters within"):
        filled.get_nodes(filters=MetadataFilters(filters=[MetadataFilters(filters=[])]))


@pytest.mark.parametrize(
    ("key", "operator", "value", "match"),
    [
        ("rank", "text_match_insensitive", "A", "lower-case copy"),
        ("rank", "in", "a", "takes a list"),
        ("weight", ">", [1.0], "compared"),
        ("weight", "<", None, "compared"),
    ],
)
def test_what_cannot_be_asked_is_an_error(filled, key, operator, value, match):
    with pytest.raises(engram.InvalidInput, match=match) as caught:
        filled.query(asking(filters=one(key, operator, value)))
    assert caught.value.code == "filter.syntax"


def test_null_is_no_value(filled):
    assert {n.node_id for n in filled.get_nodes(filters=one("note", "==", None))} == {"n3", "n4"}
    there = {n.node_id for n in filled.get_nodes(filters=one("note", "!=", None))}
    assert there == {"n0", "n1", "n2"}


def test_a_key_that_no_node_has_is_an_error_unless_told_otherwise(path):
    store = EngramVectorStore(path)
    store.add(nodes())
    with pytest.raises(engram.InvalidInput) as caught:
        store.query(asking(filters=one("wieght", ">", 1)))
    assert caught.value.code == "filter.unknown_field"
    assert "weight" in caught.value.hint
    store.close()


@pytest.mark.parametrize(
    ("doc_ids", "node_ids", "expected"),
    [
        (None, None, {"n0", "n1", "n2", "n3", "n4"}),
        (["doc1"], None, {"n1", "n3"}),
        ([], None, set()),
        (None, [], {"n0", "n1", "n2", "n3", "n4"}),
        (["doc0"], ["n0", "n1", "no"], {"n0"}),
    ],
)
def test_documents_and_nodes_can_be_named(filled, doc_ids, node_ids, expected):
    found = filled.query(asking(doc_ids=doc_ids, node_ids=node_ids))
    assert set(found.ids) == expected


def test_words_vectors_and_both(store):
    store.add(
        [
            node("words", [0.0, 1.0], "the quick brown fox"),
            node("vector", [1.0, 0.0], "something else"),
            TextNode(id_="bare", text="a quick note"),
        ]
    )
    ask = {"query_str": "quick", "query_embedding": [1.0, 0.1], "similarity_top_k": 3}
    assert store.query(VectorStoreQuery(**ask)).ids == ["vector", "words"]
    words = store.query(VectorStoreQuery(**ask, mode="text_search"))
    assert set(words.ids) == {"words", "bare"}
    both = store.query(VectorStoreQuery(**ask, mode="hybrid"))
    assert set(both.ids) == {"words", "vector", "bare"}
    by_vectors = store.query(VectorStoreQuery(**ask, mode="hybrid", alpha=1.0))
    assert by_vectors.ids[0] == "vector"
    by_words = store.query(VectorStoreQuery(**ask, mode="hybrid", alpha=0.0))
    assert by_words.ids[0] in {"words", "bare"}
    few = VectorStoreQuery(**ask, mode="hybrid", hybrid_top_k=1, sparse_top_k=50)
    assert len(store.query(few).ids) == 1
    assert store.query(VectorStoreQuery(**{**ask, "similarity_top_k": 0})).ids == []


@pytest.mark.parametrize("mode", ["sparse", "semantic_hybrid", "svm"])
def test_a_mode_that_is_not_there_is_an_error(filled, mode):
    with pytest.raises(engram.InvalidInput, match=f"no mode '{mode}'"):
        filled.query(asking(mode=mode, query_str="x"))


def test_a_query_without_what_its_mode_needs_is_an_error(filled):
    for mode, needed in [("default", "query_embedding"), ("text_search", "query_str")]:
        with pytest.raises(engram.InvalidInput, match=needed):
            filled.query(VectorStoreQuery(mode=mode))
    with pytest.raises(engram.InvalidInput, match="output_fields"):
        filled.query(asking(output_fields=["text"]))


@pytest.mark.parametrize(
    "original",
    [
        TextNode(id_="t", text="héllo", metadata={"n": [1, {"deep": True}], "ref_doc_id": "own"}),
        TextNode(id_="e", text="", metadata={}, start_char_idx=3, end_char_idx=9),
        ImageNode(id_="i", text="seen", image_url="http://localhost/x.png"),
        IndexNode(id_="x", text="points", index_id="other"),
        Document(id_="d", text="whole", metadata={"file.name": "a.txt"}),
    ],
    ids=lambda n: type(n).__name__,
)
def test_a_node_comes_back_as_it_was(store, original):
    store.add([original])
    (back,) = store.get_nodes([original.node_id])
    wanted = type(back)(**original.to_dict()) if isinstance(original, Document) else original
    assert back.to_dict() == wanted.to_dict()


def test_nodes_are_replaced_got_and_deleted(filled):
    filled.add([node("n0", [0.0] * 3 + [1.0], rank="z")])
    assert filled.get_nodes(["n2", "no", "n0"])[1].metadata == {"rank": "z"}
    assert [n.node_id for n in filled.get_nodes(["n2", "n0", "n4"])] == ["n2", "n0", "n4"]
    assert len(filled.get_nodes()) == 5
    filled.delete("doc1")
    assert {n.node_id for n in filled.get_nodes()} == {"n0", "n2", "n4"}
    filled.delete_nodes(["n0", "n2"], one("rank", "==", "z"))
    assert {n.node_id for n in filled.get_nodes()} == {"n2", "n4"}
    with pytest.raises(engram.InvalidInput, match="clear"):
        filled.delete_nodes()
    with pytest.raises(engram.InvalidInput, match="takes no refresh"):
        filled.delete("doc1", refresh=True)
    filled.clear()
    assert filled.get_nodes() == []
    filled.delete("doc1")


async def test_asynchronous_calls(store):
    assert await store.async_add(nodes()) == [n.node_id for n in nodes()]
    assert (await store.aquery(asking(k=1))).ids == store.query(asking(k=1)).ids
    await store.adelete("doc0")
    assert len(await store.aget_nodes()) == 2
    await store.adelete_nodes(["n1"])
    assert len(await store.aget_nodes(["n1", "n3"])) == 1
    await store.aclear()
    assert await store.aget_nodes() == []


def test_an_index_over_the_store(path):
    store = EngramVectorStore(path)
    storage = StorageContext.from_defaults(vector_store=store)
    documents = [Document(text=f"Entry {n} about cats.", metadata={"n": n}) for n in range(4)]
    index = VectorStoreIndex.from_documents(
        documents, storage_context=storage, embed_model=MockEmbedding(embed_dim=2)
    )
    index.delete_ref_doc(documents[0].doc_id)
    store.close()
    again = EngramVectorStore(path)
    index = VectorStoreIndex.from_vector_store(again, embed_model=MockEmbedding(embed_dim=2))
    for mode in ("default", "hybrid", "text_search"):
        retriever = index.as_retriever(
            similarity_top_k=5, vector_store_query_mode=mode, filters=one("n", "<", 3)
        )
        found = retriever.retrieve(QueryBundle("cats", embedding=[1.0, 0.0]))
        assert {item.node.metadata["n"] for item in found} == {1, 2}
    again.close()


def test_settings_survive_serialization(path):
    store = EngramVectorStore(path, "mine", missing="ignore")
    store.add(nodes())
    store.close()
    assert isinstance(store, BasePydanticVectorStore)
    again = EngramVectorStore.from_dict(store.to_dict())
    assert (again.path, again.collection_name, again.missing) == (str(path), "mine", "ignore")
    assert len(again.get_nodes()) == 5
    again.close()


def test_a_database_that_was_handed_in_stays_open(db):
    store = EngramVectorStore(db, "docs")
    store.add(nodes())
    store.close()
    assert store.client is db
    assert db.collection("docs").count("rank = 'a'") == 2
    near = asking(embedding_field="vector")
    assert len(store.query(near, group_by="rank").ids) == 3


def test_an_ingestion_pipeline_replaces_documents_that_changed(store):
    pipeline = IngestionPipeline(
        transformations=[MockEmbedding(embed_dim=2)],
        vector_store=store,
        docstore=SimpleDocumentStore(),
        docstore_strategy=DocstoreStrategy.UPSERTS,
    )
    first, second = Document(id_="1", text="one"), Document(id_="2", text="two")
    pipeline.run(documents=[first, second])
    pipeline.run(documents=[first, Document(id_="2", text="two, changed")])
    texts = {found.get_content() for found in store.get_nodes()}
    assert texts == {"one", "two, changed"}
