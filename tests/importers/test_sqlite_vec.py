"""sqlite-vec: what a table holds is here afterwards."""

import numpy as np
import pytest

import engram
from engram.importers import import_sqlite_vec

apsw = pytest.importorskip("apsw")
sqlite_vec = pytest.importorskip("sqlite_vec")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "vectors.db"


@pytest.fixture
def connection(file):
    opened = apsw.Connection(str(file))
    opened.enable_load_extension(True)
    opened.load_extension(sqlite_vec.loadable_path())
    yield opened
    opened.close()


def filled(connection, vectors, definition="embedding float[12]"):
    connection.execute(f"create virtual table docs using vec0({definition})")
    with connection:
        for i, vector in enumerate(vectors, start=1):
            connection.execute(
                "insert into docs(rowid, embedding) values (?, ?)", (i, vector.tobytes())
            )


@pytest.mark.parametrize(("option", "metric"), [("", "l2"), (" distance_metric=cosine", "cosine")])
def test_a_table_is_carried_over(  # noqa: PLR0913 - parameters and fixtures
    connection, file, target, vectors, option, metric, same_ranking
):
    filled(connection, vectors, f"embedding float[12]{option}, chunk_size=8")
    seen = []
    report = import_sqlite_vec(
        target, file, batch_size=100, progress=lambda done, total: seen.append((done, total))
    )
    (one,) = report.collections
    assert (one.collection, one.metric, one.records, one.texts) == ("docs", metric, 230, 0)
    assert (one.vectors, one.changed, one.left_out, one.notes) == ({"vector": 230}, {}, {}, ())
    assert seen == [(100, 230), (200, 230), (230, 230)]
    docs = target.collection("docs")
    kept = docs.get_many([str(i) for i in range(1, 231)], vectors=True)
    assert np.array_equal(np.stack([record.vectors["vector"] for record in kept]), vectors)

    def nearest(query, k):
        sql = "select rowid from docs where embedding match ? and k = ? order by distance"
        return [str(row[0]) for row in connection.execute(sql, (query.tobytes(), k))]

    same_ranking(docs, vectors, nearest)


def test_columns_of_the_table_become_metadata(connection, file, target):
    connection.execute(
        "create virtual table docs using vec0("
        "embedding float[2], key text primary key, lang text, year integer, rate float,"
        " good boolean,"
        " team integer partition key, +text text, +raw blob)"
    )
    connection.execute(
        "insert into docs(key, embedding, lang, year, rate, good, team, text, raw) "
        "values ('a', '[1, 2]', 'en', 1969, 0.5, 1, 3, 'hello', x'00')"
    )
    (one,) = import_sqlite_vec(target, file).collections
    record = target.collection("docs").get("a", vectors=True)
    assert record.text == "hello"
    assert record.metadata == {"lang": "en", "year": 1969, "rate": 0.5, "good": 1, "team": 3}
    assert record.vectors["vector"].tolist() == [1.0, 2.0]
    assert one.left_out == {"raw: bytes": 1}


def test_a_table_of_records_is_joined(connection, file, target, vectors):
    filled(connection, vectors[:3])
    connection.execute("create table items(id integer primary key, body text, lang text, raw blob)")
    connection.execute(
        "insert into items values (1, 'first', 'en', null), (3, 'third', null, null)"
    )
    (one,) = import_sqlite_vec(
        target, file, records_table="items", key_column="id", text_column="body"
    ).collections
    docs = target.collection("docs")
    assert (docs.get("1").text, docs.get("1").metadata) == ("first", {"lang": "en"})
    assert (docs.get("2").text, docs.get("2").metadata) == (None, {})
    assert (docs.get("3").text, docs.get("3").metadata) == ("third", {})
    assert one.texts == 2
    import_sqlite_vec(target, file, records_table="items", text_column="body", into="by-rowid")
    assert target.collection("by-rowid").get("1").metadata == {"id": 1, "lang": "en"}


def test_several_vectors_in_a_row(connection, file, target):
    connection.execute("create virtual table docs using vec0(a float[2], b int8[3], c bit[8])")
    connection.execute(
        "insert into docs(rowid, a, b, c)"
        " values (7, '[1, 2]', vec_int8('[1, -2, 127]'), vec_bit(x'0f'))"
    )
    (one,) = import_sqlite_vec(target, file).collections
    record = target.collection("docs").get("7", vectors=True)
    assert {name: v.tolist() for name, v in record.vectors.items()} == {
        "a": [1.0, 2.0],
        "b": [1.0, -2.0, 127.0],
    }
    assert record.metadata == {}
    (note,) = one.notes
    assert "bit vectors of the column 'c' stay behind" in note


def test_all_tables_come_over_unless_some_are_named(connection, file, target, vectors):
    filled(connection, vectors[:3])
    connection.execute('create virtual table "it\'s" USING  vec0 (x float[2])')
    connection.execute("create table plain(x)")
    report = import_sqlite_vec(target, file)
    assert [(one.name, one.records) for one in report.collections] == [("docs", 3), ("it's", 0)]
    report = import_sqlite_vec(target, file, collections=["docs"], into="mine")
    assert report.collections[0].collection == "mine"
    with pytest.raises(engram.NotFound, match="docs"):
        import_sqlite_vec(target, file, collections=["plain"])


def test_a_metric_that_is_not_here_has_to_be_chosen(connection, file, target, vectors):
    filled(connection, vectors[:3], "embedding float[12] distance_metric=l1")
    with pytest.raises(engram.InvalidInput, match="metric="):
        import_sqlite_vec(target, file)
    assert import_sqlite_vec(target, file, metric="l2").records == 3


def test_an_unknown_table_of_records_is_refused(connection, file, target, vectors):
    filled(connection, vectors[:3])
    with pytest.raises(engram.InvalidInput, match="no table 'items'"):
        import_sqlite_vec(target, file, records_table="items")
    connection.execute("create table items(a)")
    with pytest.raises(engram.InvalidInput, match=r"no column 'nothing'; it has a"):
        import_sqlite_vec(target, file, records_table="items", key_column="nothing")


def test_a_file_that_is_none_is_refused(tmp_path, target):
    with pytest.raises(engram.Io) as caught:
        import_sqlite_vec(target, tmp_path / "absent.db")
    assert caught.value.code == "file.not_found"
    (tmp_path / "other.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(engram.Io) as caught:
        import_sqlite_vec(target, tmp_path / "other.db")
    assert caught.value.code == "io.failed"
    assert target.list_collections() == []
