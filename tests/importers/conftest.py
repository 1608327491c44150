"""What the tests of the importers share: a database to import into, records, and a comparison."""

import numpy as np
import pytest

import engram

COUNT, DIMENSION = 230, 12


@pytest.fixture
def target(tmp_path):
    with engram.open(tmp_path / "target.engram") as opened:
        yield opened


@pytest.fixture
def vectors():
    return np.random.default_rng(11).standard_normal((COUNT, DIMENSION)).astype(np.float32)


@pytest.fixture
def same_ranking():
    """Compare the nearest ids, asked for by some stored vectors, with those of the source."""

    def compare(collection, vectors, nearest, k=10, space="vector"):
        for query in vectors[:: len(vectors) // 7]:
            hits = collection.query(vector=query, k=k, exact=True, vector_name=space)
            assert hits.ids == nearest(query, k)

    return compare
