"""Contenders take turns in small slices, so that a disturbance of the machine meets all of them alike.

Before and after each slice a fixed piece of work, the yardstick, is timed. Where it took over 1.15 times its lower
quartile the machine was slowed down, and the slice is dropped. Ratios compare slices of the same turn.
"""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

DISTURBED = 1.15
MIN_CALM_SLICES = 8  # or a third of the turns; with fewer, all slices count
YARDSTICK_ROUNDS = 4000


@dataclass(frozen=True)
class Effort:
    """How long a run takes.

    Attributes:
        turns: slices of each contender.
        slice_s: CPU seconds of one slice.
        processes: turns where a slice is a whole process.
        loads: calls in flight.
        many_calls: calls after which a client should cost and hold what it did at first.
        pages: pages of 100 items that are walked.
    """

    turns: int
    slice_s: float
    processes: int
    loads: tuple[int, ...]
    many_calls: int
    pages: int


EFFORTS = {
    "full": Effort(60, 0.03, 21, (1, 10, 100, 1000), 100_000, 100),
    "quick": Effort(7, 0.015, 3, (1, 10, 100), 20_000, 20),
    "least": Effort(2, 0.0, 1, (1, 10), 50, 3),
}


@dataclass(frozen=True)
class Figure:
    """A median with its quartiles; a count has no spread."""

    median: float
    unit: str
    lower: float | None = None
    upper: float | None = None


Figures = dict[str, Figure]


def figure_of(values: Sequence[float], unit: str) -> Figure:
    """The median and quartiles of some values."""
    if len(values) == 1:
        return Figure(_rounded(values[0]), unit)
    lower, median, upper = map(_rounded, statistics.quantiles(values, n=4, method="inclusive"))
    return Figure(median, unit, lower, upper)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


@dataclass(frozen=True)
class Contender:
    """Something that makes calls.

    Attributes:
        run: makes that many calls.
        least: calls in flight at once; a slice is a multiple of it.
        most: the largest slice, or None.
        cpu_s: reads the CPU time that counts.
    """

    name: str
    run: Callable[[int], object]
    least: int = 1
    most: int | None = None
    cpu_s: Callable[[], float] = time.process_time


@dataclass(frozen=True)
class Slice:
    """One contender's part of one turn."""

    cpu_us: float
    yardstick_us: float


class Samples:
    """The slices of all contenders, turn by turn."""

    def __init__(self, taken: dict[str, list[Slice]]) -> None:
        self._taken = taken
        calm_us = statistics.quantiles([one.yardstick_us for row in taken.values() for one in row], n=4)[0]
        self._limit_us = calm_us * DISTURBED

    def figures(self, own: str) -> Figures:
        """The CPU time of a call of each contender, and the ratios of one of them to the others."""
        costs = {f"{name}, CPU": self.cpu(name) for name in self._taken}
        return costs | {f"{own} / {name}": self.ratio(own, name) for name in self._taken if name != own}

    def cpu(self, name: str) -> Figure:
        """CPU time of a call, in microseconds."""
        return figure_of([self._cpu_us(name, turn) for turn in self._calm(name)], "us CPU")

    def ratio(self, own: str, other: str) -> Figure:
        """CPU time of one over that of another, in the same turn."""
        turns = self._calm(own, other)
        return figure_of([self._cpu_us(own, turn) / self._cpu_us(other, turn) for turn in turns], "x")

    def ratio_beyond(self, own: str, other: str, base: str) -> Figure:
        """What one costs beyond a base, over what another costs beyond it."""
        turns = self._calm(own, other, base)
        added = {name: [self._cpu_us(name, turn) - self._cpu_us(base, turn) for turn in turns] for name in (own, other)}
        middle = statistics.median(added[other]) or 1e-9  # differences of single slices may come near 0
        return figure_of([value / middle for value in added[own]], "x")

    def _cpu_us(self, name: str, turn: int) -> float:
        return self._taken[name][turn].cpu_us

    def _calm(self, *names: str) -> list[int]:
        turns = range(min(len(self._taken[name]) for name in names))
        calm = [turn for turn in turns if all(self._taken[n][turn].yardstick_us <= self._limit_us for n in names)]
        return calm if len(calm) >= max(2, min(MIN_CALM_SLICES, len(turns) / 3)) else list(turns)


def compare(contenders: Sequence[Contender], effort: Effort, turns: int | None = None) -> Samples:
    """Warms all contenders up, then measures them turn by turn, each turn beginning with the next contender."""
    gc.collect()
    gc.freeze()  # modules and clients stay; the collections between slices need not walk them
    try:
        sizes = {one.name: _calls_in_a_slice(one, effort) for one in contenders}
        taken: dict[str, list[Slice]] = {one.name: [] for one in contenders}
        for turn in range(turns or effort.turns):
            first = turn % len(contenders)
            for one in (*contenders[first:], *contenders[:first]):
                taken[one.name].append(_slice(one, sizes[one.name]))
        return Samples(taken)
    finally:
        gc.unfreeze()


def _calls_in_a_slice(contender: Contender, effort: Effort) -> int:
    if contender.most == contender.least:
        return contender.least
    contender.run(contender.least)
    began_s = contender.cpu_s()
    contender.run(contender.least)
    one_s = max(contender.cpu_s() - began_s, 1e-6)
    wanted = contender.least * max(1, round(effort.slice_s / one_s))
    return min(wanted, contender.most or wanted)


def _slice(contender: Contender, calls: int) -> Slice:
    gc.collect()  # garbage of the last contender is not this one's cost
    before_us = _yardstick_us()
    began_s = contender.cpu_s()
    contender.run(calls)
    cpu_us = (contender.cpu_s() - began_s) / calls * 1e6
    return Slice(cpu_us, max(before_us, _yardstick_us()))


def _yardstick_us() -> float:
    began_s = time.process_time()
    counted = {}
    for number in range(YARDSTICK_ROUNDS):
        counted[number & 255] = str(number)
    return (time.process_time() - began_s) * 1e6
