"""What is reported when stdout cannot be written, or is closed."""

from __future__ import annotations

import errno
import io
import json
import os
import select
import subprocess
from contextlib import nullcontext
from pathlib import Path

import pytest

from chatkit_async.emulator import Emulator

from .running import COMMAND, DEADLINE_S, environment, run_with_streams, wait_until

FULL = Path("/dev/full")
LEAST = ("sessions", "create", "--user", "ada", "--workflow", "wf_1")
READING = (LEAST, ("threads", "list"), ("threads", "get", "cthr_1"), ("threads", "transcript", "cthr_1"))


LONG = "Grüße an 日本 " * 20_000


def seed_long(emulator: Emulator) -> None:
    """A thread whose transcript is larger than a pipe holds."""
    said = {"type": "chatkit.user_message", "content": [{"type": "input_text", "text": LONG.strip()}]}
    emulator.seed(threads=[{"thread": {"id": "one"}, "items": [said]}])


def ended(words: tuple[str, ...], env: dict[str, str], redirection: str) -> tuple[int, str]:
    """The exit code and stderr of `chatkit WORDS` in this process with its stdout redirected."""
    errors = io.StringIO()
    with open(FULL, "w", encoding="utf-8") if redirection == ">/dev/full" else nullcontext() as output:
        code = run_with_streams(words, env, stdin=io.StringIO(), stdout=output, stderr=errors)
    return code, errors.getvalue()


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_process_says_why_it_cannot_print(env: dict[str, str]) -> None:
    with open(FULL, "w", encoding="utf-8") as full:
        done = subprocess.run(
            [*COMMAND, *LEAST],
            env=environment(env) | {"PYTHONUNBUFFERED": ""},  # the interpreter flushes once more at its end
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=DEADLINE_S,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, f"Error: stdout cannot be written: {os.strerror(28)}.\n")


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["", "unbuffered"])
def test_output_that_a_disk_takes_in_part_is_a_failure(
    emulator: Emulator, env: dict[str, str], tmp_path: Path, unbuffered: str
) -> None:
    seed_long(emulator)
    with open(tmp_path / "talk.txt", "wb") as file:
        done = subprocess.run(
            ["sh", "-c", 'ulimit -f 64; exec "$@"', "sh", *COMMAND, "threads", "transcript", "one"],
            env=environment(env) | {"PYTHONUNBUFFERED": unbuffered},
            stdout=file,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=DEADLINE_S,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, f"Error: stdout cannot be written: {os.strerror(errno.EFBIG)}.\n")


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["", "unbuffered"])
def test_a_pipe_that_does_not_block_gets_the_whole_output(
    emulator: Emulator, env: dict[str, str], unbuffered: str
) -> None:
    seed_long(emulator)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with subprocess.Popen(
        [*COMMAND, "threads", "transcript", "one"],
        env=environment(env) | {"PYTHONUNBUFFERED": unbuffered},
        stdout=writing,
        stderr=subprocess.PIPE,
    ) as process:
        wait_until(lambda: not select.select([], [writing], [], 0)[1])  # the pipe is full
        os.close(writing)
        with open(reading, encoding="utf-8") as pipe:
            text = pipe.read()
        assert (process.wait(DEADLINE_S), process.stderr and process.stderr.read()) == (0, b"")
    assert text == f"User: {LONG.strip()}\n"


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "words",
    [*READING[:1], ("demo",), ("--help",), ("--version",), ("emulator", "--port", "0"), ("completion", "bash")],
    ids=" ".join,
)
def test_a_full_disk_is_reported_on_one_line(env: dict[str, str], words: tuple[str, ...]) -> None:
    code, errors = ended(words, env, ">/dev/full")
    assert (code, errors) == (1, f"Error: stdout cannot be written: {os.strerror(28)}.\n")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_reported_to_programs_in_json(env: dict[str, str]) -> None:
    code, errors = ended((*LEAST, "--json"), env, ">/dev/full")
    assert (code, errors.count("\n")) == (1, 1)
    assert "stdout" in json.loads(errors)["error"]["message"]


@pytest.mark.parametrize(
    "words", [*READING, ("emulator", "--port", "0"), ("demo",), ("completion", "bash")], ids=" ".join
)
def test_nothing_is_requested_when_stdout_is_closed(
    emulator: Emulator, env: dict[str, str], words: tuple[str, ...]
) -> None:
    code, errors = ended(words, env, ">&-")
    assert (code, errors) == (1, "Error: stdout is closed, and the output of this command would be lost.\n")
    assert emulator.requests() == []


@pytest.mark.parametrize("words", [("sessions", "cancel"), ("threads", "delete", "--yes")], ids=" ".join)
def test_a_command_with_an_effect_works_without_stdout(
    emulator: Emulator, env: dict[str, str], words: tuple[str, ...]
) -> None:
    emulator.seed(threads=[{"thread": {"id": "one"}, "items": []}], sessions=[{"id": "one"}])
    assert ended((*words, "one"), env, ">&-") == (0, "")
    assert len(emulator.requests()) == 1
