"""`chatkit threads list`, `items` and `get`: requests, and output for people and for programs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import Any

import pytest

from chatkit_async.emulator import Emulator, Fault
from tests.threads.seeding import item, one_of_each_kind, thread

from .running import COMMAND, DEADLINE_S, chatkit, environment, started
from .terminal import on_a_terminal, seen

LISTED = "/chatkit/threads"
COLUMNS = ["ID", "CREATED", "(UTC)", "STATUS", "USER", "TITLE"]


@pytest.fixture
def five(emulator: Emulator) -> list[Any]:
    """Five threads, the newest first, as the API lists them."""
    emulator.seed(threads=[{"thread": thread(number), "items": []} for number in range(1, 6)])
    return [thread(number) for number in range(5, 0, -1)]


def queries(emulator: Emulator) -> list[dict[str, str]]:
    return [dict(request.query) for request in emulator.requests()]


def decoded(lines: str) -> list[Any]:
    return [json.loads(line) for line in lines.splitlines()]


def test_a_table_has_a_heading_and_a_line_for_each_thread(five: list[Any], env: dict[str, str]) -> None:
    done = chatkit("threads", "list", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    heading, *lines = done.stdout.splitlines()
    assert heading.split() == COLUMNS
    assert [line.split()[0] for line in lines] == [it["id"] for it in five]
    assert lines[0].split("  ") == ["cthr_5", "2023-11-14 22:13", "active", "user_1", "Thread 5"]


def test_json_is_a_line_for_each_thread_as_the_api_gave_it(five: list[Any], env: dict[str, str]) -> None:
    done = chatkit("threads", "list", "--json", "--page-size", "2", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert decoded(done.stdout) == five


def test_a_page_has_that_size_and_all_pages_are_listed(
    emulator: Emulator, five: list[Any], env: dict[str, str]
) -> None:
    assert len(decoded(chatkit("threads", "list", "--json", "--page-size", "2", env=env).stdout)) == 5
    assert [it["limit"] for it in queries(emulator)] == ["2", "2", "2"]


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ((), ["100"]),
        (("--max-items", "3"), ["3"]),
        (("--max-items", "300"), ["100"]),
        (("--max-items", "3", "--page-size", "2"), ["2", "2"]),
        (("--max-items", "4", "--page-size", "2"), ["2", "2"]),
    ],
)
def test_max_items_is_how_many_there_are_in_all_and_no_further_page_is_requested(
    emulator: Emulator, five: list[Any], env: dict[str, str], options: tuple[str, ...], limits: list[str]
) -> None:
    done = chatkit("threads", "list", "--json", *options, env=env)
    wanted = int(options[1]) if options else 5
    assert decoded(done.stdout) == five[:wanted]
    assert [it["limit"] for it in queries(emulator)] == limits


def test_the_options_are_the_query(emulator: Emulator, env: dict[str, str]) -> None:
    options = ("--user", "ada", "--order", "asc", "--after", "cthr_1", "--before", "cthr_9", "--page-size", "7")
    assert chatkit("threads", "list", *options, env=env).returncode == 0
    query = {"user": "ada", "order": "asc", "after": "cthr_1", "before": "cthr_9", "limit": "7"}
    assert queries(emulator) == [query]


@pytest.mark.parametrize("command", [("list",), ("items", "cthr_1")], ids=" ".join)
def test_options_left_out_are_left_to_the_api(
    emulator: Emulator, five: list[Any], env: dict[str, str], command: tuple[str, ...]
) -> None:
    assert chatkit("threads", *command, env=env).returncode == 0
    assert queries(emulator) == [{"limit": "100"}]


def test_an_empty_listing_is_a_sentence_for_people_and_nothing_for_programs(env: dict[str, str]) -> None:
    for_people, for_programs = chatkit("threads", "list", env=env), chatkit("threads", "list", "--json", env=env)
    assert (for_people.returncode, for_people.stdout, for_people.stderr) == (0, "", "No threads found.\n")
    assert (for_programs.returncode, for_programs.stdout, for_programs.stderr) == (0, "", "")


def test_items_are_lines_with_author_and_text(emulator: Emulator, env: dict[str, str]) -> None:
    items = one_of_each_kind()
    emulator.seed(threads=[{"thread": thread(1), "items": items}])
    heading, *lines = chatkit("threads", "items", "cthr_1", "--order", "asc", env=env).stdout.splitlines()
    assert heading.split() == ["ID", "CREATED", "(UTC)", "ITEM"]
    assert [line.split()[0] for line in lines] == [it["id"] for it in items]
    said = [line.split("  ")[2] for line in lines]
    assert said[:2] == [
        "User: What is open? (quoting: opening hours) (attached: plan.pdf)",
        "Assistant: The north gate.",
    ]
    assert said[-1].startswith("Unknown item (chatkit.hologram): ")
    done = chatkit("threads", "items", "cthr_1", "--order", "asc", "--json", "--page-size", "3", env=env)
    assert decoded(done.stdout) == items


def test_one_thread_is_printed_with_all_its_fields(emulator: Emulator, env: dict[str, str]) -> None:
    locked = thread(1, status={"type": "locked", "reason": "review"}, title=None, mood="calm")
    emulator.seed(threads=[{"thread": locked, "items": []}])
    done = chatkit("threads", "get", "cthr_1", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    shown = dict(line.split("  ", 1) for line in done.stdout.splitlines())
    assert {label: text.strip() for label, text in shown.items() if label != "request"} == {
        "thread": "cthr_1",
        "status": "locked: review",
        "created": "2023-11-14 22:13:21 UTC",
        "user": "user_1",
        "mood": "calm",
    }
    assert decoded(chatkit("threads", "retrieve", "cthr_1", "--json", env=env).stdout) == [locked]


HOSTILE = "\x1b[2J\x1b]0;owned\x07\r\nid [red]x[/red] \u202egnp \x9b31m"


@pytest.mark.parametrize("words", [("list",), ("get", "cthr_1"), ("items", "cthr_1")], ids=" ".join)
@pytest.mark.parametrize("term", ["xterm-256color", "dumb"])
def test_text_of_users_cannot_control_the_terminal(
    emulator: Emulator, env: dict[str, str], words: tuple[str, ...], term: str
) -> None:
    said = item(1, kind="chatkit.user_message", content=[{"type": "input_text", "text": HOSTILE}], attachments=[])
    emulator.seed(threads=[{"thread": thread(1, title=HOSTILE, user=f"u{HOSTILE}"), "items": [said]}])
    on_terminal = on_a_terminal("threads", *words, env=env | {"TERM": term, "COLUMNS": "400"}).shown
    for shown in (chatkit("threads", *words, env=env).stdout, on_terminal.replace("\r\n", "\n")):
        assert "\\x1b[2J" in shown
        assert "[red]x[/red]" in shown
        assert not set(shown) & {"\r", "\x07", "\x9b", "\u202e"}
        assert "\x1b[2J" not in shown
        assert "\x1b]" not in shown


def test_headings_are_bold_on_a_terminal_that_wants_colours(five: list[Any], env: dict[str, str]) -> None:
    assert "\x1b[1mID" in on_a_terminal("threads", "list", env=env | {"TERM": "xterm-256color"}).shown
    for quiet in ({"TERM": "dumb"}, {"TERM": "xterm-256color", "NO_COLOR": "1"}):
        assert "\x1b" not in on_a_terminal("threads", "list", env=env | quiet).shown


def test_a_failed_page_leaves_the_pages_before_it_and_sets_the_exit_code(
    emulator: Emulator, five: list[Any], env: dict[str, str]
) -> None:
    for command in (("threads", "list"), ("threads", "list", "--json")):
        emulator.clear_faults()
        emulator.add_faults(Fault(method="GET", path=LISTED, delay=0.001, times=2))
        emulator.add_faults(Fault(method="GET", path=LISTED, status=403))
        done = chatkit(*command, "--page-size", "2", env=env)
        assert done.returncode == 4
        assert [it["id"] in done.stdout for it in five] == [True, True, True, True, False]
        assert "403" in done.stderr


def test_on_a_terminal_the_pages_before_a_failure_are_shown_too(
    emulator: Emulator, five: list[Any], env: dict[str, str]
) -> None:
    emulator.add_faults(Fault(method="GET", path=LISTED, delay=0.001))
    emulator.add_faults(Fault(method="GET", path=LISTED, status=403))
    done = on_a_terminal("threads", "list", "--page-size", "4", env=env | {"TERM": "dumb"})
    assert done.returncode == 4
    assert [line.split()[0] for line in seen(done.shown)[:6]] == [
        "ID",
        "cthr_5",
        "cthr_4",
        "cthr_3",
        "cthr_2",
        "Error:",
    ]


def test_a_page_is_printed_when_it_comes_and_ctrl_c_ends_the_wait_for_the_next(
    emulator: Emulator, five: list[Any], env: dict[str, str]
) -> None:
    emulator.add_faults(Fault(method="GET", path=LISTED, delay=0.001), Fault(method="GET", path=LISTED, delay=60))
    with started("threads", "list", "--json", "--page-size", "2", env=env) as process:
        first = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=DEADLINE_S)
    assert first == five[:2]
    assert (process.returncode, output, errors.strip()) == (130, "", "")


def test_a_closed_pipe_ends_the_listing_without_an_error(emulator: Emulator, env: dict[str, str]) -> None:
    emulator.seed(threads=[{"thread": thread(number), "items": []} for number in range(2000)])
    reading, writing = os.pipe()
    command = [*COMMAND, "threads", "list", "--page-size", "1"]
    with subprocess.Popen(command, env=environment(env), stdout=writing, stderr=subprocess.PIPE) as process:
        os.close(writing)
        assert os.read(reading, 1)
        os.close(reading)
        _, errors = process.communicate(timeout=DEADLINE_S)
    assert errors == b""
    assert process.returncode == 1
    assert len(emulator.requests()) < 2000


@pytest.mark.parametrize("words", [("threads", "list"), ("threads", "items", "cthr_1")], ids=" ".join)
def test_limit_is_answered_with_both_options_that_it_may_mean(
    emulator: Emulator, env: dict[str, str], words: tuple[str, ...]
) -> None:
    done = chatkit(*words, "--limit", "5", env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--max-items 5 lists at most 5 in all, --page-size 5 asks for 5 with each request." in done.stderr
    assert "--limit" not in chatkit(*words, "--help").stdout
    assert emulator.requests() == []


@pytest.mark.parametrize("size", ["-3", "0", "101"])
@pytest.mark.parametrize("source", [(), ("--archive", "some.chatkit")], ids=["api", "archive"])
def test_a_page_has_1_to_100(emulator: Emulator, env: dict[str, str], source: tuple[str, ...], size: str) -> None:
    done = chatkit("threads", "list", *source, "--page-size", size, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"Error: Invalid value for '--page-size': {size} is not in the range 1<=x<=100.\n" in done.stderr
    assert emulator.requests() == []


@pytest.mark.parametrize(("option", "value"), [("--user", ""), ("--user", "u" * 513)])
def test_what_the_api_would_refuse_is_reported_with_its_option_and_not_sent(
    emulator: Emulator, env: dict[str, str], option: str, value: str
) -> None:
    done = chatkit("threads", "list", option, value, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {option} ")
    assert emulator.requests() == []
