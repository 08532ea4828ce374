"""Saying what was measured, and on what."""

import os
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata

from .measure import Cost

PACKAGES = ("chatkit-async", "aiohttp", "attrs", "cattrs", "orjson", "openai", "httpx2", "httpx")


def environment() -> str:
    """Python, machine and versions, on one line each."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = ", ".join(f"{name} {version}" for name in PACKAGES if (version := _version(name)))
    machine = (
        f"{platform.python_implementation()} {platform.python_version()} on {platform.system()} {platform.machine()}"
    )
    return f"{machine}, {cpus} CPUs\n{versions}"


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def costs_table(title: str, costs_by_load: Mapping[int, Mapping[str, Cost]], calls: Mapping[str, int]) -> str:
    """One operation: a row for each contender, a column for each load."""
    head = ["", *(f"{in_flight} in flight" for in_flight in costs_by_load), "function calls"]
    rows = [[name, *(_cell(costs[name]) for costs in costs_by_load.values()), str(calls[name])] for name in calls]
    return f"{title}: CPU per call in us, median (quartiles) and ratio\n\n{_table([head, *rows])}"


def _cell(cost: Cost) -> str:
    spread = f"({cost.lower_quartile_us:.0f}-{cost.upper_quartile_us:.0f})"
    return f"{cost.median_us:.0f} {spread} {cost.ratio:.2f} x"


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
