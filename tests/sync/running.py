"""What the tests wait for, and programs that run in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

from chatkit_async.emulator import Emulator

CHECKOUT = Path(__file__).parents[2]
DEADLINE_S = 40.0  # below pytest's limit, so that a failure still shows what the program printed

# What a child forked beside a call in flight inherits a warning for, from Python 3.12 on, and rightly.
FORK_WARNING = "ignore:This process:DeprecationWarning"


def program(
    folder: Path,
    text: str,
    *,
    emulator: Emulator | None = None,
    warnings: str = "error",
    deadline_s: float = DEADLINE_S,
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end, with Python's development mode and all warnings as errors."""
    path = folder / "program.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "OPENAI_API_KEY": "sk-test"}
    if emulator is not None:
        environment["OPENAI_BASE_URL"] = emulator.base_url
    return subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-W", warnings, str(path)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=deadline_s,
        check=False,
    )


def printed(folder: Path, text: str, **how: object) -> str:
    """All that a program prints, which has to end well."""
    done = program(folder, text, **how)  # type: ignore[arg-type]
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def eventually(condition: Callable[[], object], what: str) -> None:
    """Returns when the condition holds."""
    deadline_s = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline_s, f"waited {DEADLINE_S} s for {what}"
        time.sleep(0.005)


def loop_threads() -> list[threading.Thread]:
    """The blocking clients' loop threads that run."""
    return [thread for thread in threading.enumerate() if thread.name == "chatkit-async loop"]
