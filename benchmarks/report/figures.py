"""All figures of one run, as text for whoever watches."""

from collections.abc import Mapping

from ..method.figure import Figure


def as_text(run: str, figures: Mapping[str, Figure]) -> str:
    """A line for each: median, unit, quartiles, slices that count."""
    width = max(map(len, figures), default=0)
    return "\n".join([run, *(f"  {name:<{width}}  {_value(figure)}" for name, figure in figures.items())])


def _value(figure: Figure) -> str:
    median = f"{figure.median:>9.4g} {figure.unit}"
    if figure.lower is None:
        return median
    dropped = f", {figure.dropped} disturbed" if figure.dropped else ""
    return f"{median} ({figure.lower:.4g} to {figure.upper:.4g}; {figure.slices} slices{dropped})"
