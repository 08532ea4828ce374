"""The plot: CPU of a create at each load for each contender, as SVG that reads on light and on dark pages."""

from collections.abc import Iterator, Sequence
from html import escape

from ..contenders import CHATKIT
from ..measured import run_name
from ..method.figure import Figure
from .goals import CREATE_LOADS, PLOTTED
from .results import Results

WIDTH, NAME_WIDTH, VALUE_WIDTH = 760, 200, 150
BAR, GAP, HEADING = 13, 5, 30
# Of 4.2 to 1 against white as against GitHub's dark page.
TEXT = "#777"
OWN, OTHER = "#1a7f64", "#8c959f"


def plot(results: Results) -> str:
    """Bars for each load, all on one scale; whiskers are quartiles."""
    groups = [(load, _costs(results, load)) for load in CREATE_LOADS]
    groups = [(load, costs) for load, costs in groups if costs]
    longest = max((figure.upper or figure.median for _, costs in groups for _, figure in costs), default=1.0)
    parts: list[str] = []
    top = 24
    for load, costs in groups:
        parts += _group(load, costs, top, (WIDTH - NAME_WIDTH - VALUE_WIDTH) / longest)
        top += HEADING + len(costs) * (BAR + GAP)
    return _document(parts, top + 8)


def _costs(results: Results, load: int) -> list[tuple[str, Figure]]:
    run = run_name("create")
    found = [(name, results.figure(results.main_python, run, f"{load} in flight: {name}, CPU")) for name in PLOTTED]
    return [(name, figure) for name, figure in found if figure is not None]


def _group(load: int, costs: Sequence[tuple[str, Figure]], top: int, scale: float) -> Iterator[str]:
    yield _text(0, top + 14, f"{load:,} in flight", weight="bold")
    for place, (name, figure) in enumerate(costs):
        yield from _bar(name, figure, top + HEADING - 6 + place * (BAR + GAP), scale)


def _bar(name: str, figure: Figure, top: float, scale: float) -> Iterator[str]:
    own = name == CHATKIT
    width, middle = max(1.0, figure.median * scale), top + BAR / 2
    lower, upper = (NAME_WIDTH + (value or figure.median) * scale for value in (figure.lower, figure.upper))
    yield _text(NAME_WIDTH - 8, top + 11, name, anchor="end", weight="bold" if own else "normal")
    yield f'<rect x="{NAME_WIDTH}" y="{top}" width="{width:.1f}" height="{BAR}" fill="{OWN if own else OTHER}"/>'
    yield f'<path d="M{lower:.1f} {middle}H{upper:.1f}" stroke="{TEXT}" stroke-width="2"/>'
    yield _text(max(NAME_WIDTH + width, upper) + 6, top + 11, f"{figure.median:,.0f} µs")


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal") -> str:
    style = f'text-anchor="{anchor}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'


def _document(parts: Sequence[str], height: float) -> str:
    title = "CPU time of one sessions.create in the client's process, median and quartiles: shorter is better"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}"'
        f' height="{height:.0f}" role="img" font-family="sans-serif" font-size="12" fill="{TEXT}">'
    )
    return "\n".join([head, f"<title>{title}</title>", _text(0, 14, title), *parts, "</svg>", ""])
