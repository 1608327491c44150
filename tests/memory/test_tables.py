"""Tables of documents in a memory: every hit names its file, page, table and row."""

import csv
import io
from pathlib import Path

import pytest

from engram import AccessContext, InvalidInput, NotFound
from engram.tables import read_tables

pytest.importorskip("pdfplumber")

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "tables"
SALES = """<!DOCTYPE html><title>Sales</title><h1>Tents</h1><p>What was sold.</p><table>
<tr><th rowspan=2>Region<th colspan=2>Sales<tr><th>2023<th>2024
<tr><td rowspan=2>North<td>1,100<td>2,200<tr><td>300<td>-<tr><td>South<td>50<td>60</table>
<table><tr><th>doc<th>Name<tr><td>7<td>Bergfex</table>"""


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "sales.html"
    path.write_text(SALES)
    return path


def test_tables_come_back_as_they_were_read(memory, page):
    put = memory.put_tables(page)
    assert (put.status, put.rows, put.embedded) == ("added", 4, 0)
    assert put.document.status == "added"
    wanted = read_tables(page)
    listed = memory.list_tables()
    assert (
        [one.id for one in listed] == put.ids == [f"{put.document.id}#t1", f"{put.document.id}#t2"]
    )
    assert [one.columns for one in listed] == [table.columns for table in wanted]
    for info, table in zip(listed, wanted, strict=True):
        assert memory.get_table(info.id) == table.to_dict() | {"id": info.id}
        assert memory.get_table(info.id, "records") == table.records()
        assert memory.get_table(info.id, "csv") == table.csv()
        assert memory.get_table(info.id, "pandas").equals(table.pandas())
        assert info.document.uri == str(page)
    assert listed[0].to_dict()["path"] == ["Tents"]


def test_rows_are_found_by_their_cells(memory, page):
    put = memory.put_tables(page)
    (row,) = memory.find_rows("`Sales / 2024` > 100")
    assert (row.table, row.number, row.row) == (put.ids[0], 1, 1)
    assert row.cells == {"Region": "North", "Sales / 2023": "1,100", "Sales / 2024": "2,200"}
    assert row.values["Sales / 2024"] == 2200
    assert row.document.uri == str(page)
    rows = memory.find_rows("Region = 'North'")
    assert [(one.row, one.cells["Sales / 2023"]) for one in rows] == [(1, "1,100"), (2, "300")]
    assert [one.row for one in memory.find_rows("NOT `Sales / 2024` EXISTS", table=put.ids[0])] == [
        2
    ]
    assert [one.cells["doc"] for one in memory.find_rows("`doc (column)` = 7")] == ["7"]
    assert len(memory.find_rows(k=2)) == 2
    assert len(memory.find_rows(document=str(page))) == len(memory.find_rows()) == 4
    assert memory.find_rows(scope="elsewhere") == []


def test_rows_are_found_by_words(memory, page):
    memory.put_tables(page)
    rows = memory.find_rows(query="bergfex")
    assert [one.cells["Name"] for one in rows] == ["Bergfex"]
    assert rows[0].score > 0
    assert memory.find_rows("Region = 'South'", query="north") == []


def test_a_column_that_no_table_has_is_an_error(memory, page):
    memory.put_tables(page)
    with pytest.raises(InvalidInput) as caught:
        memory.find_rows("Regoin = 'North'")
    assert caught.value.code == "filter.unknown_field"
    assert "Region" in caught.value.hint
    assert memory.find_rows("Regoin = 'North'", missing="ignore") == []
    with pytest.raises(InvalidInput):
        memory.find_rows(k=0)


def test_embedded_rows_are_found_with_the_rest(memory, page):
    put = memory.put_tables(page, embed_rows=True, metadata={"year": 2024})
    assert put.embedded == 4
    found = memory.find("Bergfex Name", where="year = 2024 AND doc.row EXISTS")
    first = found[0]
    assert first.text == "doc: 7 | Name: Bergfex"
    assert first.place["table"] == put.ids[1]
    assert first.place["row"] == 1
    assert (first.start, first.end) == (0, 0)
    assert "What was sold." in memory.find("what was sold", mode="lex")[0].text
    before = len(memory.find("north", k=50))
    memory.delete(str(page))
    assert before > 0
    assert len(memory.find("north", k=50)) == 0
    assert memory.db.collection("memory").count() == 0
    assert memory.db.collection("memory.tables").count() == 0


