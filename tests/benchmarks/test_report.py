"""The table and the plot say what was measured, and README shows them."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.contenders import AIOHTTP, CHATKIT
from benchmarks.measured import SECTIONS
from benchmarks.method.figure import Figure
from benchmarks.report.goals import LINES
from benchmarks.report.plot import plot
from benchmarks.report.readme import README, embedded, with_embedded
from benchmarks.report.results import FOLDER, Results, Run, read, write
from benchmarks.report.table import table

TAKEN: dict[str, str | int] = {
    "date": "2026-01-02",
    "effort": "full",
    "cpu": "Abacus",
    "cpus": 2,
    "system": "Linux x86_64",
    "python": "CPython 3.11.7",
    "packages": "aiohttp 3.14.5",
}


def results_of(ratios: dict[int, float], *, python: str = "3.11", run: str = "create, speed") -> Results:
    """Results that hold so much of bare aiohttp at each load."""
    figures = {f"{load} in flight: {CHATKIT} / {AIOHTTP}": Figure(ratio, "x") for load, ratio in ratios.items()}
    return Results({python: {run: Run(TAKEN, figures)}})


def row(results: Results, work: str = "create at") -> list[str]:
    """The cells of the first line of the table about some work."""
    line = next(line for line in table(results).splitlines() if line.startswith(f"| {work}"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_line_shows_goal_stretch_and_measured_for_each_load() -> None:
    results = results_of({1: 0.71, 10: 0.85, 100: 0.9, 1000: 1.05})
    assert row(results)[2:] == [
        "1 / 1 / 1 / 1.1",
        "0.8 / 0.9 / - / -",
        "0.71 / 0.85 / 0.9 / 1.05",
        "yes, and the stretch",
    ]


def test_a_goal_that_is_met_without_its_stretch_says_only_yes() -> None:
    assert row(results_of({1: 0.81, 10: 0.85, 100: 0.9, 1000: 1.05}))[-1] == "yes"


def test_a_missed_goal_says_where_and_by_how_much() -> None:
    assert (
        row(results_of({1: 0.7, 10: 1.25, 100: 0.9, 1000: 1.21}))[-1] == "**missed**: by 25% (at 10), by 10% (at 1,000)"
    )


def test_a_goal_missed_by_a_hair_is_missed() -> None:
    assert row(results_of({1: 1.001, 10: 1, 100: 1, 1000: 1}))[-1] == "**missed**: by less than 1% (at 1)"


def test_what_was_not_measured_counts_as_neither_met_nor_missed() -> None:
    assert row(results_of({1: 0.7}))[-2:] == ["0.7 / - / - / -", "in part measured"]
    assert row(results_of({}))[-1] == "not measured"


def test_each_python_has_its_own_line_for_create() -> None:
    results = results_of({1: 0.7, 10: 0.7, 100: 0.7, 1000: 0.7})
    results.runs |= results_of({1: 2.0, 10: 0.7, 100: 0.7, 1000: 0.7}, python="3.12").runs
    lines = [line for line in table(results).splitlines() if "with `speed`" in line and line.startswith("| create")]
    assert [("3.11 |" in line, "3.12 |" in line, "missed" in line) for line in lines] == [
        (True, False, False),
        (False, True, True),
    ]


def test_ratios_to_the_official_client_are_fractions() -> None:
    figure = Figure(1 / 9, "x")
    results = Results({"3.11": {"list_items, speed": Run(TAKEN, {f"{CHATKIT} / openai": figure})}})
    [found] = [line for line in table(results).splitlines() if "| 1/5 |" in line]
    assert "| 1/9 | yes |" in found


def test_the_table_says_what_it_was_taken_on() -> None:
    said = table(results_of({1: 1.0})).splitlines()[-1]
    assert all(str(value) in said for value in TAKEN.values())


def test_runs_taken_on_different_days_are_all_named() -> None:
    results = results_of({1: 1.0})
    results.runs["3.11"]["growth, speed"] = Run({**TAKEN, "date": "2026-03-04"}, {})
    assert "2026-01-02, 2026-03-04" in table(results)


def test_each_version_of_a_package_is_named_once() -> None:
    results = results_of({1: 1.0})
    for run, packages in {"a": "aiohttp 3.14.5, attrs 26.1.0", "b": "aiohttp 3.15.0, attrs 26.1.0"}.items():
        results.runs["3.11"][run] = Run({**TAKEN, "packages": packages}, {})
    assert "aiohttp 3.14.5, attrs 26.1.0, aiohttp 3.15.0." in table(results)


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    figure = Figure(0.7, "x", 0.6, 0.8, 58, 2)
    results = Results({"3.11": {"create, speed": Run(TAKEN, {"a": figure, "b": Figure(3, "calls")})}})
    write(results, tmp_path)
    assert read(tmp_path) == results


def test_pythons_are_ordered_by_version() -> None:
    assert Results({"3.9": {}, "3.12": {}, "3.11": {}}).pythons == ["3.9", "3.11", "3.12"]


def bars(svg: str) -> dict[str, float]:
    """The length of each bar by its contender."""
    root = ET.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    names = [text.text or "" for text in root.iter(f"{space}text") if text.get("text-anchor") == "end"]
    widths = [float(rect.get("width") or 0) for rect in root.iter(f"{space}rect")]
    return dict(zip(names, widths, strict=True))


def test_bars_are_as_long_as_their_figures() -> None:
    costs = {CHATKIT: Figure(50, "us CPU", 49, 51), AIOHTTP: Figure(100, "us CPU", 99, 110)}
    figures = {f"10 in flight: {name}, CPU": figure for name, figure in costs.items()}
    drawn = bars(plot(Results({"3.11": {"create, speed": Run(TAKEN, figures)}})))
    assert drawn.keys() == {CHATKIT, AIOHTTP}
    assert drawn[AIOHTTP] == pytest.approx(2 * drawn[CHATKIT], rel=0.01)


def test_a_plot_of_nothing_is_well_formed() -> None:
    assert bars(plot(Results({}))) == {}


def test_every_file_of_what_is_measured_is_run() -> None:
    files = {file.stem for file in (FOLDER / "measured").glob("*.py")} - {"__init__"}
    assert files == {section.module for section in SECTIONS}


def test_readme_keeps_what_stands_around_its_table() -> None:
    readme = README.read_text()
    changed = with_embedded(readme, "another table")
    assert embedded(changed) == "another table"
    assert with_embedded(changed, embedded(readme)) == readme


def test_readme_shows_what_the_results_say() -> None:
    assert embedded(README.read_text()) == table(read())


def test_the_written_table_and_plot_are_those_of_the_results() -> None:
    assert (FOLDER / "results.md").read_text() == table(read()) + "\n"
    assert (FOLDER / "results.svg").read_text() == plot(read())


def test_the_results_hold_every_goal() -> None:
    results = read()
    missing = [
        (limit.run, limit.figure)
        for line in LINES
        for limit in line.limits
        if results.figure(results.main_python, limit.run, limit.figure) is None
    ]
    assert missing == []
