"""`chatkit archive`, `convert`, `verify`, `migrate` and `--archive`: what they print, and their exit codes."""

from __future__ import annotations

import gzip
import json
import re
import shlex
import signal
import stat
import sys
from pathlib import Path

import pytest

from chatkit_async.bulk import Archive, Progress
from chatkit_async.bulk._reports import Stage
from chatkit_async.cli.jobs import JobProgress, _pace
from chatkit_async.emulator import Emulator, Fault
from tests.bulk.helpers import write_archive
from tests.threads.seeding import item, one_of_each_kind, thread

from .running import DEADLINE_S, Result, chatkit, started, wait_until
from .terminal import on_a_terminal, seen


@pytest.fixture
def five(emulator: Emulator) -> list[object]:
    """Five threads of two users, the newest first; the first has an item of each kind."""
    threads = [thread(number, user=f"user_{number % 2}") for number in range(1, 6)]
    items = {1: one_of_each_kind()}
    emulator.seed(threads=[{"thread": it, "items": items.get(n, [])} for n, it in enumerate(threads, start=1)])
    return threads[::-1]


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "threads.chatkit")


@pytest.fixture
def archived(five: list[object], path: str, env: dict[str, str]) -> str:
    """An archive of the five threads."""
    assert chatkit("archive", path, env=env).returncode == 0
    return path


def labelled(done: Result) -> dict[str, str]:
    return {label: rest.strip() for label, rest in (line.split("  ", 1) for line in done.stdout.splitlines())}


