"""VecDatabase: collections, isolated, in one file."""

import pytest

import engram
from engram.compat.vecstore import Collection, Query, VecDatabase, VecStore


def test_a_new_database_has_no_collection(database):
    assert database.list_collections() == []
    assert repr(database) == "VecDatabase(collections=0)"


def test_open_is_the_constructor(folder):
    with VecDatabase.open(str(folder)) as database:
        assert isinstance(database, VecDatabase)


def test_a_collection_is_made_and_listed(database):
    made = database.create_collection("docs")
    assert isinstance(made, Collection)
    assert database.list_collections() == ["docs"]
    assert repr(database) == "VecDatabase(collections=1)"
    assert repr(made) == "Collection(name='docs', vectors=0)"


def test_a_name_reads_and_is_called(database):
    made = database.create_collection("docs")
    assert made.name == "docs"
    assert made.name() == "docs"
    assert type(made.name()) is str
    assert f"{made.name}" == "docs"


def test_a_collection_is_made_once(database):
    database.create_collection("docs")
    with pytest.raises(ValueError) as caught:
        database.create_collection("docs")
    assert caught.value.code == "collection.exists"
    assert isinstance(caught.value, engram.Conflict)


def test_getting_a_collection(database):
    assert database.get_collection("docs") is None
    database.create_collection("docs").upsert("a", [1.0], {})
    assert database.get_collection("docs").count() == 1


def test_deleting_a_collection(database):
    docs = database.create_collection("docs")
    docs.upsert("a", [1.0], {})
    assert database.delete_collection("docs") is True
    assert database.delete_collection("docs") is False
    assert database.list_collections() == []
    assert database.get_collection("docs") is None


def test_a_deleted_collection_can_be_made_again_empty(database):
    docs = database.create_collection("docs")
    docs.upsert("a", [1.0, 2.0], {})
    docs.delete("a")
    database.delete_collection("docs")
    again = database.create_collection("docs")
    assert again.stats() == dict.fromkeys(
        ("vector_count", "active_count", "deleted_count", "dimension"), 0
    )
    again.upsert("a", [1.0, 2.0, 3.0], {})
    assert again.stats()["dimension"] == 3


def test_collections_are_isolated(database):
    one, two = database.create_collection("one"), database.create_collection("two")
    one.upsert("a", [1.0, 0.0], {"in": "one"})
    two.upsert("a", [1.0, 0.0, 0.0], {"in": "two"})
    two.upsert("b", [0.0, 1.0, 0.0], {"in": "two"})
    assert (one.count(), two.count()) == (1, 2)
    assert [hit.metadata for hit in one.query([1.0, 0.0], k=5)] == [{"in": "one"}]
    assert (one.stats()["dimension"], two.stats()["dimension"]) == (2, 3)
    assert one.delete("a") is True
    assert (one.count(), two.count()) == (0, 2)
    assert (one.stats()["deleted_count"], two.stats()["deleted_count"]) == (1, 0)


def test_a_collection_answers_like_a_store(database):
    docs = database.create_collection("docs")
    assert docs.query([1.0, 0.0], k=3) == []
    docs.upsert("a", [1.0, 0.0], {"lang": "en"})
    docs.upsert("b", [0.0, 1.0], {"lang": "de"})
    assert docs.query([1.0, 0.0], k=1)[0].score == pytest.approx(1.0)
    assert [hit.id for hit in docs.query([1.0, 0.0], k=5, filter="lang = 'de'")] == ["b"]
    assert [hit.id for hit in docs.query(Query([0.0, 1.0], 1))] == ["b"]


def test_deleting_says_whether_there_was_one(database):
    docs = database.create_collection("docs")
    docs.upsert("a", [1.0], {})
    assert (docs.delete("a"), docs.delete("a"), docs.delete("zzz")) == (True, False, False)
    assert docs.stats()["deleted_count"] == 1


def test_optimize_counts_over_all_collections(database):
    for name in ("one", "two"):
        made = database.create_collection(name)
        for key in "abc":
            made.upsert(key, [1.0], {})
        made.delete("a")
    assert database.optimize() == 2
    assert database.get_collection("one").stats()["deleted_count"] == 0


def test_what_was_written_is_there_after_reopening(folder):
    with VecDatabase(folder) as database:
        database.create_collection("docs").upsert("a", [1.0], {"n": 1})
        database.create_collection("empty")
    with VecDatabase(folder) as database:
        assert sorted(database.list_collections()) == ["docs", "empty"]
        assert database.get_collection("docs").query([1.0])[0].metadata == {"n": 1}


def test_the_counts_are_no_collection_of_the_user(database):
    docs = database.create_collection("docs")
    docs.upsert("a", [1.0], {})
    docs.delete("a")
    hidden = set(database.database.list_collections()) - {"docs"}
    assert database.list_collections() == ["docs"]
    for name in hidden:
        assert database.get_collection(name) is None
        assert database.delete_collection(name) is False
        with pytest.raises(ValueError):
            database.create_collection(name)
    assert len(hidden) == 1


@pytest.mark.parametrize("name", ["", 7, None])
def test_a_name_that_is_none_is_an_error(database, name):
    with pytest.raises(ValueError):
        database.create_collection(name)


def test_unicode_names(database):
    database.create_collection("文書").upsert("a", [1.0], {})
    assert database.get_collection("文書").count() == 1


def test_hybrid_search_in_a_collection(database):
    docs = database.create_collection("docs")
    docs.upsert("a", [1.0, 0.0], {})
    docs.index_text("a", "saffron")
    assert docs.hybrid_query([0.0, 1.0], "saffron", k=1, alpha=0.0)[0].score == 1.0


def test_a_store_is_the_default_collection_of_its_file(folder, database):
    with VecStore(folder) as store:
        store.upsert("a", [1.0], {})
    assert database.list_collections() == ["default"]
    assert database.get_collection("default").count() == 1


def test_a_closed_database_shows_itself(folder):
    database = VecDatabase(folder)
    database.close()
    assert repr(database) == "VecDatabase(closed)"
