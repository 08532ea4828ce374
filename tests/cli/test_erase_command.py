"""`chatkit threads erase` and `retain`: a plan, a question, a proof."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from chatkit_async.emulator import Emulator, Fault
from tests.threads.seeding import item, thread

from .running import chatkit
from .terminal import interrupted_at_the_question, on_a_terminal

ERASE = ("threads", "erase")
ALL = (*ERASE, "--all-users")
QUIET = {"TERM": "dumb"}


@pytest.fixture(autouse=True)
def _five_threads_of_two_users(emulator: Emulator) -> None:
    threads = [thread(number, user=f"user_{number % 2}") for number in range(1, 6)]
    emulator.seed(threads=[{"thread": it, "items": []} for it in threads])


def left(emulator: Emulator) -> list[object]:
    return sorted(it["id"] for it in emulator.threads())


def sent(emulator: Emulator) -> set[str]:
    return {request.method for request in emulator.requests()}


def test_yes_deletes_without_a_question_and_reports_the_proof(emulator: Emulator, env: dict[str, str]) -> None:
    done = chatkit(*ERASE, "--user", "user_1", "--yes", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    shown = dict(line.split("  ", 1) for line in done.stdout.splitlines())
    assert (shown["result"].strip(), shown["deleted"].strip()) == ("complete", "3 threads")
    assert left(emulator) == ["cthr_2", "cthr_4"]


def test_the_report_in_json_has_an_outcome_for_each_thread(emulator: Emulator, env: dict[str, str]) -> None:
    done = chatkit(*ERASE, "--thread", "cthr_2", "--thread", "cthr_no", "--yes", "--json", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert {it["thread_id"]: it["outcome"] for it in report["threads"]} == {
        "cthr_2": "deleted",
        "cthr_no": "already_gone",
    }
    assert left(emulator) == ["cthr_1", "cthr_3", "cthr_4", "cthr_5"]


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_dry_run_shows_the_plan_and_deletes_nothing(
    emulator: Emulator, env: dict[str, str], options: tuple[str, ...]
) -> None:
    done = chatkit(*ALL, "--dry-run", *options, env=env)
    assert (done.returncode, done.stderr) == (0, "" if options else "Nothing was deleted.\n")
    if options:
        assert json.loads(done.stdout)["counts"]["planned"] == 5
    else:
        assert done.stdout.splitlines() == [
            "to delete  5 threads",
            "users      user_1: 3, user_0: 2",
            "created    2023-11-14 22:13:21 UTC to 2023-11-14 22:13:25 UTC",
        ]
    assert sent(emulator) == {"GET"}


@pytest.mark.parametrize("words", [(), ("--user", "a", "--all-users"), ("--user", "a", "--thread", "cthr_1")])
def test_without_exactly_one_choice_nothing_happens(
    emulator: Emulator, env: dict[str, str], words: tuple[str, ...]
) -> None:
    done = chatkit(*ERASE, *words, "--yes", env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert "one of --user ID, --thread ID and --all-users" in done.stderr
    assert emulator.requests() == []


@pytest.mark.parametrize(
    "words", [ALL, (*ALL, "--json"), ("threads", "retain", "--older-than", "90d")], ids=["erase", "json", "retain"]
)
def test_without_a_terminal_yes_is_required(emulator: Emulator, env: dict[str, str], words: tuple[str, ...]) -> None:
    done = chatkit(*words, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert "add --yes to delete, or --dry-run to see the plan" in done.stderr
    assert emulator.requests() == []


def test_a_terminal_shows_the_plan_and_a_yes_deletes(emulator: Emulator, env: dict[str, str]) -> None:
    done = on_a_terminal(*ALL, env=env | QUIET, typed="y\n", columns=80)
    plan, question, result = done.shown.partition("Delete these 5 threads and all their items, for good? [y/N]")
    assert question
    assert "user_1: 3, user_0: 2" in plan
    assert "complete" in result
    assert done.returncode == 0
    assert left(emulator) == []


def test_ctrl_c_at_the_question_deletes_nothing_and_names_the_command_that_continues(
    emulator: Emulator, env: dict[str, str]
) -> None:
    done = interrupted_at_the_question(*ERASE, "--thread", "cthr_1", env=env | QUIET)
    assert " threads erase --thread cthr_1" in done.shown
    assert done.returncode == 130
    assert sent(emulator) == {"GET"}


@pytest.mark.parametrize("reply", ["\n", "n\n", "\x04"], ids=["enter", "n", "ctrl-d"])
def test_any_other_reply_deletes_nothing(emulator: Emulator, env: dict[str, str], reply: str) -> None:
    done = on_a_terminal(*ERASE, "--thread", "cthr_1", env=env | QUIET, typed=reply)
    assert "Delete this thread and all its items, for good? [y/N]" in done.shown
    assert "Nothing was deleted." in done.shown
    assert done.returncode == 1
    assert sent(emulator) == {"GET"}


def test_with_json_the_plan_stays_out_of_the_report(emulator: Emulator, env: dict[str, str]) -> None:
    done = on_a_terminal(*ALL, "--json", env=env | QUIET, typed="y\n", into="file")
    assert "to delete  5 threads" in done.shown
    assert json.loads(done.elsewhere)["counts"]["deleted"] == 5


@pytest.mark.parametrize("option", ["--user", "--thread"])
def test_an_empty_choice_is_named_by_its_option(env: dict[str, str], option: str) -> None:
    done = chatkit("threads", "erase", option, "", "--yes", env=env)
    assert (done.returncode, done.stderr) == (2, f"Error: {option} is '', and must not be empty\n")


def test_where_there_is_nothing_to_delete_there_is_no_question(emulator: Emulator, env: dict[str, str]) -> None:
    done = on_a_terminal(*ERASE, "--user", "user_9", env=env | QUIET, typed="y\n")
    assert "to delete  0 threads" in done.shown
    assert "for good?" not in done.shown
    assert done.returncode == 0


def test_only_what_an_archive_holds_unchanged_is_deleted(
    emulator: Emulator, env: dict[str, str], tmp_path: Path
) -> None:
    path = str(tmp_path / "threads.chatkit")
    assert chatkit("archive", path, env=env).returncode == 0
    emulator.seed(threads=[{"thread": thread(6), "items": [item(1, "cthr_6")]}])
    done = chatkit(*ALL, "--archived-in", path, "--yes", env=env)
    assert done.returncode == 1
    assert left(emulator) == ["cthr_6"]
    assert "1 thread: the archive does not hold it whole: run `chatkit archive FILE` again\n" in done.stdout


def test_a_thread_that_fails_is_named_and_sets_the_exit_code(emulator: Emulator, env: dict[str, str]) -> None:
    emulator.add_faults(Fault(method="DELETE", path="/cthr_2", status=403, times="always"))
    done = chatkit(*ALL, "--yes", env=env)
    assert done.returncode == 1
    assert "incomplete" in done.stdout
    assert "cthr_2: " in done.stdout
    assert left(emulator) == ["cthr_2"]


def test_retain_deletes_what_is_older_than_the_age(emulator: Emulator, env: dict[str, str]) -> None:
    recent = thread(9, created_at=int(time.time()) - 3600)
    emulator.seed(threads=[{"thread": recent, "items": []}])
    done = chatkit("threads", "retain", "--older-than", "2h", "--yes", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert left(emulator) == ["cthr_9"]


@pytest.mark.parametrize("age", ["90", "d", "0d", "1y", "-3d", "999999w"])
def test_an_impossible_age_is_a_usage_error(emulator: Emulator, env: dict[str, str], age: str) -> None:
    done = chatkit("threads", "retain", f"--older-than={age}", "--yes", env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--older-than" in done.stderr
    assert emulator.requests() == []


@pytest.mark.parametrize(
    ("text", "deleted"), [("2023-11-14T22:13:23", 2), ("2023-11-14T23:13:23+01:00", 2), ("2023-11-15", 5)]
)
def test_created_before_is_a_time_in_utc_unless_it_has_a_zone(env: dict[str, str], text: str, deleted: int) -> None:
    done = chatkit(*ALL, "--created-before", text, "--yes", "--json", env=env)
    assert json.loads(done.stdout)["counts"]["deleted"] == deleted


def test_an_impossible_time_is_a_usage_error(env: dict[str, str]) -> None:
    done = chatkit(*ALL, "--created-before", "yesterday", "--yes", env=env)
    assert done.returncode == 2
    assert "'yesterday' is not a time: pass a date such as 2026-11-30" in done.stderr
