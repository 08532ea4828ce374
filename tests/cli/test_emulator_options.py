"""`chatkit emulator --state` and `--responses`."""

from __future__ import annotations

import json
import signal
import stat
from pathlib import Path
from typing import Any

import pytest

from .running import DEADLINE_S, chatkit, started
from .test_emulator_command import create_session, ready_url


def shown(*words: str, base_url: str) -> dict[str, Any]:
    done = chatkit(*words, "--json", env={"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": base_url})
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_with_a_state_file_it_remembers_what_was_answered_however_it_ended(
    tmp_path: Path, number: signal.Signals
) -> None:
    state = tmp_path / "chatkit.sqlite"
    with started("emulator", "--port", "0", "--state", str(state)) as process:
        session = create_session(ready_url(process.stdout.readline()), "any")
        process.send_signal(number)
        process.wait(DEADLINE_S)
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    with started("emulator", "--port", "0", "--state", str(state)) as process:
        cancelled = shown("sessions", "cancel", str(session["id"]), base_url=ready_url(process.stdout.readline()))
    assert (cancelled["status"], cancelled["user"]) == ("cancelled", "ada")


def test_a_file_that_is_no_state_is_left_as_it_is_and_told(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("not a database " * 20)
    done = chatkit("emulator", "--port", "0", "--state", str(notes))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert "notes.txt" in done.stderr
    assert "Traceback" not in done.stderr
    assert notes.read_text() == "not a database " * 20


def test_a_state_file_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    done = chatkit("emulator", "--port", "0", "--state", str(tmp_path / "no" / "such" / "folder.sqlite"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "folder.sqlite" in done.stderr
    assert "Traceback" not in done.stderr


def test_examples_answer_to_whatever_id_and_real_answers_do_not() -> None:
    with started("emulator", "--port", "0", "--responses", "examples") as process:
        base_url = ready_url(process.stdout.readline())
        assert shown("threads", "get", "cthr_any", base_url=base_url)["id"] == "cthr_any"
    with started("emulator", "--port", "0") as process:
        base_url = ready_url(process.stdout.readline())
        done = chatkit("threads", "get", "cthr_any", env={"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": base_url})
        assert done.returncode == 1


@pytest.mark.parametrize(
    "words",
    [
        ("threads", "list"),
        ("threads", "get", "cthr_any"),
        ("threads", "items", "cthr_any"),
        ("threads", "transcript", "cthr_any"),
        ("threads", "delete", "cthr_any", "--yes"),
    ],
    ids=lambda words: words[1],
)
def test_every_command_prints_the_documentations_examples(words: tuple[str, ...]) -> None:
    with started("emulator", "--port", "0", "--responses", "examples") as process:
        env = {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": ready_url(process.stdout.readline())}
        for options in ((), ("--json",)):
            done = chatkit(*words, *options, "--max-retries", "0", env=env)
            assert (done.returncode, done.stderr) == (0, "")
            assert done.stdout


def test_other_answers_are_a_usage_error_that_lists_them() -> None:
    done = chatkit("emulator", "--responses", "invented")
    assert done.returncode == 2
    assert "'real', 'examples'" in done.stderr
