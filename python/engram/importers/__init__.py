"""Carry collections over from other vector stores: Chroma, LanceDB, Qdrant, FAISS, sqlite-vec.

Owns: one function per system, and the report of what was carried and what was not. The packages of
the systems are extras, loaded by the function that reads with them.
"""

from __future__ import annotations

from engram.importers.carrying import ImportedCollection, ImportReport
from engram.importers.chroma import import_chroma
from engram.importers.faiss import import_faiss
from engram.importers.lancedb import import_lancedb
from engram.importers.qdrant import import_qdrant
from engram.importers.sqlite_vec import import_sqlite_vec

__all__ = [
    "ImportReport",
    "ImportedCollection",
    "import_chroma",
    "import_faiss",
    "import_lancedb",
    "import_qdrant",
    "import_sqlite_vec",
]
