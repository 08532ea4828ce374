"""Runs the command on a terminal, as a person does."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Mapping
from tempfile import TemporaryFile
from typing import NamedTuple

from .running import COMMAND, DEADLINE_S, environment


class Session(NamedTuple):
    """What the terminal showed, what went into a file instead, and the exit code."""

    shown: str
    in_file: str
    returncode: int


def on_a_terminal(
    *arguments: str, env: Mapping[str, str], typed: str | None = None, into_file: bool = False
) -> Session:
    """Runs `chatkit ARGUMENTS` with its output, and what is typed if anything, on a terminal."""
    screen, terminal = pty.openpty()
    with TemporaryFile() as file:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            env=environment(env),
            stdin=subprocess.DEVNULL if typed is None else terminal,
            stdout=file if into_file else terminal,
            stderr=terminal,
        )
        with process:
            os.close(terminal)
            os.write(screen, (typed or "").encode())
            shown = all_of(screen)
            process.wait(DEADLINE_S)
        file.seek(0)
        return Session(shown, file.read().decode(), process.returncode)


def all_of(screen: int) -> str:
    """What is written until nobody holds the terminal any more."""
    written = b""
    try:
        while piece := os.read(screen, 65536):
            written += piece
    except OSError:  # how Linux says that nobody does
        pass
    os.close(screen)
    return written.decode()


def seen(shown: str) -> list[str]:
    """The lines that are left to see: what a carriage return goes back to is written over."""
    return [line_left(line) for line in shown.replace("\r\n", "\n").split("\n")]


def line_left(line: str) -> str:
    left = ""
    for part in line.split("\r"):
        left = part + left[len(part) :]
    return left.rstrip()
