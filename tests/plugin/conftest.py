"""Runs pytest on a small suite, in this process or in one of its own that finds the plugin as an installed one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import chatkit_async
from chatkit_async import AsyncChatKit, ChatKit
from chatkit_async.emulator import Emulator

DEADLINE_S = 50
ENTRY_POINT = "[pytest11]\nchatkit_async = chatkit_async.pytest_plugin\n"
OURS = "chatkit_async.pytest_plugin"

RunSuite = Callable[..., pytest.RunResult]


@pytest.fixture(scope="package", autouse=True)
def _imported() -> None:
    """All modules that a call needs: a run in this process removes the modules that it was the first to import."""
    with Emulator.in_thread() as emulator, ChatKit("sk-test", base_url=emulator.base_url) as client:
        client.threads.list()
        asyncio.run(_list_threads(emulator.base_url))


async def _list_threads(base_url: str) -> None:
    async with AsyncChatKit("sk-test", base_url=base_url) as client:
        await client.threads.list()


@pytest.fixture
def installed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
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
    """Runs the tests in a source text in this process: every warning is an error, only the named plugins are loaded."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(source: str, *arguments: str, plugins: Sequence[str] = (OURS,)) -> pytest.RunResult:
        return pytester.runpytest_inprocess("-W", "error", *suite(pytester, source, plugins), *arguments)

    return run


@pytest.fixture
def run_process(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, installed: None) -> RunSuite:
    """The same in a process of its own."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(source: str, *arguments: str, plugins: Sequence[str] = (OURS,)) -> pytest.RunResult:
        words = suite(pytester, source, plugins)
        return pytester.runpytest_subprocess("-W", "error", *words, *arguments, timeout=DEADLINE_S)

    return run


def suite(pytester: pytest.Pytester, source: str, plugins: Sequence[str]) -> list[str]:
    """Writes the suite; the arguments that load these plugins."""
    pytester.makepyfile(test_suite=source)
    return [word for plugin in plugins for word in ("-p", plugin)]
