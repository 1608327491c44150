"""What every import has in common: counted values, reports, packages that are not there."""

import datetime as dt
import decimal
import json
import math
import sys
import uuid

import numpy as np
import pytest

import engram
from engram import importers
from engram.importers import ImportedCollection, ImportReport
from engram.importers.carrying import Found, Rows, carry
from engram.importers.values import Values

MOMENT = dt.datetime(2024, 1, 31, 12, 30, tzinfo=dt.timezone.utc)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, None),
        (True, True),
        ("text", "text"),
        (7, 7),
        (-(2**63), -(2**63)),
        (0.5, 0.5),
        ([1, "a", None], [1, "a", None]),
        ((1, 2), [1, 2]),
        ({"a": {1: [2]}}, {"a": {"1": [2]}}),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.array([1, 2]), [1, 2]),
    ],
)
def test_values_of_json_are_kept(value, kept):
    values = Values()
    assert values.mapping({"key": value}) == {"key": kept}
    assert (values.changed, values.left_out) == ({}, {})


@pytest.mark.parametrize(
    ("value", "text", "what"),
    [
        (MOMENT, "2024-01-31T12:30:00+00:00", "datetime to text"),
        (MOMENT.date(), "2024-01-31", "date to text"),
        (MOMENT.time(), "12:30:00", "time to text"),
        (decimal.Decimal("1.10"), "1.10", "Decimal to text"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001", "UUID to text"),
    ],
)
def test_values_that_become_text_are_counted(value, text, what):
    values = Values()
    assert values.mapping({"key": value, "list": [value]}) == {"key": text, "list": [text]}
    assert values.changed == {what: 2}


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (b"raw", "bytes"),
        (2**63, "integer beyond 64 bits"),
        (math.nan, "number that is not finite"),
        (math.inf, "number that is not finite"),
        ([1, b"raw"], "bytes"),
        ({"deep": math.nan}, "number that is not finite"),
        (dt.timedelta(1), "timedelta"),
    ],
)
def test_values_that_do_not_fit_are_left_out_and_counted(value, what):
    values = Values()
    assert values.mapping({"key": value, "other": 1}) == {"other": 1}
    assert values.left_out == {f"key: {what}": 1}


def test_a_report_is_json():
    one = ImportedCollection("a", "b", "l2", 3, 2, {"vector": 3}, {}, {"x: bytes": 1}, ("note",))
    report = ImportReport("chroma", (one, one))
    assert report.records == 6
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["records"] == 6
    assert plain["collections"][0]["left_out"] == {"x: bytes": 1}


def test_a_source_that_counts_otherwise_is_told(target):
    rows = iter([Rows(["a", "b"], texts=["one", None])])
    (one,) = carry("other", target, [Found("docs", {"L2"}, 3, rows)], None, None, None).collections
    assert (one.records, one.texts, one.vectors, one.metric) == (2, 1, {}, "l2")
    assert one.notes == ("the source counts 3 records and gave 2",)


def test_progress_has_no_total_where_a_source_does_not_count(target):
    seen = []
    found = [
        Found("one", {"ip"}, None, iter([Rows(["a"]), Rows(["b"])])),
        Found("two", {"ip"}, 1, iter([Rows(["c"])])),
    ]
    carry("other", target, found, None, None, lambda done, total: seen.append((done, total)))
    assert seen == [(1, None), (2, None), (3, None)]


def test_what_a_source_raises_names_it(target):
    def rows():
        yield Rows(["a"])
        raise RuntimeError("the disk is gone")

    with pytest.raises(engram.Io, match="other cannot read docs: RuntimeError: the disk is gone"):
        carry("other", target, [Found("docs", {"l2"}, 2, rows())], None, None, None)
    assert target.collection("docs").count() == 1


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [
        ("import_chroma", "chromadb", "chroma"),
        ("import_lancedb", "lancedb", "lancedb"),
        ("import_qdrant", "qdrant_client", "qdrant"),
        ("import_faiss", "faiss", "faiss"),
        ("import_sqlite_vec", "sqlite_vec", "sqlite-vec"),
    ],
)
def test_a_missing_package_says_how_to_install_it(
    monkeypatch, target, tmp_path, name, package, extra
):
    monkeypatch.setitem(sys.modules, package, None)
    if package == "sqlite_vec":
        monkeypatch.setitem(sys.modules, "apsw", sys)
    with pytest.raises(engram.MissingExtra) as caught:
        getattr(importers, name)(target, tmp_path)
    assert caught.value.hint == f"pip install 'engram[{extra}]'"
