"""Measuring: slices of calls, contenders taking turns, so that a disturbance of the machine meets all of them alike."""

import asyncio
import gc
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType

from .contenders import Call


@dataclass(frozen=True)
class Cost:
    """CPU time per call over all slices, and its ratio to the baseline's slice of the same turn."""

    median_us: float
    lower_quartile_us: float
    upper_quartile_us: float
    ratio: float


async def run_slice(call: Call, calls: int, in_flight: int) -> float:
    """CPU time of this process for one call, in microseconds."""

    async def caller(count: int) -> None:
        for _ in range(count):
            await call()

    calls_each = max(1, calls // in_flight)
    gc.collect()  # what the last contender left behind is not this one's cost
    began_s = time.process_time()
    await asyncio.gather(*(caller(calls_each) for _ in range(in_flight)))
    return (time.process_time() - began_s) / (calls_each * in_flight) * 1e6


async def compare(
    calls_by_name: Mapping[str, Call], baseline: str, *, in_flight: int, turns: int, calls: int
) -> dict[str, Cost]:
    """Measures contenders turn by turn; the first turn only warms up."""
    gc.freeze()  # modules and clients stay; collecting between slices need not walk them
    taken: dict[str, list[float]] = {name: [] for name in calls_by_name}
    for turn in range(turns + 1):
        for name in _rotated(list(calls_by_name), turn):
            cost_us = await run_slice(calls_by_name[name], calls, in_flight)
            taken[name] += [cost_us] if turn else []
    return {name: _cost(slices, taken[baseline]) for name, slices in taken.items()}


def _rotated(names: list[str], turn: int) -> list[str]:
    first = turn % len(names)
    return names[first:] + names[:first]


def _cost(slices: list[float], baseline: list[float]) -> Cost:
    lower, median, upper = statistics.quantiles(slices, n=4, method="inclusive")
    ratios = [own / other for own, other in zip(slices, baseline, strict=True)]
    return Cost(median, lower, upper, statistics.median(ratios))


async def count_function_calls(call: Call, calls: int = 20) -> int:
    """Functions entered for one call, in Python and from it in C, event loop included: a figure without noise."""
    entered = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal entered
        entered += event in {"call", "c_call"}

    await call()
    sys.setprofile(count)
    try:
        for _ in range(calls):
            await call()
    finally:
        sys.setprofile(None)
    return round(entered / calls)
