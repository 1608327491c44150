"""Which columns are numbers, and which."""

import pytest

from engram.tables.values import column_values, row_values


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "2.5", ""], [1, 2.5, None]),
        (["1,505", "2,000,000"], [1505, 2_000_000]),
        (["$51.24", "$1,471.25"], [51.24, 1471.25]),
        (["1.505,20", "3"], [1505.2, 3]),
        (["1.505", "2.000"], [1.505, 2.0]),
        (["1 505", "12 000,5"], [1505, 12000.5]),
        (["1'505.5", "10"], [1505.5, 10]),
        (["(5)", "-3", "\u25b31,200", "\u22127"], [-5, -3, -1200, -7]),
        (["12 %", "3%"], [12, 3]),
        (["EUR 5", "7 EUR"], [5, 7]),
        (["-", "\u2013", "4"], [None, None, 4]),
        (["55104", "01234"], ["55104", "01234"]),
        (["1", "x"], ["1", "x"]),
        (["10/12/2012", "1"], ["10/12/2012", "1"]),
        (["2024-01-31"], ["2024-01-31"]),
        (["1,2,3"], ["1,2,3"]),
        (["(5", "6"], ["(5", "6"]),
        (["1234567890123456"], ["1234567890123456"]),
        (["", "a"], [None, "a"]),
        (["", ""], [None, None]),
        ([], []),
    ],
)
def test_a_column_is_read_as_a_whole(cells, values):
    found = column_values(cells)
    assert found == values
    assert [type(one) for one in found] == [type(one) for one in values]


def test_columns_are_read_by_themselves():
    assert row_values([("a", "1"), ("2", "3")]) == [["a", 1], ["2", 3]]
    assert row_values([]) == []
