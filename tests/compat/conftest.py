"""What the tests of VecStore's surface share: a folder, a store, a database, a few records."""

import pytest

from engram.compat.vecstore import VecDatabase, VecStore


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.fixture
def store(folder):
    with VecStore(str(folder)) as opened:
        yield opened


@pytest.fixture
def database(folder):
    with VecDatabase(str(folder)) as opened:
        yield opened


@pytest.fixture
def books(store):
    """Five records on a quarter circle, nearest to [1, 0] first, with metadata of every type."""
    rows = [
        ("a", [1.0, 0.0], {"lang": "en", "year": 1969, "price": 9.5, "new": True, "tags": ["x"]}),
        ("b", [0.9, 0.1], {"lang": "de", "year": 1984, "price": 12.0, "new": False}),
        ("c", [0.7, 0.3], {"lang": "en", "year": 2001, "title": "The long way"}),
        ("d", [0.4, 0.6], {"lang": "fr", "year": 2020, "tags": ["x", "y"], "gone": None}),
        ("e", [0.0, 1.0], {}),
    ]
    for row in rows:
        store.upsert(*row)
    return store
