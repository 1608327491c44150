"""Who holds a lease, and whether they still live.

Owns: `owner` and `is_dead`. An owner is text: machine, process, start of the process, worker. A
process of this machine that is gone is known to be dead at once; of other machines, and of other
process namespaces, nothing is known, and their leases end by the clock.
Limits: the start of a process is known on Linux only; elsewhere a process that got the number of a
dead one keeps the leases of the dead one alive until they end by the clock.
"""

from __future__ import annotations

import os
import uuid
from functools import cache
from pathlib import Path

__all__ = ["is_dead", "owner"]

_FIELDS = 4
_START_FIELD = 19
"""Place of the start time behind the name of the program in Linux's /proc/PID/stat."""


def owner(worker: int | str) -> str:
    """Name a worker of this process."""
    return f"{_machine(os.getpid())}:{os.getpid()}:{_start(os.getpid())}:{worker}"


def is_dead(name: str) -> bool:
    """Say whether the process of an owner is known to be gone."""
    parts = name.split(":", _FIELDS - 1)
    if len(parts) != _FIELDS or parts[0] != _machine(os.getpid()) or not parts[1].isdigit():
        return False
    process, start = int(parts[1]), parts[2]
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _start(process) != start or _is_zombie(process)


@cache
def _machine(_process: int) -> str:
    """Name this run of this machine, and this namespace of processes; once for each process."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - it leads to no file
    except OSError:
        return f"{uuid.getnode():012x}"
    return boot.replace("-", "")[:16] + "".join(one for one in namespace if one.isdigit())


def _stat(process: int) -> list[str]:
    """Read what Linux tells about a process, behind its name; empty elsewhere."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _start(process: int) -> str:
    stat = _stat(process)
    return stat[_START_FIELD] if stat else "0"


def _is_zombie(process: int) -> bool:
    """Say whether a process has ended, and its parent has not looked yet."""
    return _stat(process)[:1] == ["Z"]
