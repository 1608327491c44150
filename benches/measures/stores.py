"""The stores that are compared: engram, and SQLite as people use it for this.

Owns: one class per store with the same few methods. SQLite: WAL with synchronous=FULL, a table with
text, JSON and the vector as a blob, and an FTS5 index kept by triggers; no vector index, since the
standard library brings none.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np

import engram

SCHEMA = """
CREATE TABLE records (n INTEGER PRIMARY KEY, id TEXT UNIQUE, text TEXT, metadata TEXT, vector BLOB);
CREATE VIRTUAL TABLE words
  USING fts5(text, content='records', content_rowid='n', tokenize='porter');
CREATE TRIGGER added AFTER INSERT ON records BEGIN
  INSERT INTO words(rowid, text) VALUES (new.n, new.text);
END;
CREATE TRIGGER removed AFTER DELETE ON records BEGIN
  INSERT INTO words(words, rowid, text) VALUES ('delete', old.n, old.text);
END;
"""
INSERT = "INSERT INTO records(id, text, metadata, vector) VALUES (?, ?, ?, ?)"
SEARCH = """
SELECT id FROM words JOIN records ON n = words.rowid WHERE words MATCH ? ORDER BY rank LIMIT 10
"""


class Engram:
    """engram with its defaults, vectors given by the caller."""

    name = "engram"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.db = engram.open(self.path, embedder=None)
        self.notes = self.db.collection("bench")

    def put_all(self, rows: list[dict[str, Any]], vectors: np.ndarray) -> None:
        self.notes.put_many(
            ids=[row["id"] for row in rows],
            texts=[row["text"] for row in rows],
            metadata=[row["metadata"] for row in rows],
            vectors=vectors,
        )

    def put(self, row: dict[str, Any], vector: np.ndarray) -> None:
        self.notes.put(row["id"], text=row["text"], metadata=row["metadata"], vector=vector)

    def search(self, text: str) -> list[str]:
        return self.notes.query(text=text, mode="lexical", k=10, include=()).ids

    def delete(self, ids: list[str]) -> None:
        self.notes.delete(*ids)

    def reclaim(self) -> None:
        self.db.optimize()

    def close(self) -> None:
        self.db.close()


class Sqlite:
    """SQLite with FTS5, durable."""

    name = "SQLite + FTS5"

    def __init__(self, path: Path) -> None:
        self.path = path
        fresh = not path.exists()
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        if fresh:
            self.db.executescript(SCHEMA)

    @staticmethod
    def _row(row: dict[str, Any], vector: np.ndarray) -> tuple[str, str, str, bytes]:
        return row["id"], row["text"], json.dumps(row["metadata"]), vector.tobytes()

    def put_all(self, rows: list[dict[str, Any]], vectors: np.ndarray) -> None:
        self.db.execute("BEGIN")
        self.db.executemany(INSERT, map(self._row, rows, vectors))
        self.db.execute("COMMIT")

    def put(self, row: dict[str, Any], vector: np.ndarray) -> None:
        self.db.execute(INSERT, self._row(row, vector))

    def search(self, text: str) -> list[str]:
        words = " OR ".join(f'"{word}"' for word in text.replace('"', " ").split())
        return [row[0] for row in self.db.execute(SEARCH, (words,))]

    def delete(self, ids: list[str]) -> None:
        self.db.execute("BEGIN")
        self.db.executemany("DELETE FROM records WHERE id = ?", ((one,) for one in ids))
        self.db.execute("COMMIT")

    def reclaim(self) -> None:
        self.db.execute("VACUUM")
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self.db.close()


STORES = {cls.name: cls for cls in (Engram, Sqlite)}


def file_bytes(path: Path) -> int:
    """Bytes of a store's file and of whatever lies beside it."""
    return sum(file.stat().st_size for file in path.parent.glob(path.name + "*"))
