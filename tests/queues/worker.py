"""A worker process of any queue: started for a test, ended by its process id, its output kept for a failure."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from chatkit_async.emulator import Emulator

CHECKOUT = Path(__file__).parents[2]
WAIT_S = 50.0  # below pytest's limit, so that a failing test still shows the worker's output


@contextmanager
def running_worker(*command: str, log: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Runs `python -m command` with the tests importable; whatever is left of it at the end is killed."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        except BaseException:
            print(log.read_text(errors="replace"))
            raise
        finally:
            _kill_group(process)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kills a worker and all its children, unless it was waited for: its id may then be that of another process."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = WAIT_S) -> None:
    """Returns when the condition holds; fails when it still does not after the timeout."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        time.sleep(0.02)


def ends(emulator: Emulator, path: str) -> list[str]:
    """How the requests to a path ended at the server so far."""
    return [request.ended for request in emulator.requests() if request.path.endswith(path)]


def assert_stops_on_term(process: subprocess.Popen[bytes], timeout_s: float = 5.0) -> None:
    """TERM ends the worker in time, with the exit code of an orderly end."""
    process.terminate()
    assert process.wait(timeout=timeout_s) == 0
