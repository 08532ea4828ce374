"""Runs the command in a process of its own, as a user does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager

# What Python warns of, such as a socket left open, shows on stderr as an error. (-X dev would tell of slowness too.)
COMMAND = (sys.executable, "-W", "error", "-m", "chatkit_async")
DEADLINE_S = 30
HIDDEN = ("OPENAI_", "NO_COLOR", "FORCE_COLOR", "TERM", "PYTHONIOENCODING", "http_proxy", "https_proxy", "all_proxy")


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what the command reads, plus the changes."""
    kept = {
        name: value for name, value in os.environ.items() if not name.lower().startswith(tuple(map(str.lower, HIDDEN)))
    }
    return kept | dict(changes or {})


def chatkit(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs `chatkit ARGUMENTS` to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE_S,
        check=False,
    )


@contextmanager
def started(*arguments: str, env: Mapping[str, str] | None = None) -> Generator[subprocess.Popen[str]]:
    """Runs `chatkit ARGUMENTS` beside the test, and ends it with it."""
    # A shell's background jobs ignore Ctrl-C, and so would what they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    signal.signal(signal.SIGINT, before)
    with process:
        try:
            yield process
        finally:
            process.kill()
