"""How much of the tables of real PDF files is found."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from engram.extract import extract

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "tables"
LEAST = {
    "argentina_diputados_voting_record": 0.98,
    "frx_2012_disclosure": 0.99,
    "schools": 0.97,
    "spanning_cells": 0.99,
    "twotables": 0.97,
}
"""F1 of cells: what the better of pdfplumber and camelot reaches (docs/reference/extract.md)."""


def cells(rows):
    return Counter(" ".join(cell.split()) for row in rows for cell in row if cell.strip())


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the data beside the project")
@pytest.mark.parametrize("name", LEAST)
def test_cells_of_ruled_tables_are_found(name):
    document = extract(DATA / f"{name}.pdf")
    found = cells(
        row
        for table in document.tables
        if document.parts[table.part].page == 1
        for row in (table.header or (), *table.rows)
    )
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        wanted = cells(csv.reader(file))
    right = sum((found & wanted).values())
    assert 2 * right / (sum(found.values()) + sum(wanted.values())) >= LEAST[name]
