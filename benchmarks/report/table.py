"""The table: work, goal, stretch, measured, and whether the goal is met, or by how much it is missed."""

from collections.abc import Mapping, Sequence

from ..measured import STUB_SHARE
from ..method.figure import Figure
from .goals import LINES, Limit, Line
from .results import Results

HEAD = ("work", "measured in", "goal: at most", "stretch", "measured", "met?")
NOTHING = "-"
MOST_IN_FRACTIONS = 1 / 4  # goals of lines that are clearer as one over something


def table(results: Results) -> str:
    """The whole table, with what it was taken on."""
    rows = [row for line in LINES for row in _rows(line, results)]
    return f"{markdown((HEAD, *rows))}\n\n{taken_on(results)}"


def _rows(line: Line, results: Results) -> list[tuple[str, ...]]:
    pythons = results.pythons if line.each_python else [results.main_python]
    found = {python: [results.figure(python, limit.run, limit.figure) for limit in line.limits] for python in pythons}
    shown = [python for python in pythons if any(found[python])] or pythons[-1:]
    named = line.each_python and len(shown) > 1
    return [_row(line, found[python], f", Python {python}" if named else "") for python in shown]


def _row(line: Line, figures: Sequence[Figure | None], python: str) -> tuple[str, ...]:
    write = fraction if max(limit.goal for limit in line.limits) <= MOST_IN_FRACTIONS else number
    goals = [write(limit.goal) for limit in line.limits]
    stretches = [NOTHING if limit.stretch is None else write(limit.stretch) for limit in line.limits]
    measured = [NOTHING if figure is None else write(figure.median) for figure in figures]
    verdict = _verdict(line.limits, figures)
    return (line.work + python, line.unit, _joined(goals), _joined(stretches), " / ".join(measured), verdict)


def _joined(values: Sequence[str]) -> str:
    """All of them, or the one that all are."""
    if len(set(values)) == 1:
        return "" if values[0] == NOTHING else values[0]
    return " / ".join(values)


def _verdict(limits: Sequence[Limit], figures: Sequence[Figure | None]) -> str:
    pairs = [(limit, figure) for limit, figure in zip(limits, figures, strict=True) if figure is not None]
    missed = [_missed(limit, figure) for limit, figure in pairs if figure.median > limit.goal]
    if missed:
        return f"**missed**: {', '.join(missed)}"
    if len(pairs) < len(limits):
        return "in part measured" if pairs else "not measured"
    reached = [figure.median <= limit.stretch for limit, figure in pairs if limit.stretch is not None]
    return "yes, and the stretch" if reached and all(reached) else "yes"


def _missed(limit: Limit, figure: Figure) -> str:
    share = f"by {figure.median / limit.goal - 1:.0%}" if limit.goal else f"by {number(figure.median)}"
    share = "by less than 1%" if share == "by 0%" else share
    return f"{share} ({limit.label})" if limit.label else share


def number(value: float) -> str:
    """As few digits as tell it from its neighbours."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def fraction(value: float) -> str:
    """A ratio below 1 as one over something."""
    return f"1/{number(1 / value)}" if 0 < value < 1 else number(value)


def taken_on(results: Results) -> str:
    """What the figures were taken on; where runs differ, all of it."""
    taken = list(results.all_taken())
    if not taken:
        return "Nothing was measured yet."
    one = {name: _distinct(taken, name) for name in taken[0]}
    return (
        f"Taken {one['date']} ({one['effort']} run) on {one['cpu']}, {one['cpus']} CPUs, {one['system']},"
        f" {one['python']}; {one['packages']}.{_stub_note(results)}"
    )


def _stub_note(results: Results) -> str:
    """How near the server came to being what was measured."""
    found = [
        figure.median
        for python in results.pythons
        for run in results.runs[python].values()
        for name, figure in run.figures.items()
        if name.endswith(STUB_SHARE)
    ]
    return f" The server was busy for at most {max(found):.0%} of the time." if found else ""


def _distinct(taken: Sequence[Mapping[str, str | int]], name: str) -> str:
    return ", ".join(dict.fromkeys(part for one in taken for part in str(one[name]).split(", ")))


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Cells as a Markdown table, the first row its head."""
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