def test_all_threads_are_saved_in_a_file_that_only_this_user_can_read(
    five: list[object], path: str, env: dict[str, str]
) -> None:
    done = chatkit("archive", path, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    shown = labelled(done)
    assert (shown["archive"], shown["result"]) == (path, "complete")
    assert shown["threads"] == "5 (5 new, 0 changed, 0 unchanged)"
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600


def test_a_second_run_adds_only_what_is_new(emulator: Emulator, archived: str, env: dict[str, str]) -> None:
    emulator.seed(threads=[{"thread": thread(6), "items": [item(99, "cthr_6")]}])
    report = json.loads(chatkit("archive", archived, "--json", env=env).stdout)
    assert (report["new"], report["unchanged"], report["items"], report["is_complete"]) == (1, 5, 1, True)


def test_a_user_chooses_and_another_choice_for_the_same_file_is_refused(
    five: list[object], path: str, env: dict[str, str]
) -> None:
    done = chatkit("archive", path, "--user", "user_1", env=env)
    assert labelled(done)["threads"].startswith("3 ")
    refused = chatkit("archive", path, "--user", "user_0", env=env)
    assert refused.returncode == 1
    assert "user_1" in refused.stderr
    assert "user_0" in refused.stderr


def test_an_incomplete_archive_names_the_failures_and_sets_the_exit_code(
    emulator: Emulator, five: list[object], path: str, env: dict[str, str]
) -> None:
    emulator.add_faults(Fault(method="GET", path="/cthr_3/items", status=403, times="always"))
    done = chatkit("archive", path, env=env)
    assert done.returncode == 1
    assert labelled(done)["result"].startswith("incomplete")
    assert "Failed: cthr_3: " in done.stderr
    assert "403" in done.stderr
    report = chatkit("archive", path, "--json", env=env)
    assert report.returncode == 1
    assert [it["thread_id"] for it in json.loads(report.stdout)["failures"]] == ["cthr_3"]
    assert chatkit("verify", path).returncode == 1
    emulator.clear_faults()
    assert chatkit("archive", path, env=env).returncode == 0
    assert chatkit("verify", path).returncode == 0


def test_ctrl_c_prints_the_command_that_continues(
    emulator: Emulator, five: list[object], path: str, env: dict[str, str]
) -> None:
    emulator.add_faults(Fault(method="GET", path="/items", delay=60, times="always"))  # so that no thread is read
    words = ("archive", path, "--concurrency", "2", "--requests-per-second", "500")
    env["OPENAI_PROJECT_ID"] = "proj_1"
    with started(*words, env=env) as process:
        wait_until(lambda: any(it.path.endswith("/items") for it in emulator.requests()))
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, output) == (130, "")
    listed = chatkit("threads", "list", "--archive", path)
    assert re.fullmatch(
        r"Incomplete: the archive's last run of 20\d\d-\d\d-\d\d \d\d:\d\d UTC was interrupted; set OPENAI_PROJECT_ID="
        rf"proj_1 and continue with: \S.* archive {path} --base-url {emulator.base_url} --requests-per-second 500\n",
        listed.stderr,
    )
    in_json = chatkit("threads", "get", "cthr_no", "--archive", path, "--json")
    warning, error = map(json.loads, in_json.stderr.splitlines())
    assert warning == {"warning": {"kind": "Incomplete", "message": listed.stderr.partition(": ")[2].strip()}}
    assert error["error"]["kind"] == "ArchiveError"
    verified = chatkit("verify", path)
    assert (verified.returncode, verified.stderr.count("Problem:")) == (1, 2)
    assert labelled(verified)["result"] == "incomplete"
    unread = "its items were not read to the end: run `chatkit archive FILE` again"
    assert f"5 threads, such as cthr_1, cthr_2, cthr_3: {unread}\n" in verified.stderr
    advice, command = errors.strip().splitlines()
    assert advice == f"Interrupted. What was read so far is in {path}. Continue with:"
    assert command.endswith(f"-m chatkit_async archive {path} --concurrency 2 --requests-per-second 500")
    emulator.clear_faults()
    done = chatkit(*shlex.split(command.partition("-m chatkit_async ")[2]), env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert chatkit("threads", "list", "--archive", path).stderr == ""
    with Archive(path) as archive:
        assert [it.id for it in archive.threads()] == [f"cthr_{number}" for number in range(1, 6)]


def test_on_a_terminal_a_bar_shows_how_far_it_is_and_goes_away(
    five: list[object], path: str, env: dict[str, str]
) -> None:
    done = on_a_terminal("archive", path, env=env | {"TERM": "xterm-256color", "NO_COLOR": "1"}, columns=80)
    assert "threads" in done.shown.partition("archive  ")[0]
    assert "result    complete" in seen(done.shown)
    assert done.returncode == 0


def test_progress_never_shows_more_threads_done_than_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with JobProgress() as progress:  # an archive lists its threads again to check them, and counts anew
        progress.show(
            Progress(job="archive", stage="checking", listed=100, done=299, failed=0, items=0, requests=9, elapsed_s=12)
        )
    assert capsys.readouterr().err == "archive: checking, 299 of 299 threads, 0 items, 0 failed, 12 s\n"


@pytest.mark.parametrize(
    ("job", "stage", "shown"), [("archive", "reading", "10/s"), ("erase", "deleting", "10/s, 0:20 left")]
)
def test_the_time_left_is_shown_only_where_all_threads_are_listed(job: str, stage: Stage, shown: str) -> None:
    progress = Progress(job=job, stage=stage, listed=300, done=100, failed=0, items=0, requests=9, elapsed_s=10)
    assert _pace(progress) == shown


@pytest.mark.parametrize("quiet", [{"TERM": "dumb"}, {}], ids=["a dumb terminal", "no terminal"])
def test_without_a_capable_terminal_there_is_no_bar(
    five: list[object], path: str, env: dict[str, str], quiet: dict[str, str]
) -> None:
    done = on_a_terminal("archive", path, env=env | quiet) if quiet else chatkit("archive", path, env=env)
    assert "\x1b" not in "".join(map(str, done))
    assert "━" not in "".join(map(str, done))


@pytest.mark.parametrize("key", [None, ""])
def test_the_file_is_read_without_a_key_as_the_api_is_read(
    emulator: Emulator, archived: str, env: dict[str, str], key: str | None
) -> None:
    no_key = {} if key is None else {"OPENAI_API_KEY": key}
    for words in (
        ("threads", "list"),
        ("threads", "list", "--user", "user_1", "--order", "asc", "--after", "cthr_no"),
        ("threads", "list", "--after", "cthr_4", "--max-items", "2"),
        ("threads", "list", "--order", "asc", "--before", "cthr_5", "--max-items", "2"),
        ("threads", "list", "--before", "cthr_1", "--page-size", "3"),
        ("threads", "list", "--before", "cthr_1", "--page-size", "3", "--max-items", "2"),
        ("threads", "list", "--before", "cthr_no", "--max-items", "3"),
        ("threads", "list", "--after", "cthr_4", "--before", "cthr_1"),
        ("threads", "list", "--after", "cthr_1", "--before", "cthr_4"),
        ("threads", "items", "cthr_1", "--page-size", "2"),
        ("threads", "get", "cthr_2"),
    ):
        from_api = chatkit(*words, "--json", env=env)
        sent = len(emulator.requests())
        from_file = chatkit(*words, "--json", "--archive", archived, env=no_key)
        assert (from_file.returncode, from_file.stdout) == (0, from_api.stdout)
        assert len(emulator.requests()) == sent


def test_items_without_an_id_are_listed_with_cursors_too(path: str) -> None:
    write_archive(Path(path), [(thread(1), [{}, item(2)])])
    words = ("threads", "items", "cthr_1", "--archive", path, "--json", "--order", "asc")
    assert len(chatkit(*words, "--after", "cthr_no").stdout.splitlines()) == 2
    assert len(chatkit(*words, "--before", str(item(2)["id"])).stdout.splitlines()) == 1


def test_a_transcript_and_tables_of_the_file_are_those_of_the_api(archived: str, env: dict[str, str]) -> None:
    for words in (("threads", "transcript", "cthr_1"), ("threads", "list"), ("threads", "items", "cthr_1")):
        assert chatkit(*words, "--archive", archived).stdout == chatkit(*words, env=env).stdout


@pytest.mark.parametrize("words", [("get", "cthr_no"), ("items", "cthr_no"), ("transcript", "cthr_no")], ids=" ".join)
def test_a_thread_that_the_file_does_not_hold_is_a_failure_that_names_it(archived: str, words: tuple[str, ...]) -> None:
    done = chatkit("threads", *words, "--archive", archived)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cthr_no" in done.stderr


@pytest.mark.parametrize(
    "words", [("verify",), ("convert", "--to", "jsonl", "out"), ("threads", "list", "--archive")], ids=" ".join
)
def test_a_missing_file_is_a_failure_that_names_it_and_is_not_created(
    tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = chatkit(words[0], "no.chatkit", *words[1:]) if words[0] != "threads" else chatkit(*words, "no.chatkit")
    assert done.returncode == 1
    assert done.stderr.endswith("no.chatkit: make it with `chatkit archive FILE`\n")
    assert done.stderr.startswith("Error: ")
    assert "no.chatkit" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_convert_writes_json_lines_and_markdown(archived: str, tmp_path: Path) -> None:
    lines, text = tmp_path / "out.jsonl.gz", tmp_path / "out.md"
    done = chatkit("convert", archived, "--to", "jsonl", str(lines))
    assert (done.returncode, done.stderr) == (0, "")
    assert labelled(done)["threads"] == "5"
    rows = [json.loads(line) for line in gzip.decompress(lines.read_bytes()).splitlines()]
    assert [row["thread"]["id"] for row in rows] == [f"cthr_{number}" for number in range(1, 6)]
    assert rows[0]["items"] == one_of_each_kind()
    report = chatkit("convert", archived, "--to", "markdown", str(text), "--user", "user_1", "--json")
    assert json.loads(report.stdout)["threads"] == 3
    assert "The north gate." in text.read_text()


def test_convert_refuses_stdout_and_an_archive_as_its_output(archived: str) -> None:
    stdout = chatkit("convert", archived, "--to", "jsonl", "-")
    assert (stdout.returncode, stdout.stdout) == (2, "")
    assert "OUT is a file" in stdout.stderr
    itself = chatkit("convert", archived, "--to", "markdown", archived)
    assert (itself.returncode, itself.stdout) == (1, "")
    assert "choose another path" in itself.stderr
    assert chatkit("verify", archived).returncode == 0


def test_verify_counts_and_finds_damage(archived: str) -> None:
    whole = chatkit("verify", archived)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert labelled(whole)["result"] == "whole"
    content = Path(archived).read_bytes()
    assert content.count(b"The north gate.") >= 1
    Path(archived).write_bytes(content.replace(b'"The north gate."', b'"The north gate,}'))
    damaged = chatkit("verify", archived)
    assert damaged.returncode == 1
    shown = labelled(damaged)
    assert (shown["result"], shown["threads"], shown["items"]) == ("damaged", "5 can be read", "0 can be read")
    problem, anew, left = damaged.stderr.splitlines()
    assert problem.startswith("Problem: cthr_1: 7 items from 0 on are not JSON: ")
    assert anew.startswith("Advice: save the threads in another file while the API still has them: ")
    assert left.endswith(f" threads list --archive {archived}")
    assert json.loads(chatkit("verify", archived, "--json").stdout)["ok"] is False


def test_migrate_moves_the_threads_and_a_second_run_changes_nothing(
    archived: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("chatkit.store", reason="the extra server is not installed")
    (tmp_path / "shop_store.py").write_text(
        "from tests.bulk_migrate.stores import MemoryStore\n"
        "store = MemoryStore()\n\n\n"
        "def context_for(user):\n    return user\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    words = ("migrate", archived, "--store", "shop_store:store", "--context", "shop_store:context_for")
    try:
        first, again = chatkit(*words), chatkit(*words, "--json")
        store = sys.modules["shop_store"].store
    finally:
        sys.modules.pop("shop_store", None)
    assert (first.returncode, first.stderr) == (0, "")
    assert {user: sorted(threads) for user, threads in store.threads.items() if threads} == {
        "user_0": ["cthr_2", "cthr_4"],
        "user_1": ["cthr_1", "cthr_3", "cthr_5"],
    }
    assert again.returncode == 0
    assert json.loads(again.stdout)["is_complete"] is True


def test_a_store_that_cannot_be_found_is_a_usage_error_that_says_why(archived: str) -> None:
    pytest.importorskip("chatkit.store", reason="the extra server is not installed")
    for spec, shown in (("shop", "package.module:name"), ("no_such_module:store", "no_such_module")):
        done = chatkit("migrate", archived, "--store", spec)
        assert (done.returncode, done.stdout) == (2, "")
        assert shown in done.stderr
