"""Turns figures into a JSON record and into the Markdown table of the README."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np

import engram

from .figures import Figure


def machine() -> dict[str, str]:
    """What the numbers belong to."""
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": f"{os.cpu_count()} cores of {names[0] if names else platform.machine()}",
        "system": platform.platform(terse=True),
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "SQLite": sqlite3.sqlite_version,
        "engram": engram.__version__,
    }


def number(value: float) -> str:
    """Three significant digits, thousands parted."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(figures: list[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| | workload | engram | recall / overlap | target | beside it, same run |",
        "|---|---|---|---|---|---|",
    ]
    for figure in figures:
        unit = f" {figure.unit}" if figure.unit else ""
        quality = "" if figure.quality is None else f"{figure.quality:.3f}"
        target = ""
        if figure.target is not None:
            sign = "≥" if figure.at_least else "≤"
            target = f"{sign} {number(figure.target)}" + ("" if figure.met else " (missed)")
        beside = ", ".join(f"{name} {number(value)}" for name, value in figure.beside.items())
        lines.append(
            f"| {figure.workload} | {figure.name} | {number(figure.value)}{unit} "
            f"| {quality} | {target} | {beside} |"
        )
    return "\n".join(lines)


def record(figures: list[Figure], records: int, rounds: int) -> dict[str, Any]:
    """Everything, as JSON-able data."""
    return {
        "records": records,
        "rounds": rounds,
        "machine": machine(),
        "figures": [figure.to_dict() for figure in figures],
    }


def load(file: Path) -> list[Figure]:
    """The figures of a JSON record."""
    return [Figure(**one) for one in json.loads(file.read_text())["figures"]]
