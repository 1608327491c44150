"""engram: an embedded memory and retrieval engine in one file.

Example:
    >>> import engram
    >>> with engram.open("notes.engram") as db:
    ...     notes = db.collection("notes")
    ...     notes.put("n1", text="Alice met Bob in Paris.", metadata={"year": 2024})
    ...     notes.query("who was in France?", k=5)

Owns: the public names. Importing does nothing but import: no thread, no network, no environment,
and no heavy package (NumPy loads with the first array).
"""

from __future__ import annotations

from engram._native import FORMAT_VERSION, LIMITS, __version__
from engram.collection import Collection
from engram.database import Database
from engram.errors import (
    Busy,
    Closed,
    Conflict,
    Corrupt,
    EngramError,
    Incompatible,
    Internal,
    InvalidInput,
    Io,
    MissingExtra,
    NotFound,
)
from engram.nearness import Near
from engram.opening import doctor, open  # noqa: A004 - engram.open reads as it should
from engram.past import DatabaseView
from engram.query import Query
from engram.reading import CollectionView
from engram.records import Record
from engram.results import Hit, Report, Results
from engram.spaces import Space
from engram.transaction import Transaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.access import AccessContext
    from engram.agent.memory import AgentMemory
    from engram.edges import Edge, GraphPath, Subgraph
    from engram.embed.identity import Identity
    from engram.expressions import Condition, F, Field
    from engram.faceting import Facet
    from engram.graph.graphs import Graph
    from engram.memory.memory import Memory
    from engram.reports import (
        BackupReport,
        CollectionStats,
        DoctorReport,
        LockOwner,
        OptimizeReport,
        Problem,
        RecallReport,
        ReembedReport,
        SnapshotInfo,
        SpaceInfo,
        Stats,
        VerifyReport,
    )
    from engram.sealing import Sealed, is_sealed, lock, unlock
    from engram.snippets import Snippet
    from engram.types import Embedder

__all__ = [
    "FORMAT_VERSION",
    "LIMITS",
    "AccessContext",
    "AgentMemory",
    "BackupReport",
    "Busy",
    "Closed",
    "Collection",
    "CollectionStats",
    "CollectionView",
    "Condition",
    "Conflict",
    "Corrupt",
    "Database",
    "DatabaseView",
    "DoctorReport",
    "Edge",
    "Embedder",
    "EngramError",
    "F",
    "Facet",
    "Field",
    "Graph",
    "GraphPath",
    "Hit",
    "Identity",
    "Incompatible",
    "Internal",
    "InvalidInput",
    "Io",
    "LockOwner",
    "Memory",
    "MissingExtra",
    "Near",
    "NotFound",
    "OptimizeReport",
    "Problem",
    "Query",
    "RecallReport",
    "Record",
    "ReembedReport",
    "Report",
    "Results",
    "Sealed",
    "SnapshotInfo",
    "Snippet",
    "Space",
    "SpaceInfo",
    "Stats",
    "Subgraph",
    "Transaction",
    "VerifyReport",
    "__version__",
    "doctor",
    "is_sealed",
    "lock",
    "open",
    "unlock",
]

_LATER = {
    "AgentMemory": "engram.agent.memory",
    "AccessContext": "engram.access",
    "Edge": "engram.edges",
    "Embedder": "engram.types",
    "Graph": "engram.graph.graphs",
    "GraphPath": "engram.edges",
    "Identity": "engram.embed.identity",
    "Facet": "engram.faceting",
    "Snippet": "engram.snippets",
    **dict.fromkeys(("Sealed", "is_sealed", "lock", "unlock"), "engram.sealing"),
    **dict.fromkeys(("Condition", "F", "Field"), "engram.expressions"),
    **dict.fromkeys(
        (
            "BackupReport",
            "CollectionStats",
            "DoctorReport",
            "LockOwner",
            "OptimizeReport",
            "Problem",
            "RecallReport",
            "ReembedReport",
            "SnapshotInfo",
            "SpaceInfo",
            "Stats",
            "VerifyReport",
        ),
        "engram.reports",
    ),
    "Memory": "engram.memory.memory",
    "Subgraph": "engram.edges",
}
"""Names whose modules load when they are asked for."""


def __getattr__(name: str) -> object:
    """Load a name of `_LATER`."""
    if name not in _LATER:
        raise AttributeError(f"module 'engram' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_LATER[name]), name)
    globals()[name] = value
    return value
