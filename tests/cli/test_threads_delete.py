"""`chatkit threads delete`: the question, what is deleted, and threads that are not there."""

from __future__ import annotations

import json
import signal

import pytest

from chatkit_async.emulator import Emulator, Fault
from tests.threads.seeding import thread

from .running import DEADLINE_S, chatkit, started, wait_until
from .terminal import interrupted_at_the_question, on_a_terminal, seen

DELETE = ("threads", "delete")
BOTH = ("cthr_1", "cthr_2")
PLAIN = {"TERM": "xterm-256color", "NO_COLOR": "1"}


@pytest.fixture(autouse=True)
def _two_threads(emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(number), "items": []} for number in (1, 2)])


def left(emulator: Emulator) -> list[object]:
    return [it["id"] for it in emulator.threads()]


def test_several_are_deleted_and_each_is_named(emulator: Emulator, env: dict[str, str]) -> None:
    done = chatkit(*DELETE, *BOTH, "--yes", env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "deleted  cthr_1\ndeleted  cthr_2\n", "")
    assert left(emulator) == []


def test_json_is_a_line_for_each_response(env: dict[str, str]) -> None:
    done = chatkit(*DELETE, *BOTH, "--yes", "--json", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"id": it, "object": "chatkit.thread.deleted", "deleted": True} for it in BOTH
    ]


def test_a_thread_named_twice_is_deleted_once(emulator: Emulator, env: dict[str, str]) -> None:
    assert chatkit(*DELETE, "cthr_1", "cthr_1", "--yes", env=env).returncode == 0
    assert len(emulator.requests()) == 1


def test_a_missing_thread_is_reported_and_the_others_are_deleted(emulator: Emulator, env: dict[str, str]) -> None:
    done = chatkit(*DELETE, "cthr_1", "cthr_no", "cthr_2", "--yes", env=env)
    assert (done.returncode, done.stdout) == (1, "deleted  cthr_1\ndeleted  cthr_2\n")
    assert done.stderr.startswith("Error: threads.delete: 404 Thread with id 'cthr_no' not found.\n")
    assert left(emulator) == []


def test_in_json_a_missing_thread_is_an_error_object(env: dict[str, str]) -> None:
    done = chatkit(*DELETE, "cthr_no", "cthr_2", "--yes", "--json", env=env)
    assert done.returncode == 1
    assert json.loads(done.stderr)["error"]["kind"] == "NotFoundError"
    assert json.loads(done.stdout)["id"] == "cthr_2"


def test_with_missing_ok_it_counts_as_deleted(env: dict[str, str]) -> None:
    done = chatkit(*DELETE, "cthr_no", "--yes", "--missing-ok", env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "deleted  cthr_no\n", "")


def test_any_other_failure_ends_the_command(emulator: Emulator, env: dict[str, str]) -> None:
    emulator.add_faults(Fault(method="DELETE", path="/cthr_1", status=403))
    done = chatkit(*DELETE, *BOTH, "--yes", env=env)
    assert (done.returncode, done.stdout) == (4, "")
    assert left(emulator) == [*BOTH]


