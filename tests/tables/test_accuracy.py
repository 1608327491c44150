"""How much of the tables of real PDF files is found (benches/tables.py has the measure)."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from engram.tables import read_tables

pytest.importorskip("pdfplumber")

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "tables"
LEAST = {
    "argentina_diputados_voting_record": 0.98,
    "frx_2012_disclosure": 0.99,
    "schools": 0.97,
    "spanning_cells": 0.99,
    "twotables": 0.97,
    "AnimalSounds": 0.85,
    "MultiColumn": 0.99,
}
"""F1 of cells: what the better of pdfplumber's and camelot's defaults has, or more."""


def cells(rows):
    return Counter(" ".join(cell.split()) for row in rows for cell in row if cell.strip())


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the data beside the project")
@pytest.mark.parametrize("name", LEAST)
def test_cells_of_real_tables_are_found(name):
    tables = read_tables(DATA / f"{name}.pdf", pages=[1])
    found = cells(row for table in tables for row in table.grid)
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        wanted = cells(csv.reader(file))
    assert 2 * sum((found & wanted).values()) / (found.total() + wanted.total()) >= LEAST[name]


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the data beside the project")
def test_header_rows_above_each_other_are_one():
    table, other = read_tables(DATA / "twotables.pdf", pages=[1])
    assert table.columns[:3] == ("1", "株主資本 / 資本金", "株主資本 / 資本剰余金")
    assert other.header[6] == "少数株主持分"
    assert (table.number, other.number, table.page, table.found) == (1, 2, 1, "lines")


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the data beside the project")
def test_the_row_that_one_cell_fills_is_the_title():
    table, _ = read_tables(DATA / "spanning_cells.pdf", pages=[1])
    assert table.title == "Improved operation scenario"
    assert table.header == ("Volume servers in:", "2007", "2008", "2009", "2010", "2011")
    assert table.records()[0]["2008"] == "1,580"
