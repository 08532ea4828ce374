"""Progress on long listings: a count on the terminal that is gone in the end."""

from __future__ import annotations

import json

import pytest

from chatkit_async.emulator import Emulator, Fault
from tests.threads.seeding import item, thread

from .running import chatkit
from .terminal import on_a_terminal, seen

PAGED = ("threads", "list", "--page-size", "2")


@pytest.fixture
def env(emulator: Emulator, env: dict[str, str]) -> dict[str, str]:
    """The way to an emulator that holds five threads, on a terminal without colours."""
    items = [item(number) for number in range(250)]
    emulator.seed(threads=[{"thread": thread(number), "items": items if number == 1 else []} for number in range(1, 6)])
    return env | {"TERM": "xterm-256color", "NO_COLOR": "1"}


def test_a_listing_of_several_pages_counts_and_leaves_no_trace(env: dict[str, str]) -> None:
    done = on_a_terminal(*PAGED, env=env)
    assert "2 so far ..." in done.shown
    assert "4 so far ..." in done.shown
    assert done.shown.index("so far") < done.shown.index("cthr_5")
    assert [line.split()[0] for line in seen(done.shown) if line] == ["ID", *(f"cthr_{it}" for it in range(5, 0, -1))]


def test_it_is_on_stderr_so_that_a_file_holds_the_objects_alone(env: dict[str, str]) -> None:
    done = on_a_terminal(*PAGED, "--json", env=env, into="file")
    assert "4 so far ..." in done.shown
    assert seen(done.shown) == [""]
    assert [json.loads(line)["id"] for line in done.elsewhere.splitlines()] == [f"cthr_{it}" for it in range(5, 0, -1)]


def test_a_transcript_counts_too(env: dict[str, str]) -> None:
    done = on_a_terminal("threads", "transcript", "cthr_1", env=env, into="file")
    assert "200 so far ..." in done.shown
    assert seen(done.shown) == [""]


def test_a_failure_leaves_no_trace_of_it_either(emulator: Emulator, env: dict[str, str]) -> None:
    emulator.add_faults(Fault(method="GET", path="/chatkit/threads", delay=0.001))
    emulator.add_faults(Fault(method="GET", path="/chatkit/threads", status=403))
    done = on_a_terminal(*PAGED, env=env, into="file")
    assert "2 so far ..." in done.shown
    assert seen(done.shown)[0].startswith("Error: threads.list: 403 ")


@pytest.mark.parametrize("words", [PAGED, ("threads", "transcript", "cthr_1")], ids=["table", "transcript"])
def test_beside_a_pipe_nothing_is_shown_because_its_reader_may_use_the_same_terminal(
    env: dict[str, str], words: tuple[str, ...]
) -> None:
    done = on_a_terminal(*words, env=env, into="pipe")
    assert (done.shown, done.returncode) == ("", 0)
    assert done.elsewhere


@pytest.mark.parametrize(
    ("words", "term"),
    [
        (("threads", "list"), "xterm-256color"),
        (("threads", "list", "--page-size", "2", "--max-items", "2"), "xterm-256color"),
        ((*PAGED, "--json"), "xterm-256color"),
        (PAGED, "dumb"),
    ],
    ids=["one page", "one page is enough", "objects on the terminal", "a dumb terminal"],
)
def test_there_is_no_count_for_one_page_or_on_a_terminal_that_shows_the_objects(
    env: dict[str, str], words: tuple[str, ...], term: str
) -> None:
    done = on_a_terminal(*words, env=env | {"TERM": term})
    assert "cthr_5" in done.shown
    assert "so far" not in done.shown


def test_there_is_no_count_without_a_terminal(env: dict[str, str]) -> None:
    assert chatkit(*PAGED, env=env).stderr == ""
