"""One module per group of workloads; each measurement is a function from a `Bench` to figures.

Owns: the table of what can be measured, `MEASUREMENTS`. The workloads and their targets are those
of the README's table (W1 to W13); `benches/run.py` runs them in rounds.
"""

from __future__ import annotations

from collections.abc import Callable

from .bench import Bench
from .boundary import local_model, overhead, share
from .cold import importing, resting, start
from .durable import put, readers
from .figures import Figure
from .graph import walks
from .ingest import delete, ingest, optimized
from .maxsim import late_interaction, late_interaction_by_codes
from .text import hybrid, lexical
from .vectors import filtered, threads, vector

MEASUREMENTS: dict[str, tuple[Callable[[Bench], list[Figure]], ...]] = {
    "W1": (ingest, optimized),
    "W2": (vector,),
    "W3": (threads,),
    "W4": (filtered,),
    "W5": (lexical,),
    "W6": (hybrid,),
    "W7": (put,),
    "W8": (start,),
    "W10": (delete,),
    "W11": (importing,),
    "W12": (late_interaction, late_interaction_by_codes),
    "W13": (walks,),
    "readers": (readers,),
    "memory": (resting,),
    "boundary": (overhead, share, local_model),
}
"""What can be measured, in the order of a round: ingest first, since it makes the files. W9 comes
with W1."""
