"""`python -m benchmarks` runs, and its table and plot say what was measured."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.machine import quiet_environment, times_called
from benchmarks.peers import AIOHTTP, CHATKIT
from benchmarks.report import FOLDER, GOALS, LOADS, Results, Run, figure, plot, read, table, write
from benchmarks.slices import EFFORTS, Contender, Figure, Samples, Slice, compare

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[1]
TAKEN = {"date": "2026-01-02", "machine": "Abacus, 2 CPUs", "python": "CPython 3.11.7", "packages": "aiohttp 3.14.5"}


def create_results(ratios: dict[int, float], python: str = "3.11") -> Results:
    figures = {f"{load} in flight: {CHATKIT} / {AIOHTTP}": Figure(ratio, "x") for load, ratio in ratios.items()}
    return {python: {"create, speed": Run(TAKEN, figures)}}


def cells(results: Results, work: str) -> list[str]:
    row = next(line for line in table(results).splitlines() if line.startswith(f"| {work}"))
    return [cell.strip() for cell in row.strip("|").split("|")]


@pytest.mark.slow
def test_a_run_measures_and_writes_the_results_the_table_and_the_plot(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--effort", "least", "--only", "counts", "--to", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, env=quiet_environment(), capture_output=True, timeout=50, check=True)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    fast, public = (
        figure(read(tmp_path), python, f"counts, {way}", "chatkit-async, calls") for way in ("speed", "public")
    )
    assert sorted(file.name for file in tmp_path.iterdir()) == ["results.json", "results.md", "results.svg"]
    assert fast is not None
    assert public is not None
    assert public.median > fast.median + 50  # the functions of aiohttp that the fast path leaves out


def test_every_goal_has_a_figure_in_the_published_results() -> None:
    results = read(FOLDER)
    assert [goal for goal in GOALS if figure(results, "3.11", goal.run, goal.figure) is None] == []


def test_the_published_table_and_plot_show_the_published_results() -> None:
    assert (FOLDER / "results.md").read_text() == table(read(FOLDER)) + "\n"
    assert (FOLDER / "results.svg").read_text() == plot(read(FOLDER))


def test_a_figure_above_its_goal_is_bold() -> None:
    results = create_results({1: 0.71, 10: 1.001})
    assert cells(results, "create, with orjson, 1 in flight")[2:] == ["1", "0.71"]
    assert cells(results, "create, with orjson, 10 in flight")[2:] == ["1", "**1**"]


def test_each_python_has_a_column_in_order_of_versions() -> None:
    results = create_results({1: 0.9}, "3.12") | create_results({1: 0.7}, "3.9")
    assert cells(results, "work")[3:] == ["Python 3.9", "Python 3.12"]
    assert cells(results, "create, with orjson, 1 in flight")[3:] == ["0.7", "0.9"]


def test_a_figure_that_was_not_measured_is_an_empty_cell() -> None:
    assert cells(create_results({1: 0.7}), "create, with orjson, 1,000 in flight")[-1] == ""


def test_small_ratios_are_shown_as_fractions() -> None:
    results: Results = {"3.11": {"pages, speed": Run(TAKEN, {f"{CHATKIT} / openai": Figure(1 / 9, "x")})}}
    [row] = [line for line in table(results).splitlines() if "| 1/5 |" in line]
    assert "| 1/9 |" in row


def test_the_table_names_the_machine_and_the_versions() -> None:
    assert all(value in table(create_results({1: 1.0})) for value in TAKEN.values())


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    results: Results = {
        "3.11": {"create, speed": Run(TAKEN, {"a": Figure(0.7, "x", 0.6, 0.8), "b": Figure(3, "calls")})}
    }
    write(results, tmp_path)
    assert read(tmp_path) == results


def test_bars_are_as_long_as_their_figures() -> None:
    costs = {CHATKIT: Figure(50, "us CPU", 49, 51), AIOHTTP: Figure(100, "us CPU", 99, 110)}
    figures = {f"{LOADS[1]} in flight: {name}, CPU": one for name, one in costs.items()}
    root = ET.fromstring(plot({"3.11": {"create, speed": Run(TAKEN, figures)}}))
    own, other = [float(rect.get("width") or 0) for rect in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert other == pytest.approx(2 * own, rel=0.01)


def test_a_slice_taken_while_the_machine_was_slow_does_not_count() -> None:
    calm, slow = Slice(100, 10), Slice(900, 20)
    samples = Samples({"a": [calm] * 9 + [slow], "b": [Slice(50, 10)] * 10})
    assert samples.cpu("a").upper == 100
    assert samples.ratio("a", "b").median == 2


def test_a_ratio_beyond_a_base_leaves_the_base_out_of_both() -> None:
    samples = Samples({"own": [Slice(130, 1)] * 3, "other": [Slice(160, 1)] * 3, "base": [Slice(100, 1)] * 3})
    assert samples.ratio_beyond("own", "other", "base").median == 0.5


def test_contenders_take_turns_and_each_turn_begins_with_the_next() -> None:
    ran: list[str] = []
    contenders = [Contender(name, lambda calls, name=name: ran.append(name), 1, 1) for name in "ab"]
    compare(contenders, EFFORTS["least"])
    assert ran == ["a", "b", "b", "a"]


def test_calls_of_a_function_are_counted_by_name() -> None:
    def counted() -> None: ...

    assert times_called("counted", lambda: [counted() for _ in range(3)]) == 3
