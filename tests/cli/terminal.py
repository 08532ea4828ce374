"""Runs the command in this process on a terminal, as a person does."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import termios
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Literal, NamedTuple, TextIO

from .running import DEADLINE_S, run_with_streams, started


class Session(NamedTuple):
    """What the terminal showed, what went into a file or pipe instead, and the exit code."""

    shown: str
    elsewhere: str
    returncode: int


def on_a_terminal(
    *arguments: str,
    env: Mapping[str, str] | None = None,
    typed: str | None = None,
    into: Literal["terminal", "file", "pipe"] = "terminal",
    columns: int = 100,
) -> Session:
    """Runs `chatkit ARGUMENTS` in this process with its output, and what is typed if anything, on a terminal.

    Args:
        arguments: the words after `chatkit`.
        env: changes to the environment.
        typed: what a person types; without it there is no terminal to ask on.
        into: what stdout is; stderr is always the terminal. A pipe holds 64 KiB at most.
        columns: the terminal's width.
    """
    with ExitStack() as stack:
        screen, terminal = opened(columns)
        os.write(screen, (typed or "").encode())
        pieces: list[str] = []
        reader = Thread(target=lambda: pieces.append(all_of(screen)))
        reader.start()
        stack.callback(reader.join, DEADLINE_S)
        stdin = stack.enter_context(open(os.devnull if typed is None else os.dup(terminal), encoding="utf-8"))
        stdout, written = stack.enter_context(_stdout(into, terminal))
        stderr = stack.enter_context(open(terminal, "w", encoding="utf-8", buffering=1))
        code = run_with_streams(arguments, env, stdin=stdin, stdout=stdout, stderr=stderr)
        stdout.close()
        elsewhere = written.read()
    return Session(pieces[0], elsewhere, code)


def interrupted_at_the_question(*arguments: str, env: Mapping[str, str]) -> Session:
    """Runs `chatkit ARGUMENTS` in a process on a terminal, and interrupts it once the terminal shows `[y/N]`."""
    screen, terminal = opened(100)
    with started(*arguments, env=env, terminal=terminal) as process:
        os.close(terminal)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(screen, 65536)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=DEADLINE_S)
        return Session(shown.decode() + all_of(screen), output, process.returncode)


@contextmanager
def _stdout(into: Literal["terminal", "file", "pipe"], terminal: int) -> Generator[tuple[TextIO, TextIO]]:
    """The stream to write to, and one that reads what did not go to the terminal."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "stdout")
        file.touch()
        reading_fd, writing_fd = (
            os.pipe() if into == "pipe" else (os.open(file, os.O_RDONLY), os.open(file, os.O_WRONLY))
        )
        if into == "terminal":
            os.dup2(terminal, writing_fd)
        with open(reading_fd, encoding="utf-8") as reading, open(writing_fd, "w", encoding="utf-8") as writing:
            yield writing, reading


def opened(columns: int) -> tuple[int, int]:
    """Both ends of a new terminal of that width, without the echo, which comes at any time."""
    screen, terminal = pty.openpty()
    modes = termios.tcgetattr(terminal)
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSANOW, modes)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    return screen, terminal


def all_of(screen: int) -> str:
    """What is written until the terminal is closed everywhere."""
    written = b""
    try:
        while piece := os.read(screen, 65536):
            written += piece
    except OSError:  # how Linux reports that
        pass
    os.close(screen)
    return written.decode()


def seen(shown: str) -> list[str]:
    """The lines that are left to see: what a carriage return goes back to is overwritten."""
    return [line_left(line) for line in shown.replace("\r\n", "\n").split("\n")]


def line_left(line: str) -> str:
    left = ""
    for part in line.split("\r"):
        left = part + left[len(part) :]
    return left.rstrip()
