"""The tables of a page that no line rules: words that stand in columns.

Owns: `unruled_tables`, which finds rows of words parted by wide gaps and the white rivers that run
down between them, and tells what is a table from prose set in columns, lists and formulas.
Opposite side: `engram.extract.ruled`.

The method is that of whitespace rivers (Oro and Ruffolo, PDF-TREX, ICDAR 2009, and others): lines,
then blocks of lines that have gaps, then columns where the gaps of a block's lines lie above each
other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from engram.extract.ruled import WORD_GAP_RATIO, RuledTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from engram.extract.documents import Span

__all__ = ["unruled_tables"]

_CELL_GAP = 0.85
"""Gap between cells over the size of the type, at least; that between words is a third of it."""
_LINE_GAP = 1.9
"""White between the lines of a table over the size of its type, at most."""
_RIVER = 0.5
"""Width of a river over the size of the type, at least."""
_BRIDGED = 0.08
"""Share of a block's rows that may stand across a river: headings over several columns."""
_WRAPPED = 0.8
"""A line this much nearer to that above than rows are to each other goes on within their cells."""
_LEAST_ROWS = 3
_LEAST_COLUMNS = 2
_LEAST_FILLED = 0.6
_MARK = re.compile(r"[^\w\s]|\W?\w{1,4}[.):\]]")
_LEADER = re.compile(r"\s*(?:\. ?){4,}")
_BEFORE = frozenset({"$", "\u20ac", "\u00a3", "\u00a5", "\u20b9", "US$"})
_BEHIND = frozenset({"%", ")", "%)", "\u20ac"})
_PROSE_WORDS = 5
_PROSE_FILL = 0.7
_NUMBER_SHARE = 0.6


@dataclass(slots=True)
class _Piece:
    """Words that belong together, on one line."""

    left: float
    top: float
    right: float
    bottom: float
    text: str
    words: int = 1


_Line = list[_Piece]


def unruled_tables(
    page: Any, taken: Iterable[tuple[float, float, float, float]] = ()
) -> list[RuledTable]:
    """Give the tables of a page of pdfplumber's that stand in columns, outside of what is taken."""
    words = page.extract_words(x_tolerance_ratio=WORD_GAP_RATIO)
    taken = list(taken)
    free = [word for word in words if word["upright"] and not _within(word, taken)]
    found = []
    for block in _blocks(_lines(free)):
        found += _tables(block)
    return sorted(found, key=lambda one: (one.bounds[1], one.bounds[0]))


def _within(word: dict[str, Any], taken: list[tuple[float, float, float, float]]) -> bool:
    x, y = (word["x0"] + word["x1"]) / 2, (word["top"] + word["bottom"]) / 2
    return any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in taken)


def _lines(words: Sequence[dict[str, Any]]) -> list[_Line]:
    """Put words into lines, and those close to each other together."""
    lines: list[list[dict[str, Any]]] = []
    for word in sorted(words, key=lambda one: (one["top"] + one["bottom"], one["x0"])):
        middle = (word["top"] + word["bottom"]) / 2
        last = lines[-1][0] if lines else None
        if last is not None and last["top"] < middle < last["bottom"]:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [_pieces(sorted(line, key=lambda one: one["x0"])) for line in lines]


def _pieces(line: Sequence[dict[str, Any]]) -> _Line:
    pieces: _Line = []
    for word in line:
        size = word["bottom"] - word["top"]
        last = pieces[-1] if pieces else None
        if last is not None and word["x0"] - last.right < _CELL_GAP * size:
            last.right = max(last.right, word["x1"])
            last.top, last.bottom = min(last.top, word["top"]), max(last.bottom, word["bottom"])
            last.text += " " + word["text"]
            last.words += 1
        else:
            pieces.append(_Piece(word["x0"], word["top"], word["x1"], word["bottom"], word["text"]))
    return pieces


def _size(line: _Line) -> float:
    return max(piece.bottom - piece.top for piece in line)


def _blocks(lines: Sequence[_Line]) -> list[list[_Line]]:
    """Give runs of lines that stand close; a line of one piece goes with those that have more."""
    blocks: list[list[_Line]] = []
    block: list[_Line] = []
    for line in lines:
        if block:
            gap = line[0].top - max(piece.bottom for piece in block[-1])
            alone = len(line) == 1 and len(block[-1]) == 1 and not _beside(line[0], block)
            if gap > _LINE_GAP * _size(line) or alone:
                blocks.append(block)
                # A heading of one piece may belong to the table that follows it.
                block = []
        block.append(line)
    return [_trimmed(one) for one in [*blocks, block]]


def _beside(piece: _Piece, block: list[_Line]) -> bool:
    """Say whether a piece alone on its line stands under one piece of a row with several."""
    above = next((line for line in reversed(block) if len(line) > 1), None)
    if above is None:
        return False
    over = [one for one in above if one.left < piece.right and piece.left < one.right]
    return len(over) == 1


