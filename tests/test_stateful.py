"""The whole Python API against a dict: any order of calls, second handles and crashes included."""

import copy
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

import engram

IDS = st.sampled_from([f"id{n}" for n in range(12)])
NAMES = st.sampled_from(["one", "two"])
TEXTS = st.none() | st.lists(st.sampled_from(["apple", "pear", "plum"]), max_size=5).map(" ".join)
METADATA = st.dictionaries(
    st.sampled_from(["n", "tag", "deep"]),
    st.integers(0, 5) | st.text(max_size=3) | st.lists(st.none() | st.booleans(), max_size=2),
    max_size=3,
)
VECTORS = st.none() | st.lists(st.integers(1, 9).map(float), min_size=3, max_size=3)
RECORDS = st.tuples(TEXTS, METADATA, VECTORS)


class Stop(Exception):
    """Rolls a transaction back."""


class DatabaseMachine(RuleBasedStateMachine):
    """Keeps a dict beside the database: {collection: {id: (text, metadata, vector)}}."""

    snapshots = Bundle("snapshots")

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.files = 0
        self.path = self.folder / "0.engram"
        self.handles = []
        self.model = {}
        self.kept = {}

    @initialize()
    def start(self):
        self.handles = [self.open(self.path), self.open(self.path)]

    def open(self, path):
        return engram.open(path, embedder=None, lock_timeout_ms=2_000)

    def teardown(self):
        for handle in self.handles:
            assert handle.verify(deep=True)
            handle.close()
        assert not self.handles or list(self.folder.iterdir()) == [self.path]
        shutil.rmtree(self.folder)

    def collection(self, handle, name):
        return self.handles[handle].collection(name)

    HANDLES = st.integers(0, 1)

    @rule(handle=HANDLES, name=NAMES, record_id=IDS, record=RECORDS)
    def put(self, handle, name, record_id, record):
        text, metadata, vector = record
        self.collection(handle, name).put(record_id, text=text, metadata=metadata, vector=vector)
        self.model.setdefault(name, {})[record_id] = record

    @rule(
        handle=HANDLES,
        name=NAMES,
        records=st.dictionaries(IDS, RECORDS, max_size=8),
        batch_size=st.integers(1, 9),
    )
    def put_many(self, handle, name, records, batch_size):
        rows = [
            {"id": i, "text": t, "metadata": m, "vector": v} for i, (t, m, v) in records.items()
        ]
        assert self.collection(handle, name).put_many(rows, batch_size=batch_size) == len(rows)
        if rows:
            self.model.setdefault(name, {}).update(records)

    @rule(handle=HANDLES, name=NAMES, record_id=IDS, text=TEXTS, metadata=METADATA)
    def update(self, handle, name, record_id, text, metadata):
        collection = self.collection(handle, name)
        held = self.model.get(name, {})
        if record_id not in held:
            with pytest.raises(engram.NotFound):
                collection.update(record_id, text=text)
            return
        collection.update(record_id, text=text, metadata=metadata, unset=["tag"])
        merged = held[record_id][1] | metadata
        merged.pop("tag", None)
        held[record_id] = (text, merged, held[record_id][2])

    @rule(handle=HANDLES, name=NAMES, record_ids=st.lists(IDS, max_size=4))
    def delete(self, handle, name, record_ids):
        held = self.model.get(name, {})
        expected = len(held.keys() & set(record_ids))
        assert self.collection(handle, name).delete(*record_ids) == expected
        for record_id in record_ids:
            held.pop(record_id, None)

    @rule(handle=HANDLES, name=NAMES, limit=st.integers(0, 5))
    def delete_where(self, handle, name, limit):
        held = self.model.get(name, {})
        gone = [
            record_id
            for record_id, (_, metadata, _) in held.items()
            if isinstance(metadata.get("n"), int) and metadata["n"] >= limit
        ]
        deleted = self.collection(handle, name).delete_where(f"n >= {limit}", missing="ignore")
        assert deleted == len(gone)
        for record_id in gone:
            del held[record_id]

    @rule(handle=HANDLES, name=NAMES)
    def delete_collection(self, handle, name):
        assert self.handles[handle].delete_collection(name) is (name in self.model)
        self.model.pop(name, None)

    @rule(handle=HANDLES, record_id=IDS, record=RECORDS, roll_back=st.booleans())
    def transaction(self, handle, record_id, record, roll_back):
        text, metadata, vector = record
        db = self.handles[handle]
        expected = copy.deepcopy(self.model)
        for name in ("one", "two"):
            expected.setdefault(name, {})[record_id] = record
        expected["two"].pop("id0", None)
        try:
            with db.transaction():
                for name in ("one", "two"):
                    db.collection(name).put(record_id, text=text, metadata=metadata, vector=vector)
                db.collection("two").delete("id0")
                self.compare(db, expected)
                if roll_back:
                    raise Stop
        except Stop:
            return
        self.model = expected

    @rule(target=snapshots, handle=HANDLES, number=st.integers(0, 3))
    def create_snapshot(self, handle, number):
        name = f"s{number}"
        if name in self.kept:
            with pytest.raises(engram.Conflict):
                self.handles[handle].create_snapshot(name)
        else:
            self.handles[handle].create_snapshot(name)
            self.kept[name] = copy.deepcopy(self.model)
        return name

    @rule(handle=HANDLES, name=snapshots)
    def restore_snapshot(self, handle, name):
        if name not in self.kept:
            with pytest.raises(engram.NotFound):
                self.handles[handle].restore_snapshot(name)
            return
        self.handles[handle].restore_snapshot(name)
        self.model = copy.deepcopy(self.kept[name])

    @rule(handle=HANDLES, name=snapshots)
    def delete_snapshot(self, handle, name):
        assert self.handles[handle].delete_snapshot(name) is (name in self.kept)
        self.kept.pop(name, None)

    @rule(handle=HANDLES, name=snapshots)
    def look_back(self, handle, name):
        if name in self.kept:
            self.compare(self.handles[handle].at(name), self.kept[name])

    @rule(handle=HANDLES)
    def optimize(self, handle):
        self.handles[handle].optimize()

    @rule(handle=HANDLES)
    def reopen(self, handle):
        self.handles[handle].close()
        self.handles[handle] = self.open(self.path)

    @rule()
    def crash(self):
        """Go on with a copy of the bytes as they are now; the old handles never close cleanly."""
        self.files += 1
        path = self.folder / f"{self.files}.engram"
        shutil.copyfile(self.path, path)
        for handle in self.handles:
            handle.close()
        self.path.unlink()
        self.path = path
        self.handles = [self.open(path), self.open(path)]

    @rule(handle=HANDLES)
    def doctor(self, handle):
        assert engram.doctor(self.path, dry_run=True)

    @rule(handle=HANDLES, name=NAMES, word=st.sampled_from(["apple", "plum"]))
    def search(self, handle, name, word):
        collection = self.collection(handle, name)
        held = self.model.get(name, {})
        found = collection.query(word, mode="lexical", k=50)
        assert set(found.ids) == {i for i, (t, _, _) in held.items() if word in (t or "")}
        with_vector = {i: v for i, (_, _, v) in held.items() if v is not None}
        if with_vector:
            query = np.array([1.0, 2.0, 3.0])
            hits = collection.query(vector=query, k=50)
            assert set(hits.ids) == set(with_vector)
            for hit in hits:
                v = np.array(with_vector[hit.id])
                cosine = query @ v / np.linalg.norm(query) / np.linalg.norm(v)
                assert hit.score == pytest.approx(cosine, abs=1e-5)

    @invariant()
    def every_handle_sees_the_model(self):
        for handle in self.handles:
            self.compare(handle, self.model)
            assert {s.name for s in handle.list_snapshots()} == set(self.kept)

    def compare(self, reader, model):
        assert reader.list_collections() == sorted(model)
        for name, held in model.items():
            collection = reader.collection(name)
            assert collection.count() == len(held)
            records = {
                r.id: (
                    r.text,
                    r.metadata,
                    r.vectors["vector"].tolist() if r.vectors else None,
                )
                for r in collection.iterate(vectors=True)
            }
            assert records == held


DatabaseMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=30)
TestDatabase = DatabaseMachine.TestCase
