"""Figures, and the small tools that every measurement uses.

Owns: `Figure`, medians over rounds, timing, recall, and the memory of a process. Times are
milliseconds of `perf_counter`; memory is MB (10^6 bytes) as Linux reports it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")


@dataclass
class Figure:
    """One measured number of engram, with what it is to be read against."""

    workload: str
    name: str
    unit: str
    value: float
    quality: float | None = None
    """Recall or overlap that the value was reached at, 0 to 1."""
    target: float | None = None
    at_least: bool = False
    """Whether higher is better (rates), rather than lower."""
    any_size: bool = False
    """Whether the target holds for data sets of any size."""
    beside: dict[str, float] = field(default_factory=dict)
    """The same number of the baselines of this run, by name."""

    @property
    def key(self) -> tuple[str, str]:
        return self.workload, self.name

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target

    def without_target(self) -> Figure:
        """The figure at a size that its target does not speak of."""
        return self if self.any_size else replace(self, target=None)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def medians(rounds: Iterable[Sequence[Figure]]) -> list[Figure]:
    """One figure per workload and name: the median over rounds of each number in it."""
    by_key: dict[tuple[str, str], list[Figure]] = {}
    for figures in rounds:
        for figure in figures:
            by_key.setdefault(figure.key, []).append(figure)
    out = []
    for same in by_key.values():
        first = same[0]
        qualities = [one.quality for one in same if one.quality is not None]
        names = {name for one in same for name in one.beside}
        beside = {
            name: statistics.median(one.beside[name] for one in same if name in one.beside)
            for name in sorted(names)
        }
        out.append(
            Figure(
                first.workload,
                first.name,
                first.unit,
                statistics.median(one.value for one in same),
                statistics.median(qualities) if qualities else None,
                first.target,
                first.at_least,
                first.any_size,
                beside,
            )
        )
    return out


def timed(call: Callable[[Any], Any], items: Iterable[Any]) -> tuple[list[float], list[Any]]:
    """Milliseconds of each call, and what it returned."""
    clock = time.perf_counter
    times, results = [], []
    for item in items:
        start = clock()
        result = call(item)
        times.append((clock() - start) * 1e3)
        results.append(result)
    return times, results


def in_turn(
    calls: dict[str, Callable[[Any], Any]], items: Sequence[Any], slice_length: int = 25
) -> dict[str, tuple[float, list[Any]]]:
    """Median milliseconds and results of several ways to do the same, slice by slice in turn."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    results: dict[str, list[Any]] = {name: [] for name in calls}
    for at in range(0, len(items), slice_length):
        for name, call in calls.items():
            took, found = timed(call, items[at : at + slice_length])
            times[name] += took
            results[name] += found
    return {name: (statistics.median(times[name]), results[name]) for name in calls}


def recall(found: Sequence[Sequence[Any]], true: Sequence[Sequence[Any]], k: int = 10) -> float:
    """Mean share of the true first k that was found; queries without a true answer are left out."""
    shares = [
        len(set(got[:k]) & set(want[:k])) / len(want[:k])
        for got, want in zip(found, true, strict=True)
        if len(want)
    ]
    return statistics.fmean(shares)


def memory_mb(peak: bool = False) -> float:
    """Resident memory of this process, now or at its peak."""
    key = "VmHWM" if peak else "VmRSS"
    line = next(one for one in STATUS.read_text().splitlines() if one.startswith(key))
    return int(line.split()[1]) * 1024 / 1e6


def forget_peak() -> None:
    """Let the peak of this process start again from now."""
    Path("/proc/self/clear_refs").write_text("5")
