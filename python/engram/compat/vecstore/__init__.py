"""VecStore for Python, on engram: change the import, keep the code.

Owns: the names of VecStore (docs/reference/compat-vecstore.md), each a thin layer over the public
API.
"""

from __future__ import annotations

from engram.compat.vecstore.databases import Collection, VecDatabase, VecStore
from engram.compat.vecstore.values import (
    HybridQuery,
    NameTaken,
    Query,
    SearchResult,
    Snapshot,
    UnknownName,
)

__all__ = [
    "Collection",
    "HybridQuery",
    "NameTaken",
    "Query",
    "SearchResult",
    "Snapshot",
    "UnknownName",
    "VecDatabase",
    "VecStore",
]
