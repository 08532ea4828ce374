"""The goals as data, results.json, and what is written from it: the table and the plot."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from .peers import AIOHTTP, BY_HAND, CHATKIT, CHATKIT_BLOCKING, OPENAI, OPENAI_AIOHTTP, OPENAI_BLOCKING
from .slices import Figure

FOLDER = Path(__file__).parent
RESULTS, TABLE, PLOT = "results.json", "results.md", "results.svg"
LOADS = (1, 10, 100, 1000)
BARE = f"x {AIOHTTP}"


@dataclasses.dataclass(frozen=True)
class Goal:
    """A line of the table: a figure should be at most `most`."""

    work: str
    unit: str
    run: str
    figure: str
    most: float


def _create(title: str, variant: str, peer: str, goals: tuple[float, ...]) -> Iterator[Goal]:
    for load, most in zip(LOADS, goals, strict=False):
        yield Goal(f"{title}, {load:,} in flight", f"x {peer}", f"create, {variant}", _at(load, peer), most)


def _at(load: int, peer: str) -> str:
    return f"{load} in flight: {CHATKIT} / {peer}"


GOALS = (
    *_create("create, with orjson", "speed", AIOHTTP, (1, 1, 1, 1.1)),
    *_create("create, without orjson", "json", AIOHTTP, (1.05, 1.05, 1.05, 1.05)),
    *_create("create, without the fast path", "public", AIOHTTP, (1.15, 1.15, 1.15, 1.2)),
    *_create("create", "speed", OPENAI, (1 / 8, 1 / 10, 1 / 14)),
    *_create("create", "speed", OPENAI_AIOHTTP, (1 / 6, 1 / 6, 1 / 6)),
    Goal("create, function calls", "calls", "counts, speed", f"{CHATKIT}, calls", 320),
    Goal("create, function calls without the fast path", "calls", "counts, public", f"{CHATKIT}, calls", 435),
    Goal("create, turns of the event loop", "turns", "counts, speed", f"{CHATKIT}, loop turns", 3),
    Goal("page of 100 items, with orjson", BARE, "pages, speed", f"{CHATKIT} / {AIOHTTP}", 1.5),
    Goal("page of 100 items, without orjson", BARE, "pages, json", f"{CHATKIT} / {AIOHTTP}", 1.8),
    Goal("page of 100 items", f"x {OPENAI}", "pages, speed", f"{CHATKIT} / {OPENAI}", 1 / 5),
    Goal("walking 10,000 items", "x requesting the pages", "pages, speed", "walk / its pages", 1.1),
    Goal("blocking create: the hand-over", f"x `{BY_HAND}`", "blocking, speed",
         f"added by {CHATKIT_BLOCKING} / by {BY_HAND}", 0.8),
    Goal("blocking create, 1 thread", f"x {OPENAI_BLOCKING}", "blocking, speed",
         f"1 threads: {CHATKIT_BLOCKING} / {OPENAI_BLOCKING}", 0.3),
    Goal("blocking create, 10 threads", f"x {OPENAI_BLOCKING}", "blocking, speed",
         f"10 threads: {CHATKIT_BLOCKING} / {OPENAI_BLOCKING}", 0.25),
    Goal("blocking listing", "hand-overs a page", "blocking, speed", "hand-overs a page", 1),
    Goal("process start to first response, async", BARE, "processes, speed", f"start: {CHATKIT} / {AIOHTTP}", 1.25),
    Goal("process start to first response, blocking", BARE, "processes, speed",
         f"start: {CHATKIT_BLOCKING} / {AIOHTTP}", 1.45),
    Goal("process start to first response, async", f"x {OPENAI}", "processes, speed",
         f"start: {CHATKIT} / {OPENAI}", 1 / 4),
    Goal("process start to first response, blocking", f"x {OPENAI_BLOCKING}", "processes, speed",
         f"start: {CHATKIT_BLOCKING} / {OPENAI_BLOCKING}", 1 / 4),
    Goal("importing both clients", "x `import asyncio`", "processes, speed",
         f"import: {CHATKIT} / import asyncio", 2.4),
    Goal("importing both clients", "x `import openai`", "processes, speed", f"import: {CHATKIT} / {OPENAI}", 1 / 4),
    Goal("`chatkit --help`", "x `import click`", "processes, speed", "chatkit --help / import click", 1.5),
    Goal("memory after the first call, async", "MiB", "processes, speed", f"{CHATKIT}, resident", 40),
    Goal("memory after the first call, blocking", "MiB", "processes, speed", f"{CHATKIT_BLOCKING}, resident", 40),
    Goal("create after 100,000 calls", "x a new client", "steady, speed", "old / new client", 1.05),
    Goal("memory growth over 100,000 calls", "MiB", "steady, speed", "growth", 1),
    Goal("memory of a session kept", "KiB", "steady, speed", "one session", 1.4),
    Goal("emulator, create", "x aiohttp.web", "emulator, speed", "emulator / aiohttp.web", 2.5),
    Goal("web endpoint, hit", "x a Starlette route", "endpoint, speed", "endpoint / starlette", 2.5),
    Goal("archiving 50,000 items", "x walking the same pages", "archive, speed", "archive / walk", 1.3),
)  # fmt: skip
PLOTTED = (CHATKIT, AIOHTTP, OPENAI_AIOHTTP, OPENAI)


@dataclasses.dataclass(frozen=True)
class Run:
    """The figures of one section and variant, and what they were taken on."""

    taken: Mapping[str, str]
    figures: Mapping[str, Figure]


Results = dict[str, dict[str, Run]]  # by Python (`3.11`), then by run (`create, json`)


def read(folder: Path) -> Results:
    """The results in a folder; empty without a results.json."""
    file = folder / RESULTS
    document = json.loads(file.read_text()) if file.exists() else {}
    return {python: {name: _run(run) for name, run in runs.items()} for python, runs in document.items()}


def _run(written: Mapping[str, Any]) -> Run:
    return Run(written["taken"], {name: Figure(**figure) for name, figure in written["figures"].items()})


def write(results: Results, folder: Path) -> None:
    """Writes results.json, the table and the plot."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        python: {name: dataclasses.asdict(run) for name, run in sorted(runs.items())}
        for python, runs in sorted(results.items(), key=lambda row: _version(row[0]))
    }
    (folder / RESULTS).write_text(json.dumps(document, indent=1) + "\n")
    (folder / TABLE).write_text(table(results) + "\n")
    (folder / PLOT).write_text(plot(results))


