"""A time-series model embeds what is known of a series."""

import math

import numpy as np
import pytest

import engram
from engram.embed import TimeSeries
from engram.errors import InvalidInput

NAN = math.nan


def patches_of(values):
    """What the tiny graph gives: sums of known values and of their squares, by four."""
    kept = np.asarray(values, dtype=np.float32)[-16:]
    padded = np.concatenate([np.full(-len(kept) % 4, np.nan, np.float32), kept])
    cut = np.nan_to_num(padded).reshape(-1, 4)
    return np.stack([cut.sum(axis=1), (cut**2).sum(axis=1)], axis=1)


@pytest.mark.parametrize("values", [[1.0], [1, 2, 3, 4, 5], list(range(40)), [1, NAN, 3, NAN]])
def test_patches_start_with_what_is_missing(series_folder, values):
    model = TimeSeries(series_folder)
    found, loc, scale = model.patches(values)
    want = patches_of(values)
    assert np.allclose(found, want)
    assert scale == np.nanmax(values)
    assert loc == pytest.approx(float(want[:, 0].sum()) / (4 * len(want)), rel=1e-5)
    assert np.allclose(model.encode(values), want[-1])


def test_the_mean_of_the_patches_can_stand_for_the_series(series_folder):
    model = TimeSeries(series_folder, pooling="mean")
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert np.allclose(model.encode(values), patches_of(values).mean(axis=0))
    assert model.identity != TimeSeries(series_folder).identity


def test_series_of_any_lengths_come_out_as_they_do_alone(series_folder):
    model = TimeSeries(series_folder, pooling="mean")
    rng = np.random.default_rng(5)
    many = [rng.standard_normal(n) for n in (1, 9, 5, 16, 30, 8, 2)] * 10
    seen = []
    rows = model.encode_batch(many, progress=seen.append)
    assert rows.shape == (70, 2)
    assert rows.dtype == np.float32
    assert seen[-1] == 70
    for row, one in zip(rows, many, strict=True):
        assert np.allclose(row, model.encode(one), atol=1e-5)
    assert model.encode_batch([]).shape == (0, 2)


def test_none_is_a_value_that_is_not_known(series_folder):
    model = TimeSeries(series_folder)
    assert np.array_equal(model.encode([1.0, None, 3.0]), model.encode([1.0, NAN, 3.0]))


@pytest.mark.parametrize(
    ("series", "code"),
    [
        ([], "input.invalid"),
        ([[1.0]], "input.invalid"),
        (["x"], "input.invalid"),
        ([NAN, NAN], "input.invalid"),
        ([1.0, math.inf], "input.not_finite"),
    ],
)
def test_what_is_no_series_is_refused(series_folder, series, code):
    with pytest.raises(InvalidInput) as caught:
        TimeSeries(series_folder).encode_batch([[1.0], series])
    assert caught.value.code == code
    assert caught.value.details["index"] == "1"


def test_what_is_no_such_model_is_refused(series_folder, dense_folder):
    with pytest.raises(InvalidInput, match="Chronos"):
        TimeSeries(dense_folder())
    with pytest.raises(InvalidInput, match="pooling"):
        TimeSeries(series_folder, pooling="first")


def test_it_says_what_it_is(series_folder):
    model = TimeSeries(series_folder, threads=1)
    assert repr(model) == (
        "TimeSeries(model='series', dimension=2, device='cpu', threads=1, context_length=16)"
    )


def test_series_can_be_searched_by_shape(series_folder, path):
    model = TimeSeries(series_folder)
    up, down = [1.0, 2.0, 3.0, 4.0], [-1.0, -2.0, -3.0, -5.0]
    assert model.similarity(up, up) == pytest.approx(1.0, abs=1e-6)
    assert model.similarity(up, down) < 1
    with engram.open(path, embedder=None) as db:
        loads = db.collection("loads")
        loads.put("up", vector=model.encode(up))
        loads.put("down", vector=model.encode(down))
        assert loads.query(vector=model.encode_query([1.0, 2.0, 3.0, 4.1])).ids[0] == "up"
