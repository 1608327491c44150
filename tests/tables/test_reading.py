"""Tables of every kind of file, with headers and cells that span."""

import csv
import io
import json

import pytest

from engram.errors import EngramError, InvalidInput, Io
from engram.extract import Limits
from engram.tables import Table, read_tables

document_files = pytest.importorskip("document_files")
docx = pytest.importorskip("docx")
openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("pdfplumber")

REGIONS = [
    ["Region", "Sales", ""],
    ["", "2023", "2024"],
    ["North", "1", "2"],
    ["", "3", "4"],
    ["South", "5", "6"],
]
"""Region reaches down over two rows, Sales over two columns, North over two rows."""
COLUMNS = ("Region", "Sales / 2023", "Sales / 2024")
ROWS = (("North", "1", "2"), ("North", "3", "4"), ("South", "5", "6"))


def word():
    document = docx.Document()
    table = document.add_table(5, 3)
    for row, cells in zip(table.rows, REGIONS):
        for cell, text in zip(row.cells, cells):
            cell.text = text
    for one, other in (((0, 0), (1, 0)), ((0, 1), (0, 2)), ((2, 0), (3, 0))):
        text = table.cell(*one).text
        table.cell(*one).merge(table.cell(*other)).text = text
    return document_files.saved(document)


def workbook():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Sales"
    for down, row in enumerate(REGIONS):
        for right, text in enumerate(row):
            # Off the corner, with an empty row between, which is left out.
            place = sheet.cell(down + 3 + (down > 3), right + 2)
            place.value = text if not text.isdigit() else int(text)
    sheet.merge_cells("B3:B4")
    sheet.merge_cells("C3:D3")
    sheet.merge_cells("B5:B6")
    return document_files.saved(book)


def slides():
    import pptx
    from pptx.util import Inches

    show = pptx.Presentation()
    page = show.slides.add_slide(show.slide_layouts[6])
    grid = page.shapes.add_table(5, 3, Inches(1), Inches(1), Inches(5), Inches(3)).table
    for down, row in enumerate(REGIONS):
        for right, text in enumerate(row):
            grid.cell(down, right).text = text
    for one, other in (((0, 0), (1, 0)), ((0, 1), (0, 2)), ((2, 0), (3, 0))):
        grid.cell(*one).merge(grid.cell(*other))
    return document_files.saved(show)


def page():
    return b"""<!DOCTYPE html><h1>Sales</h1><table>
<tr><th rowspan=2>Region<th colspan=2>Sales<tr><th>2023<th>2024
<tr><td rowspan=2>North<td>1<td>2<tr><td>3<td>4<tr><td>South<td>5<td>6</table>"""


def pdf():
    lines = ["1 w"]

    def line(x0, y0, x1, y1):
        lines.append(f"{100 + x0 * 90} {600 - y0 * 20} m {100 + x1 * 90} {600 - y1 * 20} l S")

    for x in (0, 1, 3):
        line(x, 0, x, 5)
    line(2, 1, 2, 5)
    for y in (0, 2, 4, 5):
        line(0, y, 3, y)
    for y in (1, 3):
        line(1, y, 3, y)
    for down, row in enumerate(REGIONS):
        for right, text in enumerate(row):
            place = f"{105 + right * 90} {600 - down * 20 - 14}"
            lines.append(f"BT /F1 10 Tf {place} Td ({text}) Tj ET")
    return document_files.pdf(["Sales"], drawings=["\n".join(lines)])


FILES = {"docx": word, "xlsx": workbook, "pptx": slides, "html": page, "pdf": pdf}


@pytest.mark.parametrize("kind", FILES)
def test_spanning_cells_and_two_header_rows_are_read(kind):
    (table,) = read_tables(FILES[kind](), filename=f"sales.{kind}")
    assert table.columns == COLUMNS
    assert table.rows == ROWS
    assert table.grid == tuple(map(tuple, REGIONS))
    assert table.source == f"sales.{kind}"
    place = {"pdf": ("page", 1), "xlsx": ("sheet", "Sales"), "pptx": ("slide", 1)}.get(kind)
    assert place is None or table.place[place[0]] == place[1]
    assert table.found == ("lines" if kind == "pdf" else "structure")


@pytest.mark.parametrize("kind", FILES)
def test_a_table_survives_json(kind):
    (table,) = read_tables(FILES[kind](), filename=f"sales.{kind}")
    assert Table.from_dict(json.loads(json.dumps(table.to_dict()))) == table


def test_every_format_says_the_same():
    (table,) = read_tables(page(), kind="html")
    assert list(csv.reader(io.StringIO(table.csv()))) == [list(COLUMNS), *map(list, ROWS)]
    assert table.records()[1] == dict(zip(COLUMNS, ROWS[1]))
    assert table.to_dict()["columns"] == list(COLUMNS)
    frame = table.as_format("pandas")
    assert list(frame.columns) == list(COLUMNS)
    assert frame.to_numpy().tolist() == [list(row) for row in ROWS]
    with pytest.raises(InvalidInput, match="records"):
        table.as_format("xml")


