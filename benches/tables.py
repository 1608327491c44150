"""Measures how much of the tables of PDF files is found: engram beside pdfplumber and camelot.

    python benches/tables.py FOLDER [--json OUT]

FOLDER holds pairs NAME.pdf, NAME.csv: the CSV has the cells of the tables of page 1, tables one after
the other. Every system reads page 1 with its defaults, and knows neither where tables are nor where
their columns part. Two measures, over all tables of a page together; white space in a cell is one
space, and empty cells do not count:

- **cells**: precision and recall of the bag of cell texts. A cell is right if its whole text is. F1 is
  2 x right / (found + wanted).
- **pairs**: the same of pairs of cells beside each other in a row, with nothing but empty cells between
  them, as in the ICDAR 2013 table competition (horizontal adjacency). Right cells in wrong rows count
  for nothing here.

The mean is over files. A system that is not installed is left out.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

Rows = list[list[str]]


def tidy(rows: Iterable[Sequence[str | None]]) -> Rows:
    return [[" ".join((cell or "").split()) for cell in row] for row in rows]


def cells(rows: Rows) -> Counter[object]:
    return Counter(cell for row in rows for cell in row if cell)


def pairs(rows: Rows) -> Counter[object]:
    found: Counter[object] = Counter()
    for row in rows:
        filled = [cell for cell in row if cell]
        found.update(zip(filled, filled[1:]))
    return found


def f1(found: Counter[object], wanted: Counter[object]) -> float:
    return 2 * sum((found & wanted).values()) / max(sum(found.values()) + sum(wanted.values()), 1)


def engram(path: Path) -> Rows:
    from engram.tables import read_tables

    return tidy(row for table in read_tables(path, pages=[1]) for row in table.grid)


def pdfplumber(path: Path) -> Rows:
    import pdfplumber

    with pdfplumber.open(path) as opened:
        return tidy(row for table in opened.pages[0].extract_tables() for row in table)


def camelot(flavor: str) -> Callable[[Path], Rows]:
    def read(path: Path) -> Rows:
        import camelot

        found = camelot.read_pdf(str(path), pages="1", flavor=flavor)
        return tidy(row for table in found for row in table.df.values.tolist())

    return read


SYSTEMS: dict[str, Callable[[Path], Rows]] = {
    "engram": engram,
    "pdfplumber": pdfplumber,
    "camelot (lattice, its default)": camelot("lattice"),
    "camelot (stream)": camelot("stream"),
    "camelot (network)": camelot("network"),
    "camelot (hybrid)": camelot("hybrid"),
}


def measure(folder: Path) -> dict[str, dict[str, dict[str, float]]]:
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for name, system in SYSTEMS.items():
        rows: dict[str, dict[str, float]] = {}
        for path in sorted(folder.glob("*.pdf")):
            with path.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
                wanted = tidy(csv.reader(file))
            start = time.perf_counter()
            try:
                found = system(path)
            except ImportError:
                break
            rows[path.stem] = {
                "cells": f1(cells(found), cells(wanted)),
                "pairs": f1(pairs(found), pairs(wanted)),
                "seconds": time.perf_counter() - start,
            }
        else:
            figures[name] = rows
    return figures


def report(figures: dict[str, dict[str, dict[str, float]]]) -> None:
    names = list(next(iter(figures.values())))
    for what in ("cells", "pairs"):
        print(f"| F1 of {what} | {' | '.join(figures)} |\n|---|{'---|' * len(figures)}")
        for name in names:
            print(
                f"| {name} | {' | '.join(f'{one[name][what]:.3f}' for one in figures.values())} |"
            )
        means = (sum(row[what] for row in one.values()) / len(one) for one in figures.values())
        print(f"| mean | {' | '.join(f'{one:.3f}' for one in means)} |\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    figures = measure(arguments.folder)
    report(figures)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
