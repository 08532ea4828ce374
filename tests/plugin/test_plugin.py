"""The plugin itself: what it costs those who do not use it, how it is left out, what it says of itself, and xdist."""

from __future__ import annotations

import tomllib
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path

import pytest

from .conftest import DEADLINE_S, ENTRY_POINT, OURS, RunSuite

pytest_plugins = ["pytester"]

SMALL_MODULES = {"chatkit_async", "chatkit_async._exports", "chatkit_async._version", OURS}
FIXTURES = ("chatkit_emulator", "chatkit", "async_chatkit", "chatkit_env")
LIST_MODULES = """
    import sys

    def pytest_unconfigure():
        print("modules:", *sys.modules)
"""


def modules_of(done: pytest.RunResult) -> set[str]:
    done.assert_outcomes(passed=1)
    [line] = [line for line in done.outlines if line.startswith("modules: ")]
    return set(line.split()[1:])


def test_a_suite_that_does_not_use_it_imports_four_small_modules_more(
    run_process: RunSuite, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(LIST_MODULES)
    source = "def test_it():\n    pass\n"
    without, beside = modules_of(run_process(source, plugins=())), modules_of(run_process(source))
    assert beside - without == SMALL_MODULES
    assert not beside & {"aiohttp", "asyncio", "attrs", "cattrs", "anyio", "ssl"}


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("options", "outcome"), [((), {"passed": 1}), (("-p", "no:chatkit_async"), {"errors": 1})])
def test_pytest_finds_it_and_leaves_it_out_on_request(
    pytester: pytest.Pytester, options: tuple[str, ...], outcome: dict[str, int]
) -> None:
    pytester.makepyfile("def test_it(chatkit_emulator, chatkit, async_chatkit):\n    chatkit.threads.list()\n")
    others = {one.name for one in entry_points(group="pytest11")} - {"chatkit_async"}
    left_out = [word for name in others for word in ("-p", f"no:{name}")]  # each takes time to import
    done = pytester.runpytest_subprocess("-W", "error", *left_out, *options, timeout=DEADLINE_S)
    assert done.errlines == []
    done.assert_outcomes(**outcome)
    assert any("fixture 'chatkit_emulator' not found" in line for line in done.outlines) is ("errors" in outcome)


def test_pytest_explains_the_fixtures(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    lines = pytester.runpytest_inprocess("-p", OURS, "--fixtures").outlines
    explained = {line.split(" -- ")[0]: after.strip() for line, after in pairwise(lines)}
    assert {name: explained[name][:30] for name in FIXTURES} == {
        "chatkit_emulator": "A ChatKit server on this machi",
        "chatkit": "A blocking client, pointed at ",
        "async_chatkit": "An async client, pointed at `c",
        "chatkit_env": "`chatkit_emulator`, with OPENA",
    }
    assert not any(line.startswith("_chatkit") for line in lines)


def test_under_xdist_each_worker_has_its_own_emulator(run_process: RunSuite, pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    source = """
        import pytest
        from pathlib import Path

        @pytest.mark.parametrize("number", range(8))
        def test_it(number, chatkit, chatkit_emulator, worker_id):
            chatkit.sessions.create(user=worker_id, workflow="wf_1")
            assert [it["user"] for it in chatkit_emulator.sessions()] == [worker_id]
            Path(f"seen_{number}").write_text(f"{worker_id} {chatkit_emulator.base_url}")
    """
    run_process(source, "-n", "2", plugins=(OURS, "xdist")).assert_outcomes(passed=8)
    seen = [path.read_text().split() for path in pytester.path.glob("seen_*")]
    assert len(seen) == 8
    workers, emulators = {worker for worker, _ in seen}, {url for _, url in seen}
    assert workers == {"gw0", "gw1"}
    assert len(emulators) == len({(worker, url) for worker, url in seen}) == 2


@pytest.mark.checkout
def test_the_package_declares_the_entry_point_that_these_tests_use() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    [(name, module)] = project["entry-points"]["pytest11"].items()
    assert f"[pytest11]\n{name} = {module}\n" == ENTRY_POINT
