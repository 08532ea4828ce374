"""A measured value, with its spread."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

Figures = dict[str, "Figure"]


@dataclass(frozen=True)
class Figure:
    """A median with its quartiles, from so many slices; `dropped` more were disturbed. A count has no spread."""

    median: float
    unit: str
    lower: float | None = None
    upper: float | None = None
    slices: int = 1
    dropped: int = 0

    def scaled(self, factor: float, unit: str) -> "Figure":
        """The same in another unit."""
        lower, upper = (None if value is None else _short(value * factor) for value in (self.lower, self.upper))
        return replace(self, median=_short(self.median * factor), unit=unit, lower=lower, upper=upper)


def figure_of(values: Sequence[float], unit: str, turns: int | None = None) -> Figure:
    """The figure of some slices out of so many turns."""
    if len(values) == 1:
        return Figure(_short(values[0]), unit)
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    dropped = (turns or len(values)) - len(values)
    return Figure(_short(median), unit, _short(lower), _short(upper), len(values), dropped)


def count_of(value: float, unit: str) -> Figure:
    """A figure without noise."""
    return Figure(_short(value), unit)


def _short(value: float) -> float:
    return float(f"{value:.4g}")
