"""Runs the command: in this process, which takes milliseconds, or in a process of its own, as a user does."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from threading import Thread
from typing import NamedTuple, TextIO, TypeVar
from unittest.mock import patch

import chatkit_async.__main__
from chatkit_async.cli.main import run

# What Python warns of, such as a socket left open, shows on stderr as an error. (-X dev would report slowness too.)
COMMAND = (sys.executable, "-W", "error", "-m", "chatkit_async")
DEADLINE_S = 30
HIDDEN = (
    "OPENAI_", "NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS", "PYTHONIOENCODING", "http_proxy", "https_proxy",
    "all_proxy", "no_proxy", "ssl_cert",
)  # fmt: skip
SIGNALS = (signal.SIGINT, signal.SIGTERM)

T = TypeVar("T")


class Result(NamedTuple):
    """The exit code, and what was printed."""

    returncode: int
    stdout: str
    stderr: str


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what the command reads, plus the changes."""
    kept = {
        name: value for name, value in os.environ.items() if not name.lower().startswith(tuple(map(str.lower, HIDDEN)))
    }
    return kept | dict(changes or {})


def chatkit(*arguments: str, env: Mapping[str, str] | None = None, encoding: str = "utf-8") -> Result:
    """Runs `chatkit ARGUMENTS` in this process, without a terminal.

    Args:
        arguments: the words after `chatkit`.
        env: changes to the environment.
        encoding: the encoding of its stdout.
    """
    output, errors = (io.TextIOWrapper(io.BytesIO(), name, write_through=True) for name in (encoding, "utf-8"))
    code = run_with_streams(arguments, env, stdin=io.StringIO(), stdout=output, stderr=errors)
    return Result(code, *(stream.buffer.getvalue().decode(stream.encoding) for stream in (output, errors)))


def run_with_streams(
    arguments: tuple[str, ...],
    env: Mapping[str, str] | None,
    *,
    stdin: TextIO,
    stdout: TextIO | None,
    stderr: TextIO,
) -> int:
    """Runs the command in this process with these streams and this environment, and returns the exit code."""
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, environment(env), clear=True))
        stack.enter_context(patch.multiple(sys, stdin=stdin, stdout=stdout, stderr=stderr, __stdout__=stdout))
        stack.enter_context(patch.object(sys, "argv", [chatkit_async.__main__.__file__, *arguments]))
        for number in SIGNALS:
            stack.callback(signal.signal, number, signal.getsignal(number))
        return _exit_code(lambda: run(arguments))


def _exit_code(command: Callable[[], int]) -> int:
    try:
        return command()
    except SystemExit as error:  # how click ends a completion
        return int(error.code or 0)


def in_a_process(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs `chatkit ARGUMENTS` in a process to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE_S,
        check=False,
    )


def served(*options: str, number: signal.Signals, use: Callable[[str], T]) -> tuple[Result, T]:
    """Runs `chatkit emulator OPTIONS` in this process, and ends it by a signal.

    Args:
        options: the words after `emulator`.
        number: the signal that this process gets in the end.
        use: what a thread does with the line that is printed.
    """
    reading, writing = os.pipe()
    results: list[T] = []

    def use_and_stop() -> None:
        try:
            results.append(use(lines.readline()))
        finally:
            os.kill(os.getpid(), number)

    with open(reading, encoding="utf-8") as lines, open(writing, "w", encoding="utf-8") as stdout:
        thread = Thread(target=use_and_stop)
        thread.start()
        errors = io.StringIO()
        code = run_with_streams(("emulator", *options), None, stdin=io.StringIO(), stdout=stdout, stderr=errors)
        thread.join(DEADLINE_S)
        stdout.close()
        return Result(code, lines.read(), errors.getvalue()), results[0]


@contextmanager
def started(
    *arguments: str, env: Mapping[str, str] | None = None, terminal: int | None = None
) -> Generator[subprocess.Popen[str]]:
    """Runs `chatkit ARGUMENTS` in a process beside the test, and ends it with it.

    Args:
        arguments: the words after `chatkit`.
        env: changes to the environment.
        terminal: what stdin and stderr are; without it nothing and a pipe.
    """
    # A shell's background jobs ignore Ctrl-C, and so would what they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment(env),
        stdin=subprocess.DEVNULL if terminal is None else terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if terminal is None else terminal,
        encoding="utf-8",
    )
    signal.signal(signal.SIGINT, before)
    with process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(happened: Callable[[], object]) -> None:
    """Waits until something is true; fails after DEADLINE_S."""
    end_s = time.monotonic() + DEADLINE_S
    while not happened():
        assert time.monotonic() < end_s
        time.sleep(0.01)
