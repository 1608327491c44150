"""Documents put in, found again and looked after: one memory in one file.

Owns: the public names of document memory. Importing it loads nothing heavy.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from engram.memory.documents import Stored
    from engram.memory.facts import Enriched
    from engram.memory.finds import Finds, Found
    from engram.memory.images import ImageInfo
    from engram.memory.layout import Layout
    from engram.memory.memory import Memory
    from engram.memory.outcomes import Failed, Put, PutMany
    from engram.memory.receipts import Forgotten, Receipt
    from engram.memory.reports import (
        EmbeddingIdentitySummary,
        LockState,
        MemoryStats,
        SingleFile,
        doctor,
        info,
        lock_nudge,
        lock_who,
        verify,
        verify_single_file,
        version_info,
    )
    from engram.memory.rows import TableInfo, TableRow
    from engram.memory.tables import TablesPut
    from engram.memory.when import Span

__all__ = [
    "EmbeddingIdentitySummary",
    "Enriched",
    "Failed",
    "Finds",
    "Forgotten",
    "Found",
    "ImageInfo",
    "Layout",
    "LockState",
    "Memory",
    "MemoryStats",
    "Put",
    "PutMany",
    "Receipt",
    "SingleFile",
    "Span",
    "Stored",
    "TableInfo",
    "TableRow",
    "TablesPut",
    "doctor",
    "info",
    "lock_nudge",
    "lock_who",
    "verify",
    "verify_single_file",
    "version_info",
]

_HOMES = {
    "Enriched": "facts",
    "Failed": "outcomes",
    "Finds": "finds",
    "Found": "finds",
    "ImageInfo": "images",
    "Layout": "layout",
    "Memory": "memory",
    "Put": "outcomes",
    "PutMany": "outcomes",
    "Forgotten": "receipts",
    "Receipt": "receipts",
    "Span": "when",
    "Stored": "documents",
    **dict.fromkeys(
        (
            "EmbeddingIdentitySummary",
            "LockState",
            "MemoryStats",
            "SingleFile",
            "doctor",
            "info",
            "lock_nudge",
            "lock_who",
            "verify",
            "verify_single_file",
            "version_info",
        ),
        "reports",
    ),
    "TableInfo": "rows",
    "TableRow": "rows",
    "TablesPut": "tables",
}
"""The module of each name; it loads when the name is asked for."""


def __getattr__(name: str) -> object:
    """Load a name of `_HOMES`."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
