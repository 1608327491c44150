"""What the cells of a column are: numbers, where all of them are written as such, or text.

Owns: `column_values`. A column is read as a whole, in one way: ``1.234`` is one number among
``1.234,50`` and another among ``1.5``, and a column of postal codes with a zero in front is text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["column_values", "row_values"]

_NOTHING = frozenset({"", "-", "\u2013", "\u2014", "\u2015", "n/a", "N/A", "."})
_AROUND = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[-+\u2212\u25b3\u25b2])?\s*(?:[$\u20ac\u00a3\u00a5\u20b9]|[A-Z]{3}\s)?\s*"
    r"(?P<late>[-+\u2212])?(?P<digits>[\d.,'\u2019\u00a0\u202f ]*\d)"
    r"\s*(?:%|[$\u20ac\u00a3\u00a5\u20b9]|[A-Z]{3})?\s*(?P<close>\))?"
)
_FORMS = (
    (re.compile(r"(?:0|[1-9]\d*|[1-9]\d{0,2}(?:,\d{3})+)?(?:\.\d+)?"), ",", "."),
    (re.compile(r"(?:0|[1-9]\d*|[1-9]\d{0,2}(?:\.\d{3})+)(?:,\d+)?"), ".", ","),
    (
        re.compile(r"(?:0|[1-9]\d*|[1-9]\d{0,2}(?:['\u2019\u00a0\u202f ]\d{3})+)(?:[.,]\d+)?"),
        "'",
        ".",
    ),
)
"""Ways to write numbers: as in English, as in German, with blanks or apostrophes."""
_SPACES = str.maketrans("", "", "'\u2019\u00a0\u202f ")
_MOST_DIGITS = 15


def row_values(rows: Sequence[Sequence[str]]) -> list[list[int | float | str | None]]:
    """Give the values of all cells, column by column; None for a cell that says nothing."""
    columns = [column_values(column) for column in zip(*rows)]
    return [list(row) for row in zip(*columns)]


def column_values(cells: Iterable[str]) -> list[int | float | str | None]:
    """Give the values of a column.

    Numbers may have a sign, parentheses for minus, a currency or a percent sign (``12 %`` is 12).
    A dash or an empty cell is None. Where a single other cell is no number, all of them are text.
    """
    texts = [cell.strip() for cell in cells]
    filled = [text for text in texts if text not in _NOTHING]
    for form in _FORMS:
        numbers = {text: _number(text, *form) for text in filled}
        if filled and None not in numbers.values():
            return [numbers.get(text) for text in texts]
    return [None if text in {"", "\u2014"} else text for text in texts]


def _number(text: str, form: re.Pattern[str], grouping: str, point: str) -> int | float | None:
    """Read a number written in a form, or give None."""
    found = _AROUND.fullmatch(text)
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    digits = found["digits"].strip()
    if not digits or form.fullmatch(digits) is None:
        return None
    plain = digits.translate(_SPACES)
    if grouping == "'":
        plain = plain.replace(",", ".")
    else:
        plain = plain.replace(grouping, "").replace(point, ".")
    if sum(map(str.isdigit, plain)) > _MOST_DIGITS:
        return None
    minus = bool(found["open"]) or (found["sign"] or found["late"] or "+") != "+"
    value = float(plain) if "." in plain else int(plain)
    return -value if minus else value
