"""Runs pytest on a small suite in a process of its own, with the plugin found as in an installed package."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import chatkit_async

DEADLINE_S = 50
ENTRY_POINT = "[pytest11]\nchatkit_async = chatkit_async.pytest_plugin\n"

RunSuite = Callable[..., pytest.RunResult]


@pytest.fixture(autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What installing adds to a checkout: the package on the path, and the entry point by which pytest finds it."""
    folder = tmp_path_factory.mktemp("installed")
    metadata = folder / "chatkit_async_under_test-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: chatkit-async-under-test\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINT)
    package = Path(chatkit_async.__file__).parents[1]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (folder, package))))


@pytest.fixture
def run_suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> RunSuite:
    """Runs the tests in a source text with every warning an error, and with no plugins but ours and those named."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(source: str, *arguments: str, plugins: Sequence[str] = ("chatkit_async",)) -> pytest.RunResult:
        pytester.makepyfile(test_suite=source)
        wanted = [word for plugin in plugins for word in ("-p", plugin)]
        return pytester.runpytest_subprocess("-W", "error", *wanted, *arguments, timeout=DEADLINE_S)

    return run
