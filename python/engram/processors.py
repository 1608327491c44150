"""How many processors there are to work with.

Owns: the default number of threads, of searches and of models alike.
"""

from __future__ import annotations

import os

__all__ = ["processors"]


def processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