def test_putting_again_changes_nothing_and_a_change_replaces(memory, page):
    first = memory.put_tables(page, embed_rows=True)
    commit = memory.db.stats().commit
    again = memory.put_tables(page, embed_rows=True)
    assert (again.status, again.document.status) == ("unchanged", "unchanged")
    assert memory.db.stats().commit == commit
    plain = memory.put_tables(page)
    assert (plain.status, plain.embedded) == ("replaced", 0)
    assert memory.get(str(page)).passages == first.document.passages
    page.write_text(SALES.replace("Bergfex", "Talwind"))
    changed = memory.put_tables(page, embed_rows=True)
    assert (changed.status, changed.document.status) == ("added", "replaced")
    assert memory.find_rows(query="bergfex") == []
    assert len(memory.find_rows()) == 4


def test_who_may_not_see_the_document_sees_no_table(memory, page):
    put = memory.put_tables(page, access={"roles": ["sales"]}, embed_rows=True)
    sales, other = AccessContext(roles=["sales"]), AccessContext(roles=["dev"])
    assert len(memory.list_tables(access=sales)) == 2
    assert memory.list_tables(access=other) == []
    assert len(memory.find_rows("Region EXISTS", access=sales)) == 3
    assert memory.find_rows("Region EXISTS", access=other) == []
    assert memory.find_rows("Regoin EXISTS", access=other) == []
    assert memory.find_rows(query="bergfex", access=other) == []
    assert len(memory.find("bergfex", access=other)) == 0
    with pytest.raises(InvalidInput):
        memory.find_rows("Region EXISTS) OR (Region EXISTS", access=other)
    assert memory.get_table(put.ids[0], access=sales)["rows"]
    with pytest.raises(NotFound):
        memory.get_table(put.ids[0], access=other)


def test_the_past_has_its_tables(memory, page):
    put = memory.put_tables(page)
    memory.db.create_snapshot("before")
    memory.delete(put.document.id)
    assert memory.list_tables() == []
    assert len(memory.list_tables(as_of="before")) == 2
    assert memory.get_table(put.ids[0], "records", as_of="before")[0]["Region"] == "North"
    assert len(memory.find_rows("Region = 'North'", as_of="before")) == 2


def test_what_is_not_there_is_named(memory):
    with pytest.raises(NotFound):
        memory.get_table("nothing")
    with pytest.raises(InvalidInput, match="records"):
        memory.get_table("nothing", "xml")
    assert memory.list_tables() == []
    assert memory.find_rows() == []


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the data beside the project")
def test_tables_of_a_pdf_file_are_asked_by_cell(memory):
    path = DATA / "frx_2012_disclosure.pdf"
    put = memory.put_pdf_tables(path, pages=[1])
    assert put.embedded == put.rows > 80
    (info,) = memory.list_tables(document=str(path))
    assert (info.page, info.title.splitlines()[0][:6]) == (1, "FOREST")
    rows = memory.find_rows("`Amount ($USD) * **` > 400 AND Physician STARTSWITH 'A'")
    amounts = {one.cells["Amount ($USD) * **"] for one in rows}
    table = list(csv.reader(io.StringIO(memory.get_table(info.id, "csv"))))
    wanted = {
        row[4]
        for row in table[1:]
        if row[0].startswith("A") and float(row[4][1:].replace(",", "")) > 400
    }
    assert amounts == wanted != set()
    assert all((one.page, one.table, one.document.uri) == (1, info.id, str(path)) for one in rows)


def test_tables_join_a_transaction(memory, page):
    with pytest.raises(RuntimeError), memory.db.transaction():
        memory.put_tables(page, embed_rows=True)
        assert len(memory.list_tables()) == 2
        raise RuntimeError
    assert memory.list_tables() == []
    assert len(memory) == 0


def test_two_tables_of_two_files_do_not_meet(memory, tmp_path):
    for name in ("a", "b"):
        memory.put_tables(f"name,size\n{name},1\n".encode(), filename=f"{name}.csv", uri=name)
    assert [one.cells["name"] for one in memory.find_rows("size = 1")] == ["a", "b"]
    assert [one.cells["name"] for one in memory.find_rows("size = 1", document="b")] == ["b"]