def test_an_impossible_id_stops_the_whole_command(emulator: Emulator, env: dict[str, str]) -> None:
    done = chatkit(*DELETE, "cthr_1", "..", "--yes", env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert emulator.requests() == []


@pytest.mark.parametrize("is_json", [False, True])
def test_ctrl_c_names_the_thread_under_way_and_those_not_tried(
    emulator: Emulator, env: dict[str, str], *, is_json: bool
) -> None:
    emulator.seed(threads=[{"thread": thread(number), "items": []} for number in (3, 4)])
    emulator.add_faults(Fault(method="DELETE", path="/cthr_2", delay=60))
    words = (*DELETE, *BOTH, "cthr_3", "cthr_4", "--yes", *(["--json"] if is_json else []))
    with started(*words, env=env) as process:
        wait_until(lambda: any(it.path.endswith("/cthr_2") for it in emulator.requests()))
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, len(output.splitlines())) == (130, 1)
    message = "cthr_2 may have been deleted; not tried: cthr_3, cthr_4"
    if is_json:
        assert json.loads(errors) == {"warning": {"kind": "Interrupted", "message": message}}
    else:
        assert errors.strip() == f"Interrupted: {message}"


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_without_a_terminal_yes_is_required(emulator: Emulator, env: dict[str, str], options: tuple[str, ...]) -> None:
    done = chatkit(*DELETE, "cthr_1", *options, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert "add --yes" in done.stderr
    assert emulator.requests() == []


def test_a_terminal_without_a_keyboard_is_not_asked(emulator: Emulator, env: dict[str, str]) -> None:
    done = on_a_terminal(*DELETE, "cthr_1", env=env)
    assert done.returncode == 2
    assert "add --yes" in done.shown
    assert emulator.requests() == []


@pytest.mark.parametrize("reply", ["y", "Yes", " YES "])
def test_a_terminal_shows_the_question_and_a_yes_deletes(emulator: Emulator, env: dict[str, str], reply: str) -> None:
    done = on_a_terminal(*DELETE, *BOTH, "--json", env=env, typed=f"{reply}\n", into="file")
    assert "Delete these 2 threads and all their items, for good? [y/N]" in done.shown
    assert done.returncode == 0
    assert [json.loads(line)["id"] for line in done.elsewhere.splitlines()] == [*BOTH]
    assert left(emulator) == []


@pytest.mark.parametrize("reply", ["\n", "n\n", "yesterday\n", "\x04"], ids=["enter", "n", "another word", "ctrl-d"])
def test_any_other_reply_deletes_nothing(emulator: Emulator, env: dict[str, str], reply: str) -> None:
    done = on_a_terminal(*DELETE, "cthr_1", env=env, typed=reply)
    assert "Delete this thread and all its items, for good? [y/N]" in done.shown
    assert "Nothing was deleted." in done.shown
    assert done.returncode == 1
    assert left(emulator) == [*BOTH]


def test_ctrl_c_at_the_question_deletes_nothing(emulator: Emulator, env: dict[str, str]) -> None:
    done = interrupted_at_the_question(*DELETE, "cthr_1", env=env)
    assert "Nothing was deleted." in done.shown
    assert done.returncode == 130
    assert left(emulator) == [*BOTH]


@pytest.mark.parametrize("columns", [80, 100])
def test_the_question_names_each_thread_by_id_title_user_and_creation(
    emulator: Emulator, env: dict[str, str], columns: int
) -> None:
    named = {"id": "cthr_3", "title": "A late\x1b[2J order", "user": "ada", "created_at": 1763000000}
    emulator.seed(threads=[{"thread": named, "items": []}])
    done = on_a_terminal(*DELETE, "cthr_3", "cthr_no", env=env | PLAIN, typed="n\n", columns=columns)
    assert [line for line in seen(done.shown) if line] == [
        'cthr_3   "A late\\x1b[2J order", user ada, created 2025-11-13 02:13:20 UTC',
        "cthr_no  not found",
        "Delete this thread and all its items, for good? [y/N] Nothing was deleted.",
    ]


def test_twenty_threads_are_named_and_the_others_counted(emulator: Emulator, env: dict[str, str]) -> None:
    ids = [f"cthr_{number}" for number in range(1, 23)]
    emulator.seed(threads=[{"thread": thread(number), "items": []} for number in range(1, 23)])
    done = on_a_terminal(*DELETE, *ids, env=env | PLAIN, typed="n\n")
    assert "cthr_20" in done.shown
    assert "cthr_21" not in done.shown
    assert "...      and 2 more" in done.shown
    assert "Delete these 22 threads" in done.shown


def test_there_is_no_question_where_no_thread_exists(env: dict[str, str]) -> None:
    done = on_a_terminal(*DELETE, "cthr_no", env=env | PLAIN, typed="y\n")
    assert "[y/N]" not in done.shown
    assert "404 Thread with id 'cthr_no' not found." in done.shown
    assert done.returncode == 1
