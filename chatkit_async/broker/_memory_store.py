"""The store of one process: its memory."""

from __future__ import annotations

import logging
import multiprocessing
import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ._clock import Expiring, memory_lock, now_s
from ._store import KEPT_S

SERVERS = ("uvicorn", "gunicorn", "hypercorn", "granian", "fastapi")

log = logging.getLogger("chatkit_async")


class MemoryStore:
    """The default store: this process's memory. What has expired is dropped, so that it does not grow.

    With one process, nothing else is needed. Several processes each have their own: `revoke` then reaches only the
    sessions of the process that runs it; use a `RedisStore` there. Where the settings of
    uvicorn, gunicorn, hypercorn or granian, or WEB_CONCURRENCY, show that there are several, a warning in the log says
    so, and no `Revocation` is complete. Without such a sign a `Revocation` covers this process alone, and can be
    complete.

    Args:
        clock: seconds that only grow; default: the process's monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = now_s) -> None:
        self._clock = clock
        self._values: Expiring[str, bytes] = Expiring(clock)
        self._process: int | None = None
        self._is_alone = True

    async def get(self, key: str) -> tuple[bytes, float]:
        """The value and the time."""
        return self._values.get(key) or b"", self._clock()

    async def swap(self, key: str, old: bytes, new: bytes) -> bool:
        """Writes a value if the present one is `old`; returns whether it was."""
        with memory_lock:
            is_same = (self._values.get(key) or b"") == old
            if is_same:
                self._values.set(key, new, self._clock() + KEPT_S)
            return is_same

    async def is_whole(self) -> bool:
        """Whether this process is the only one, as far as is evident; if it is not, the log says so once."""
        if self._process != os.getpid():
            is_child, self._process = self._process is not None, os.getpid()
            evidence = several_workers()
            self._is_alone = evidence is None and not is_child  # The parent of a fork may go on creating sessions.
            if evidence is not None:
                log.warning(
                    "A MemoryStore in one of several workers (%s): each makes sessions of its own, and revoke reaches"
                    " only one worker's; use a RedisStore",
                    evidence,
                )
        return self._is_alone

    async def aclose(self) -> None:
        """Does nothing: there are no connections."""


def several_workers() -> str | None:
    """What shows that there are several workers; None without such a sign."""
    config: Any = getattr(multiprocessing.current_process(), "_kwargs", {}).get("config")
    if isinstance(getattr(config, "workers", None), int) and config.workers > 1:
        return f"a worker of uvicorn, workers={config.workers}"
    return sign_of_workers(sys.orig_argv, os.environ)


def sign_of_workers(arguments: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """What in a command line and the environment shows several workers; None without such a sign."""
    name = next((server for server in SERVERS if any(Path(word).name == server for word in arguments[:4])), None)
    if name is None and "gunicorn" in environment.get("SERVER_SOFTWARE", ""):
        name = "gunicorn"
    words = [*shlex.split(environment.get("GUNICORN_CMD_ARGS", "")), *arguments] if name == "gunicorn" else arguments
    counts = re.findall(r"(?:^| )(?:-w|--workers)[ =]?(\d+)(?= |$)", " ".join(words)) if name else []
    if not counts and re.fullmatch(r"\d+", environment.get("WEB_CONCURRENCY", "")):
        counts, name = [environment["WEB_CONCURRENCY"]], "WEB_CONCURRENCY"
    if name == "gunicorn" and not counts and any(word.startswith(("-c", "--config")) for word in words):
        return "a worker of gunicorn, with a configuration file that may ask for several"
    return f"{name}, {counts[-1]} workers" if counts and int(counts[-1]) > 1 else None
