"""Several workers of one queue, each a process group of its own, and the threads they work on."""

import itertools
import os
import random
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

from chatkit_async.emulator import Emulator, Fault

from .worker import running_worker, wait_until

USERS = ("user_0", "user_1", "user_2")
THREADS = 60
ITEMS = 3


def seed() -> list[dict[str, Any]]:
    """Threads of three users with items, several of each within a second."""
    return [
        {
            "thread": {"id": f"cthr_{number}", "user": f"user_{number % 3}", "created_at": 1_700_000_000 + number // 4},
            "items": [
                {
                    "id": f"cthi_{number}_{index}",
                    "created_at": 1_700_000_000 + number + index // 2,
                    "type": "chatkit.user_message",
                    "content": [{"type": "input_text", "text": f"message {index}"}],
                }
                for index in range(ITEMS)
            ],
        }
        for number in range(THREADS)
    ]


@contextmanager
def running_fleet(
    command: str, ready: str, folder: Path, environment: dict[str, str], count: int = 3
) -> Iterator[dict[str, Popen[bytes]]]:
    """Workers by name, each listening; `{name}` in the command is the worker's."""
    with ExitStack() as stack:
        workers = {}
        for number in range(count):
            name = f"w{number}"
            workers[name] = stack.enter_context(
                running_worker(
                    *command.format(name=name).split(),
                    log=folder / f"{name}.log",
                    environment={**environment, "WORKER": name, "C_FORCE_ROOT": "true"},
                )
            )
        for name in workers:
            wait_until(lambda name=name: ready in (folder / f"{name}.log").read_text(), f"the start of {name}")
        yield workers


def kill_group(process: Popen[bytes]) -> None:
    """Kills a worker and all its children, without a warning."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def worker_at(emulator: Emulator, method: str) -> set[str]:
    """The workers that wait for a response of this method."""
    return {
        request.headers["x-worker"]
        for request in emulator.requests()
        if request.method == method and request.ended == "pending"
    }


def without_effort(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what differs from run to run: requests, seconds, and the file's name."""
    return {name: value for name, value in report.items() if name not in ("requests", "elapsed_s", "path")}


def many_threads(chance: random.Random) -> list[dict[str, Any]]:
    """50,000 items in 2,000 threads of 200 users."""
    return [
        {
            "thread": {"id": f"cthr_{at}", "user": f"user_{at % 200}", "created_at": 1_700_000_000 + at // 7},
            "items": [
                {
                    "id": f"cthi_{at}_{index}",
                    "created_at": 1_700_000_000 + at + index // 5,
                    "type": "chatkit.user_message",
                    "content": [{"type": "input_text", "text": "x" * chance.randrange(200)}],
                }
                for index in range(25)
            ],
        }
        for at in range(2000)
    ]


def bad_weather(chance: random.Random, path: str, count: int) -> list[Fault]:
    """Faults of the next few hundred requests, before and after the work."""
    kinds: list[dict[str, Any]] = [
        {"drop": True},
        {"drop": "after"},
        {"status": 500},
        {"status": 503, "headers": {"retry-after-ms": "20"}},
        {"status": 429, "headers": {"retry-after-ms": "20"}},
    ]
    return [
        Fault(path=path, skip=chance.randrange(5, 400), **kind)
        for kind in itertools.islice(itertools.cycle(kinds), count)
    ]