def columns_page(rows, places=(72, 200, 300), top=700, pitch=16):
    drawn = [
        f"BT /F1 10 Tf {x} {top - number * pitch} Td ({text}) Tj ET"
        for number, row in enumerate(rows)
        for x, text in zip(places, row)
        if text
    ]
    return document_files.pdf(["A page of words."], drawings=["\n".join(drawn)])


def test_words_in_columns_are_a_table_without_lines():
    rows = [("Tent", "Weight", "Price"), ("Bergfex", "1.9", "199"), ("Talwind", "2.4", "249")]
    raw = columns_page([*rows, ("Nordlicht deluxe", "", "99"), ("Alm", "3.0", "350")])
    (table,) = read_tables(raw)
    assert (table.found, table.header, len(table.rows)) == ("columns", rows[0], 4)
    assert table.rows[2] == ("Nordlicht deluxe", "", "99")
    assert read_tables(raw, unruled=False) == []


def test_lines_of_one_cell_are_told_by_their_distance():
    cells = [("Cat", "says", 700), ("A very long name", "says", 676), ("of an animal", "", 664),
             ("Fox", "says", 640), ("Cow", "says", 616)]  # fmt: skip
    drawn = [f"BT /F1 10 Tf 72 {y} Td ({a}) Tj ET" for a, _, y in cells]
    drawn += [f"BT /F1 10 Tf 250 {y} Td ({b}) Tj ET" for _, b, y in cells if b]
    drawn += [f"BT /F1 10 Tf 350 {y} Td (12) Tj ET" for _, b, y in cells if b]
    (table,) = read_tables(document_files.pdf(["x"], drawings=["\n".join(drawn)]))
    assert [row[0] for row in table.grid] == ["Cat", "A very long name\nof an animal", "Fox", "Cow"]


PROSE = "the wind came over the ridge and took it all the way down to the lake".split()  # noqa: SIM905
BESIDE = [(" ".join(PROSE[n : n + 8]), " ".join(PROSE[-8 - n :][:8])) for n in range(7)] * 3
CONTENTS = [(f"Chapter {n} . . . . . . . . . . . . . . .", str(n * 7)) for n in range(1, 9)]


@pytest.mark.parametrize(
    ("rows", "places"),
    [
        (BESIDE, (72, 320)),
        ([(f"{n}.", " ".join(PROSE[n:])) for n in range(1, 9)], (72, 100)),
        (CONTENTS, (72, 400)),
        ([(" ".join(PROSE),)] * 8, (72,)),
    ],
    ids=["two columns of prose", "a numbered list", "a table of contents", "a paragraph"],
)  # fmt: skip
def test_what_only_stands_in_columns_is_no_table(rows, places):
    assert read_tables(columns_page(rows, places)) == []


def test_the_same_table_beside_itself_is_two():
    rows = [(str(n), str(n + 100), str(n + 20), str(n + 120)) for n in range(1, 9)]
    tables = read_tables(columns_page(rows, (72, 120, 320, 368)))
    assert [table.rows[0] for table in tables] == [("1", "101"), ("21", "121")]


def test_delimited_text_and_markdown_are_tables():
    (table,) = read_tables(b"Report,\nname,weight\nBergfex,1.9\nTalwind,2.4\n", kind="csv")
    assert (table.title, table.header) == ("Report", ("name", "weight"))
    (table,) = read_tables(b"# Tents\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", kind="markdown")
    assert (table.path, table.records()) == (("Tents",), [{"a": "1", "b": "2"}])


def test_numbers_alone_are_no_header():
    (table,) = read_tables(b"1,2\n3,4\n", kind="csv")
    assert (table.header, table.columns, table.rows) == (None, ("1", "2"), (("1", "2"), ("3", "4")))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"pages": [2]}, "input.invalid"),
        ({"pages": [0]}, "input.invalid"),
        ({"pages": []}, "input.invalid"),
        ({"limits": Limits(cells=3)}, "input.limit"),
        ({"limits": Limits(pages=0)}, "input.limit"),
    ],
)
def test_what_is_asked_and_cannot_be_is_an_error(arguments, code):
    with pytest.raises(EngramError) as caught:
        read_tables(pdf(), **arguments)
    assert caught.value.code == code


def outcome(raw):
    try:
        read_tables(raw, kind="pdf")
    except EngramError as error:
        return error.code
    return None


def test_hostile_files_give_typed_errors(tmp_path):
    with pytest.raises(InvalidInput) as caught:
        read_tables(document_files.encrypted_pdf())
    assert caught.value.code == "document.encrypted"
    with pytest.raises(Io) as caught:
        read_tables(tmp_path / "none.pdf")
    assert caught.value.code == "file.not_found"
    with pytest.raises(InvalidInput, match="pages= is for PDF"):
        read_tables(b"a,b\n1,2\n", kind="csv", pages=[1])
    raw = pdf()
    codes = {outcome(raw[:end]) for end in range(0, len(raw), len(raw) // 40)}
    assert codes <= {None, "document.damaged"}
    assert "document.damaged" in codes
