"""How much is measured: enough for steady medians, a first look, or only to see that it runs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """How long a run takes.

    Attributes:
        turns: slices of each contender.
        slice_s: CPU seconds a slice is to take.
        processes: turns where a slice is a whole process.
        loads: calls in flight.
        most_calls: calls after which a client is to cost and hold what it did at first.
        pages: pages of 100 that are walked.
    """

    name: str
    turns: int
    slice_s: float
    processes: int
    loads: tuple[int, ...]
    most_calls: int
    pages: int


FULL = Effort("full", 60, 0.03, 21, (1, 10, 100, 1000), 100_000, 100)
QUICK = Effort("quick", 7, 0.015, 3, (1, 10, 100), 20_000, 20)
LEAST = Effort("least", 2, 0.0, 1, (1, 10, 100), 100, 3)
EFFORTS = {effort.name: effort for effort in (FULL, QUICK, LEAST)}