def _trimmed(block: list[_Line]) -> list[_Line]:
    """Take the lines of one piece off the ends, but what goes on in the last row."""
    several = [at for at, line in enumerate(block) if len(line) > 1]
    if not several:
        return []
    start, end = several[0], several[-1] + 1
    while end < len(block) and _continues(block, end):
        end += 1
    if start and block[start - 1][0].left >= block[start][1].left - 2 * _size(block[start]):
        # What stands over columns beside the first is a heading of these.
        start -= 1
    return block[start:end]


def _continues(block: list[_Line], at: int) -> bool:
    tight = block[at][0].top - block[at - 1][0].top < _WRAPPED * _pitch(block[:at])
    return tight and _beside(block[at][0], block[:at])


def _pitch(block: list[_Line]) -> float:
    """Give the distance between rows: from each line to one with several pieces below it."""
    pitches = [below[0].top - above[0].top for above, below in pairwise(block) if len(below) > 1]
    return median(pitches) if pitches else 0.0


def _tables(block: list[_Line]) -> list[RuledTable]:
    if sum(len(line) > 1 for line in block) < _LEAST_ROWS:
        return []
    rivers = _rivers(block)
    if not rivers:
        return []
    halves = _halves(block, rivers)
    tables = []
    for low, high in halves:
        inner = [river for river in rivers if low < river < high]
        lines = [[one for one in line if low < (one.left + one.right) / 2 < high] for line in block]
        tables += _table([line for line in lines if line], inner)
    return tables


