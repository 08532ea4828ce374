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

import chatkit_async
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
    assert "# chatkit-async" in (tmp_path / "llms.txt").read_text()


def test_every_public_name_is_in_the_reference() -> None:
    reference = "".join(page.read_text() for page in DOCS.glob("reference/*.md"))
    names = [name for name in chatkit_async.__all__ if not name.startswith("__")]
    assert [name for name in names if f"chatkit_async.{name}\n" not in reference] == []