def figure(results: Results, python: str, run: str, name: str) -> Figure | None:
    """A figure, if it was measured."""
    found = results.get(python, {}).get(run)
    return None if found is None else found.figures.get(name)


def table(results: Results) -> str:
    """A line for each goal with the figures of each Python, those above the goal in bold, and what it was taken on."""
    pythons = sorted(results, key=_version)
    head = ["work", "measured in", "goal: at most", *(f"Python {python}" for python in pythons)]
    lines = [_row(head), "|" + "---|" * len(head)]
    for goal in GOALS:
        cells = [_cell(goal, figure(results, python, goal.run, goal.figure)) for python in pythons]
        lines.append(_row([goal.work, goal.unit, number(goal.most), *cells]))
    return "\n".join([*lines, "", *_taken_on(results)])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(goal: Goal, found: Figure | None) -> str:
    if found is None:
        return ""
    text = number(found.median)
    return f"**{text}**" if found.median > goal.most else text


def number(value: float) -> str:
    """Three digits; a small ratio as one over something."""
    if 0 < value <= 1 / 3:
        return f"1/{1 / value:.3g}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _taken_on(results: Results) -> Iterator[str]:
    taken = {tuple(run.taken.items()) for runs in results.values() for run in runs.values()}
    for row in sorted({tuple(value for _, value in one) for one in taken}):
        yield f"- {'; '.join(row)}"


def _version(python: str) -> list[int]:
    return [int(part) for part in python.split(".")]


# --- the plot: bars for each load on one scale; it reads on light and on dark pages ---------------------------------

WIDTH, NAME_WIDTH, VALUE_WIDTH = 760, 200, 150
BAR, GAP, HEADING = 13, 5, 30
TEXT, OWN, OTHER = "#777", "#1a7f64", "#8c959f"  # a contrast of 4.2 to 1 on white and on a dark page
TITLE = "CPU time of one sessions.create in the client's process, median and quartiles: shorter is better"


def plot(results: Results) -> str:
    """CPU time of a create at each load for each client, as SVG, on the Python with most figures."""
    python = max(results, key=lambda python: len(results[python]), default="")
    groups = {load: _costs(results, python, load) for load in LOADS}
    longest = max((one.upper or one.median for costs in groups.values() for one in costs.values()), default=1.0)
    parts, top = [_text(0, 14, TITLE)], 24
    for load, costs in groups.items():
        if costs:
            parts += _group(load, costs, top, (WIDTH - NAME_WIDTH - VALUE_WIDTH) / longest)
            top += HEADING + len(costs) * (BAR + GAP)
    size = f'viewBox="0 0 {WIDTH} {top + 8}" width="{WIDTH}" height="{top + 8}"'
    style = f'role="img" font-family="sans-serif" font-size="12" fill="{TEXT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>'
    return "\n".join([head, f"<title>{TITLE}</title>", *parts, "</svg>", ""])


def _costs(results: Results, python: str, load: int) -> dict[str, Figure]:
    found = {name: figure(results, python, "create, speed", f"{load} in flight: {name}, CPU") for name in PLOTTED}
    return {name: one for name, one in found.items() if one is not None}


def _group(load: int, costs: Mapping[str, Figure], top: int, scale: float) -> Iterator[str]:
    yield _text(0, top + 14, f"{load:,} in flight", weight="bold")
    for place, (name, one) in enumerate(costs.items()):
        yield from _bar(name, one, top + HEADING - 6 + place * (BAR + GAP), scale)


def _bar(name: str, one: Figure, top: int, scale: float) -> Iterator[str]:
    color, weight = (OWN, "bold") if name == CHATKIT else (OTHER, "normal")
    lower, upper = (NAME_WIDTH + (value or one.median) * scale for value in (one.lower, one.upper))
    width = max(1.0, one.median * scale)
    yield _text(NAME_WIDTH - 8, top + 11, name, anchor="end", weight=weight)
    yield f'<rect x="{NAME_WIDTH}" y="{top}" width="{width:.1f}" height="{BAR}" fill="{color}"/>'
    yield f'<path d="M{lower:.1f} {top + BAR / 2}H{upper:.1f}" stroke="{TEXT}" stroke-width="2"/>'
    yield _text(max(NAME_WIDTH + width, upper) + 6, top + 11, f"{one.median:,.0f} µs")


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escape(text)}</text>'
