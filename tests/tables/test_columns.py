"""Tables that no line rules, or not on all sides, in the ways that reports set them."""

import pytest

from engram.tables import read_tables

document_files = pytest.importorskip("document_files")
pytest.importorskip("pdfplumber")

ROWS = [
    ("Cash and equivalents", "1,234", "2,345"),
    ("Receivables", "234", "345"),
    ("Total assets", "1,468", "2,690"),
    ("Debt", "99", "88"),
]


def tables(cells, lines=()):
    """Read the tables of a page with those texts, at x and y, and lines."""
    drawn = [f"BT /F1 10 Tf {x} {y} Td ({text}) Tj ET" for x, y, text in cells]
    drawn += [f"{a} {b} m {c} {d} l S" for a, b, c, d in lines]
    return read_tables(document_files.pdf(["A page."], drawings=["\n".join(drawn)]))


def set_out(rows, places, pitch=16, top=700):
    return [
        (x, top - pitch * number, text)
        for number, row in enumerate(rows)
        for x, text in zip(places, row)
        if text
    ]


def test_signs_of_money_and_of_per_cent_belong_to_their_numbers():
    signed = [(a, "$", b, c, "%") for a, b, c in ROWS]
    (table,) = tables(set_out(signed, (72, 300, 325, 400, 440)))
    assert table.grid[0] == ("Cash and equivalents", "$ 1,234", "2,345 %")
    assert len(table.columns) == 3


def test_dots_that_lead_to_numbers_are_left_out():
    dotted = [(f"{a}{' .' * 12}", b, c) for a, b, c in ROWS]
    (table,) = tables(set_out(dotted, (72, 330, 430)))
    assert table.grid == tuple(ROWS)


def test_dots_that_lead_to_pages_are_no_table():
    chapters = [(str(n), f"Chapter {n}{' .' * 12}", str(7 * n)) for n in range(1, 7)]
    assert tables(set_out(chapters, (72, 100, 400))) == []


def test_a_heading_over_columns_is_part_of_their_names():
    rows = [
        ("Region", "2022", "2023"),
        ("North", "1", "2"),
        ("South", "3", "4"),
        ("East", "5", "6"),
    ]
    cells = [(200, 716, "Sales in thousands"), *set_out(rows, (72, 192, 312))]
    (table,) = tables(cells)
    assert table.header == (
        "Region", "Sales in thousands / 2022", "Sales in thousands / 2023",
    )  # fmt: skip
    assert table.rows == tuple(rows[1:])


def test_a_line_above_a_table_is_no_heading_of_it():
    cells = [(72, 716, "Table 1: what it costs"), *set_out(ROWS, (72, 300, 400))]
    (table,) = tables(cells)
    assert table.grid == tuple(ROWS)


@pytest.mark.parametrize("rules", [(0, 1, 4), (0, 1, 2, 3, 4), ()], ids=["few", "each", "none"])
def test_rules_between_rows_alone_change_nothing(rules):
    rows = [("Tent", "Weight", "Price"), ("Bergfex", "1.9", "199"), ("Talwind", "2.4", "249"),
            ("Alm", "3.0", "350")]  # fmt: skip
    lines = [(70, 712 - 16 * rule, 420, 712 - 16 * rule) for rule in rules]
    (table,) = tables(set_out(rows, (72, 200, 320)), lines)
    assert table.grid == tuple(rows)


def test_cells_of_several_lines_stay_one():
    cells, y = [], 700
    rows = [
        ("Name", "Weight", "Price"),
        ("A tent for two\npeople and a dog", "1.9 kg\nwithout pegs", "199"),
        ("Another tent of\ngreen cloth", "2 kg", "249"),
        ("Alm", "3 kg", "300"),
    ]
    for row in rows:
        for column, cell in enumerate(row):
            lines = cell.split("\n")
            cells += [(75 + 120 * column, y - 12 * n, line) for n, line in enumerate(lines)]
        y -= 12 * max(cell.count("\n") + 1 for cell in row) + 6
    (table,) = tables(cells)
    assert table.grid == tuple(rows)


WIDE = [
    ("Name", "Weight", "Price", "Stock"),
    ("Bergfex", "1.9", "199", "3"),
    ("Talwind", "2.4", "249", "7"),
    ("Alm", "3.0", "350", "0"),
]


@pytest.mark.parametrize(
    ("upright", "level"),
    [
        ((0, 1, 2, 3, 4), (0, 1, 2, 3, 4)),
        ((1, 2, 3), (0, 1, 2, 3, 4)),
        ((1, 2, 3, 4), (0, 1, 2, 3, 4)),
        ((0, 1, 2, 3, 4), (1, 2, 3)),
        ((0, 1, 2, 3, 4), (0, 1, 2, 3)),
        ((1, 2, 3), (1, 2, 3)),
    ],
    ids=["closed", "open at the sides", "at the left", "above and below", "below", "all around"],
)
def test_tables_without_an_outer_frame_are_whole(upright, level):
    lines = [(72 + 90 * n, 712, 72 + 90 * n, 712 - 80) for n in upright]
    lines += [(72, 712 - 20 * n, 72 + 360, 712 - 20 * n) for n in level]
    (table,) = tables(set_out(WIDE, (77, 167, 257, 347), pitch=20, top=697), lines)
    assert table.grid == tuple(WIDE)
    assert table.found == "lines"


def test_a_rule_under_the_title_of_a_page_makes_no_table_wider():
    lines = [(172 + 90 * n, 612, 172 + 90 * n, 612 - 80) for n in range(4)]
    lines += [(172, 612 - 20 * n, 172 + 270, 612 - 20 * n) for n in range(5)]
    lines += [(40, 690, 560, 690), (40, 592, 150, 592)]
    cells = set_out([row[:3] for row in WIDE], (177, 267, 357), pitch=20, top=597)
    (table,) = tables(cells, lines)
    assert table.grid == tuple(row[:3] for row in WIDE)
