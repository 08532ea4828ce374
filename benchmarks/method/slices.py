"""Contenders take turns in small slices, so that a disturbance of the machine meets all of them alike.

Before and after each slice a fixed piece of work, the yardstick, is timed. Where it took over 1.15 times its lower
quartile the machine was slowed down just then, and the slice is dropped. Ratios are those of slices of the same turn.
"""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .effort import LEAST, Effort
from .figure import Figure, Figures, figure_of

DISTURBED = 1.15
FEWEST_CALM = 8  # slices, or a third of the turns; with fewer, all count: so few say less than disturbed ones
YARDSTICK_ROUNDS = 4000


@dataclass(frozen=True)
class Contender:
    """Something that makes calls.

    Attributes:
        run: makes so many.
        least: a slice is so many, or a multiple: as many as are in flight.
        most: a slice is no more, if not None.
        cpu_s: reads the CPU time that counts.
    """

    name: str
    run: Callable[[int], object]
    least: int = 1
    most: int | None = None
    cpu_s: Callable[[], float] = time.process_time


@dataclass(frozen=True)
class Slice:
    """One contender's part of one turn: microseconds a call, and how slow the machine was."""

    cpu_us: float
    wall_us: float
    yardstick_us: float


class Samples:
    """The slices of all contenders, turn by turn."""

    def __init__(self, taken: dict[str, list[Slice]]) -> None:
        self._taken = taken
        calm_us = statistics.quantiles([one.yardstick_us for row in taken.values() for one in row], n=4)[0]
        self._most_us = calm_us * DISTURBED

    @property
    def names(self) -> list[str]:
        """Of the contenders."""
        return list(self._taken)

    def costs(self) -> Figures:
        """CPU time of a call of each contender."""
        return {f"{name}, CPU": self.cpu(name) for name in self.names}

    def ratios(self, own: str) -> Figures:
        """One beside each of the others."""
        return {f"{own} / {name}": self.ratio(own, name) for name in self.names if name != own}

    def cpu(self, name: str) -> Figure:
        """CPU time of a call, in microseconds."""
        return figure_of([self._taken[name][turn].cpu_us for turn in self._calm(name)], "us CPU", self._turns)

    def wall(self, name: str) -> Figure:
        """Time of a call on the clock, with others in flight, in microseconds."""
        return figure_of([self._taken[name][turn].wall_us for turn in self._calm(name)], "us", self._turns)

    def ratio(self, own: str, other: str) -> Figure:
        """CPU time of one over that of another, in the same turn."""
        pairs = [(self._cpu(own, turn), self._cpu(other, turn)) for turn in self._calm(own, other)]
        return figure_of([one / two for one, two in pairs], "x", self._turns)

    def beyond(self, own: str, base: str) -> Figure:
        """What one costs beyond a base, in microseconds."""
        turns = self._calm(own, base)
        return figure_of([self._cpu(own, turn) - self._cpu(base, turn) for turn in turns], "us CPU", self._turns)

    def ratio_beyond(self, own: str, other: str, base: str) -> Figure:
        """What one costs beyond a base, over what another costs beyond it."""
        turns = self._calm(own, other, base)
        differences = [
            (self._cpu(own, turn) - self._cpu(base, turn), self._cpu(other, turn) - self._cpu(base, turn))
            for turn in turns
        ]
        # Differences of slices scatter, and may come near 0: medians first.
        middle = statistics.median(other for _, other in differences) or 1e-9
        return figure_of([one / middle for one, _ in differences], "x", self._turns)

    @property
    def _turns(self) -> int:
        return max(len(row) for row in self._taken.values())

    def _cpu(self, name: str, turn: int) -> float:
        return self._taken[name][turn].cpu_us

    def _calm(self, *names: str) -> list[int]:
        turns = range(min(len(self._taken[name]) for name in names))
        calm = [turn for turn in turns if all(self._taken[name][turn].yardstick_us <= self._most_us for name in names)]
        return calm if len(calm) >= max(2, min(FEWEST_CALM, len(turns) / 3)) else list(turns)


def compare(contenders: Sequence[Contender], effort: Effort, turns: int | None = None) -> Samples:
    """Warms all contenders up, then measures them turn by turn, each turn beginning with the next."""
    gc.collect()
    gc.freeze()  # modules and clients stay; collecting between slices need not walk them
    try:
        return Samples(_taken(contenders, effort, turns or effort.turns))
    finally:
        gc.unfreeze()


def _taken(contenders: Sequence[Contender], effort: Effort, turns: int) -> dict[str, list[Slice]]:
    sizes = {contender.name: _calls_in_a_slice(contender, effort) for contender in contenders}
    taken: dict[str, list[Slice]] = {contender.name: [] for contender in contenders}
    for turn in range(turns):
        first = turn % len(contenders)
        for contender in (*contenders[first:], *contenders[:first]):
            taken[contender.name].append(_slice(contender, sizes[contender.name]))
    return taken


def _calls_in_a_slice(contender: Contender, effort: Effort) -> int:
    is_fixed = contender.most == contender.least
    if effort is not LEAST or not is_fixed:
        contender.run(contender.least)
    if effort is LEAST or is_fixed:
        return contender.least
    began_s = contender.cpu_s()
    contender.run(contender.least)
    one_s = max(contender.cpu_s() - began_s, 1e-6)
    wanted = contender.least * max(1, round(effort.slice_s / one_s))
    return min(wanted, contender.most or wanted)


def _slice(contender: Contender, calls: int) -> Slice:
    gc.collect()  # what the last contender left behind is not this one's cost
    before_us = _yardstick_us()
    began_s, cpu_began_s = time.perf_counter(), contender.cpu_s()
    contender.run(calls)
    cpu_s, took_s = contender.cpu_s() - cpu_began_s, time.perf_counter() - began_s
    return Slice(cpu_s / calls * 1e6, took_s / calls * 1e6, max(before_us, _yardstick_us()))


def _yardstick_us() -> float:
    began_s = time.process_time()
    counted = {}
    for number in range(YARDSTICK_ROUNDS):
        counted[number & 255] = str(number)
    return (time.process_time() - began_s) * 1e6