def _rivers(block: list[_Line]) -> list[float]:
    """Give the middles of the white rivers between columns, from the left."""
    size = median(_size(line) for line in block)
    edges: list[tuple[float, int]] = []
    for line in block:
        for piece in line:
            edges += [(piece.left, 1), (piece.right, -1)]
    allowed = int(_BRIDGED * len(block)) + (1 if len(block) >= _LEAST_ROWS + 1 else 0)
    allowed = min(allowed, sum(len(line) == 1 for line in block) + allowed // 2)
    rivers: list[float] = []
    start: float | None = None
    depth = 0
    edges.sort()
    for at, change in edges:
        before, depth = depth, depth + change
        if before > allowed >= depth:
            start = at
        elif before <= allowed < depth and start is not None:
            if at - start >= _RIVER * size:
                rivers.append((start + at) / 2)
            start = None
    return rivers


def _halves(block: list[_Line], rivers: list[float]) -> list[tuple[float, float]]:
    """Part a block into the same table set several times beside itself, if it is that."""
    left = min(piece.left for line in block for piece in line) - 1
    right = max(piece.right for line in block for piece in line) + 1
    whole = [(left, right)]
    borders = [left, *rivers, right]
    starts = _starts(block, borders)
    size = median(_size(line) for line in block)
    for parts in (2, 3, 4):
        count, over = divmod(len(starts), parts)
        if over or count < _LEAST_COLUMNS:
            continue
        groups = [starts[at * count : (at + 1) * count] for at in range(parts)]
        shapes = [[one - group[0] for one in group] for group in groups]
        alike = all(abs(a - b) <= size for shape in shapes[1:] for a, b in zip(shape, shapes[0]))
        gaps = [later[0] - earlier[-1] for earlier, later in pairwise(groups)]
        inner = max(b - a for group in groups for a, b in pairwise(group))
        if alike and min(gaps) > 1.5 * inner:
            cuts = [borders[at * count] for at in range(1, parts)]
            return list(zip([left, *cuts], [*cuts, right]))
    return whole


def _starts(block: list[_Line], borders: list[float]) -> list[float]:
    """Give where each column starts, as most of its pieces do."""
    starts = []
    for low, high in pairwise(borders):
        lefts = [one.left for line in block for one in line if low < one.left and one.right < high]
        starts.append(median(lefts) if lefts else low)
    return starts


def _table(block: list[_Line], rivers: list[float]) -> list[RuledTable]:
    """Lay lines out in columns; give nothing where they are no table."""
    if not rivers or not block:
        return []
    width = len(rivers) + 1
    pitch = _pitch(block)
    rows: list[list[list[_Piece]]] = []
    spans: list[Span] = []
    before = block[0]
    for line in block:
        cells: list[list[_Piece]] = [[] for _ in range(width)]
        over: list[tuple[int, int]] = []
        for piece in line:
            first = sum(river < piece.left for river in rivers)
            last = sum(river < piece.right for river in rivers)
            cells[first].append(piece)
            if last > first:
                over.append((first, last - first + 1))
        near = bool(rows) and line[0].top - before[0].top < _WRAPPED * pitch
        if near and sum(map(bool, cells)) < width:
            for cell, more in zip(rows[-1], cells):
                cell.extend(more)
        else:
            rows.append(cells)
            spans += [(len(rows) - 1, first, 1, count) for first, count in over]
        before = line
    rows, spans = _joined_marks(rows, spans)
    if not _is_table(rows):
        return []
    texts = [[_text(cell) for cell in row] for row in rows]
    pieces = [piece for line in block for piece in line]
    bounds = (
        min(piece.left for piece in pieces),
        min(piece.top for piece in pieces),
        max(piece.right for piece in pieces),
        max(piece.bottom for piece in pieces),
    )
    return [RuledTable(bounds, texts, tuple(spans))]


def _joined_marks(
    rows: list[list[list[_Piece]]], spans: list[Span]
) -> tuple[list[list[list[_Piece]]], list[Span]]:
    """Put columns of nothing but currency signs to the next, and of per cent to the one before."""
    for column in range(len(rows[0]) - 1, -1, -1):
        marks = {piece.text for row in rows for piece in row[column]}
        if not marks or (not marks <= _BEFORE and not marks <= _BEHIND):
            continue
        target = column + 1 if marks <= _BEFORE else column - 1
        if not 0 <= target < len(rows[0]) or any(
            one[1] <= column < one[1] + one[3] for one in spans
        ):
            continue
        for row in rows:
            pair = sorted((column, target))
            row[pair[0] : pair[1] + 1] = [[*row[pair[0]], *row[pair[1]]]]
        spans = [(a, b - (b > column), c, d) for a, b, c, d in spans]
    return rows, spans


def _text(cell: list[_Piece]) -> str:
    """Give the text of a cell, with the lines that it has."""
    lines: list[list[_Piece]] = []
    for piece in cell:
        if lines and piece.top < lines[-1][-1].bottom and lines[-1][-1].right <= piece.left:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    text = "\n".join(" ".join(piece.text for piece in line) for line in lines)
    return _LEADER.sub("", text).strip()


def _is_table(rows: list[list[list[_Piece]]]) -> bool:
    """Say whether rows are those of a table, rather than prose in columns, a list or a formula."""
    columns = [[cell for cell in column if cell] for column in zip(*rows)]
    return (
        len(rows) >= _LEAST_ROWS
        and _is_filled(rows)
        and all(columns)
        and sum(map(_is_prose, columns)) <= 1
        and (sum(map(_has_leader, rows)) <= len(rows) / 3 or sum(map(_is_numeric, columns[1:])) > 1)
        and not (len(columns) == _LEAST_COLUMNS and _is_list(columns[0]))
        and (
            any(map(_is_numeric, columns)) or (len(columns) > _LEAST_COLUMNS and _is_short(columns))
        )
    )


def _is_filled(rows: list[list[list[_Piece]]]) -> bool:
    """Say whether enough cells have text, and enough rows most of theirs."""
    width = len(rows[0])
    filled = [sum(map(bool, row)) for row in rows]
    most = sum(count > width / 2 for count in filled)
    return sum(filled) >= _LEAST_FILLED * width * len(rows) and most >= max(
        _LEAST_ROWS, len(rows) / 2
    )


def _has_leader(row: list[list[_Piece]]) -> bool:
    """Say whether dots lead from one side to the other, as in a table of contents."""
    return any(_LEADER.search(piece.text) for cell in row for piece in cell)


def _is_list(column: list[list[_Piece]]) -> bool:
    """Say whether a column is the marks of a list: ``1.``, ``(a)``, bullets."""
    return all(_MARK.fullmatch(cell[0].text) for cell in column)


def _is_prose(column: list[list[_Piece]]) -> bool:
    """Say whether a column is running text: lines of many words that fill its width."""
    pieces = [piece for cell in column for piece in cell]
    right, left = max(piece.right for piece in pieces), min(piece.left for piece in pieces)
    fill = median((piece.right - piece.left) / max(right - left, 1) for piece in pieces)
    return median(piece.words for piece in pieces) >= _PROSE_WORDS and fill >= _PROSE_FILL


def _is_numeric(column: list[list[_Piece]]) -> bool:
    texts = ["".join(piece.text for piece in cell) for cell in column[1:] or column]
    return sum(map(_is_number, texts)) >= _NUMBER_SHARE * len(texts)


def _is_number(text: str) -> bool:
    digits, letters = sum(map(str.isdigit, text)), sum(map(str.isalpha, text))
    return digits > 0 and letters <= digits / 2


def _is_short(columns: list[list[list[_Piece]]]) -> bool:
    """Say whether there are more than two columns, of short cells that start below each other."""
    aligned = 0
    for column in columns:
        lefts = [cell[0].left for cell in column]
        size = column[0][0].bottom - column[0][0].top
        usual = median(lefts)
        aligned += sum(abs(one - usual) < size / 2 for one in lefts) >= 0.8 * len(lefts)
    words = median(sum(piece.words for piece in cell) for column in columns for cell in column)
    return aligned == len(columns) > _LEAST_COLUMNS and words <= _PROSE_WORDS
