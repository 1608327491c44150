"""Writing filter text from values.

Owns: `quoted`. The grammar and its parser are the core's (docs/reference/filters.md).
"""

from __future__ import annotations

__all__ = ["quoted"]


def quoted(text: str) -> str:
    """Write a text as a filter literal, whatever quotes and backslashes it holds."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
