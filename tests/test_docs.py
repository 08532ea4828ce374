"""The documentation: its examples run, it builds without warnings, and the reference leaves nothing public out."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from chatkit_async.emulator import Emulator

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in [*DOCS.glob("*.md"), *DOCS.glob("reference/*.md")])
SYBIL = Sybil(parsers=[PythonCodeBlockParser()], path=str(ROOT), patterns=["*.md"])
EXAMPLES = [example for page in [ROOT / "README.md", *PAGES] for example in SYBIL.parse(page).examples()]

pytestmark = pytest.mark.checkout


@pytest.fixture(autouse=True)
def _environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef")
    monkeypatch.setenv("OPENAI_BASE_URL", emulator.base_url)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{Path(example.path).stem} line {example.line}")
def test_every_python_block_is_a_program_that_runs(example: Any, capsys: pytest.CaptureFixture[str]) -> None:
    example.namespace.clear()
    example.namespace["__name__"] = "example"
    example.evaluate()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_documentation_builds_without_warnings(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(DOCS), str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170, check=False)
    assert built.returncode == 0, built.stderr
    pages = [str(page.relative_to(DOCS).with_suffix(".html.md")) for page in PAGES]
    index = (tmp_path / "llms.txt").read_text()
    assert [page for page in pages if f"]({page})" not in index or not (tmp_path / page).exists()] == []
    assert "..." not in index  # what a page without a description would get, cut from its first lines
    assert "&#" not in index
    assert "`chatkit threads erase`" in (tmp_path / "reference" / "command.html.md").read_text()


def test_the_architecture_page_names_files_that_exist() -> None:
    named = re.findall(r"`([\w/]+\.py)`", (DOCS / "architecture.md").read_text())
    assert [path for path in named if not any((root / path).exists() for root in (ROOT, ROOT / "chatkit_async"))] == []


PUBLIC_MODULES = ("chatkit_async", "chatkit_async.broker", "chatkit_async.bulk", "chatkit_async.emulator")
DIRECTIVES = "".join(page.read_text() for page in DOCS.glob("reference/*.md"))


def public_objects() -> list[tuple[str, Any]]:
    return [
        (f"{name}.{public}", getattr(importlib.import_module(name), public))
        for name in PUBLIC_MODULES
        for public in importlib.import_module(name).__all__
        if not public.startswith("__")
    ]


UNIT_OR_RANGE = re.compile(
    r"[Ss]econds|milliseconds|megabytes|Unix|many|HTTP status|at least|at most|above|\d to \d|from \d|\d\.\.\d|as for"
)

STORE_STEPS = {"Store", "MemoryStore", "RedisStore"}  # their methods are the broker's to call


def public_functions() -> list[tuple[str, Any]]:
    """Functions and methods, and the classes that users make."""
    found = []
    for path, value in public_objects():
        if inspect.isclass(value):
            methods = {name: member for name, member in vars(value).items() if inspect.isfunction(member)}
            called = {} if value.__name__ in STORE_STEPS else methods
            found += [(f"{path}.{name}", member) for name, member in called.items() if not name.startswith("_")]
            found += [(path, value)] if "Args:" in (value.__doc__ or "") else []
        elif inspect.isfunction(value):
            found.append((path, value))
    return found


def described(text: str, name: str) -> str:
    """What a docstring says of an argument; empty if nothing."""
    lines = re.split(rf"^\s+(?:[\w, *]+, )?\*{{0,2}}{name}(?:, [\w, *]+)?: ", text, maxsplit=1, flags=re.MULTILINE)
    return re.split(r"^\s{4,12}[\w, *]+: |\n\n", lines[1], maxsplit=1, flags=re.MULTILINE)[0] if lines[1:] else ""


@pytest.mark.parametrize("path", [path for path, _ in public_objects()])
def test_every_public_name_is_in_the_reference(path: str) -> None:
    assert re.search(rf"{re.escape(path)}$", DIRECTIVES, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("path", "function"), public_functions(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_argument_of_a_public_function_is_described(path: str, function: Any) -> None:
    text = inspect.getdoc(function) or ""
    names = [name for name in inspect.signature(function).parameters if name not in {"self", "options"}]
    assert text
    assert [name for name in names if not described(text, name)] == []


@pytest.mark.parametrize(
    ("path", "function"), public_functions(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_numeric_argument_says_its_unit_or_range(path: str, function: Any) -> None:
    text = inspect.getdoc(function) or ""
    numbers = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if re.fullmatch(r"(int|float)( \| None)?", str(parameter.annotation))
    ]
    assert [name for name in numbers if not UNIT_OR_RANGE.search(described(text, name))] == []
