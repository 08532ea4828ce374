"""`python -m benchmarks` runs, and measures what the goals ask for."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.method.machine import quiet_environment
from benchmarks.report.goals import LINES
from benchmarks.report.results import Results, read
from chatkit_async._core.operations import OPERATIONS

ROOT = Path(__file__).parents[2]
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
BEYOND_LEAST = "1000"  # calls in flight, and seconds in the official client

# One least run serves them all, and is made by whichever comes first.
pytestmark = [pytest.mark.checkout, pytest.mark.slow, pytest.mark.timeout(300)]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=quiet_environment(), capture_output=True, text=True, timeout=280, check=False
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one least run has written."""
    folder = tmp_path_factory.mktemp("benchmarks")
    ran = run("--least", "--to", str(folder))
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture(scope="module")
def results(folder: Path) -> Results:
    return read(folder)


def test_every_goal_has_a_measured_figure(results: Results) -> None:
    asked = {(limit.run, limit.figure) for line in LINES for limit in line.limits if BEYOND_LEAST not in limit.figure}
    missing = [names for names in asked if results.figure(PYTHON, *names) is None]
    assert missing == []


def test_every_operation_is_measured_beside_its_peers(results: Results) -> None:
    measured = results.runs[PYTHON]["operations, speed"].figures
    assert [operation.name for operation in OPERATIONS if f"{operation.name}: openai, CPU" not in measured] == []


def test_the_public_way_is_another_way(results: Results) -> None:
    lean, public = (
        results.figure(PYTHON, f"function_calls, {way}", "chatkit-async, calls") for way in ("speed", "public")
    )
    assert lean is not None
    assert public is not None
    assert public.median > lean.median + 50  # what the lean way goes past


def test_without_speed_means_without_orjson(folder: Path) -> None:
    program = (
        "from benchmarks.method.variants import prepare; prepare('json'); import chatkit_async._core.json_bytes as j"
    )
    command = [sys.executable, "-c", f"{program}; print(j.orjson)"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=True).stdout
    assert shown == "None\n"


def test_a_run_writes_figures_table_and_plot(folder: Path) -> None:
    assert sorted(file.name for file in folder.iterdir()) == ["results.json", "results.md", "results.svg"]


def test_rendering_writes_the_same_again(folder: Path) -> None:
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert run("--render", "--to", str(folder)).returncode == 0
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_run_of_one_section_keeps_the_figures_of_the_others(folder: Path, results: Results) -> None:
    assert run("--least", "--only", "held_sessions", "--to", str(folder)).returncode == 0
    assert read(folder).runs[PYTHON].keys() == results.runs[PYTHON].keys()
