"""What holds for the project as a whole: its layout, its metadata, its imports."""

import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

import chatkit_async

ROOT = Path(__file__).parents[1]
VISIBLE = {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "chatkit_async", "docs", "tests", "benchmarks"}
SHIPPED_EXTRAS = ("cli", "speed", "broker", "redis", "server")
HEAVY = {"aiohttp", "cattrs", "anyio", "asyncio", "click", "rich", "ssl"}

pytestmark = pytest.mark.checkout


def run(*command: str) -> subprocess.CompletedProcess[str]:
    # Without coverage, which imports modules of its own and takes its time.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = (sys.executable, *command)
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=55, check=False)


def files_of_the_project() -> list[Path]:
    """What git tracks or would track."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=True).stdout
    return [ROOT / line for line in listed.splitlines()]


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_no_python_file_has_more_than_300_lines() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in files_of_the_project() if path.suffix == ".py"}
    assert {path.name: length for path, length in lengths.items() if length > 300} == {}
    assert len(lengths) > 50


def test_at_the_top_only_what_a_reader_needs_is_visible() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in files_of_the_project()}
    assert {name for name in top if not name.startswith(".")} <= VISIBLE


def test_there_is_no_lock_file() -> None:
    names = {path.name.lower() for path in files_of_the_project()}
    assert [name for name in names if "lock" in Path(name).suffix or name.endswith(("-lock.json", "-lock.yaml"))] == []


def test_the_runtime_dependencies_are_four(pyproject: dict[str, Any]) -> None:
    names = [requirement.split(">=")[0] for requirement in pyproject["project"]["dependencies"]]
    assert sorted(names) == ["aiohttp", "anyio", "attrs", "cattrs"]


def test_the_tests_install_the_same_versions_as_the_other_extras(pyproject: dict[str, Any]) -> None:
    extras = pyproject["project"]["optional-dependencies"]
    assert {*extras["cli"], *extras["speed"], *extras["broker"], *extras["redis"]} <= set(extras["test"])


def test_the_version_is_that_of_the_metadata(pyproject: dict[str, Any]) -> None:
    assert chatkit_async.__version__ == pyproject["project"]["version"]
    assert Version(chatkit_async.__version__) == Version(metadata.version("chatkit-async"))  # spelt "dev0" there


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = "import sys; before = set(sys.modules); import chatkit_async; print(*(set(sys.modules) - before))"
    imported = run("-c", program).stdout.split()
    assert {name.split(".")[0] for name in imported} & HEAVY == set()
    files = {"chatkit_async", "chatkit_async._exports", "chatkit_async._version"}
    assert {name for name in imported if "chatkit" in name} == files
    assert len(imported) <= 40  # a budget: 28 on Python 3.11, all but our two from the standard library


def test_every_public_name_is_lazy_and_resolves() -> None:
    program = "import chatkit_async as c; print([name for name in c.__all__ if name in vars(c)])"
    assert run("-c", program).stdout.strip() in {"[]", "['__version__']"}
    assert [name for name in chatkit_async.__all__ if not hasattr(chatkit_async, name)] == []


def test_imports_go_down_only() -> None:
    lint = run("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
    assert lint.returncode == 0, lint.stdout + lint.stderr


def test_the_generated_code_is_what_the_generator_writes() -> None:
    generate = run("-m", "chatkit_async._sync.generator", "--check")
    assert generate.returncode == 0, generate.stdout + generate.stderr


def test_the_licences_of_all_direct_dependencies_are_listed(pyproject: dict[str, Any]) -> None:
    listed = (ROOT / "docs" / "licences.md").read_text().lower()
    extras = pyproject["project"]["optional-dependencies"]
    wanted = [*pyproject["project"]["dependencies"], *(one for name in SHIPPED_EXTRAS for one in extras[name])]
    names = [re.split(r"[\[<>=]", requirement)[0] for requirement in wanted]
    assert [name for name in names if f"| {name} |" not in listed] == []
