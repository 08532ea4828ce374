"""Stores that fail in several ways, and what the log says of it."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from chatkit_async.broker import MemoryStore, Store, _clock
from chatkit_async.broker._session_request import digest

STEPS = [name for name in vars(Store) if not name.startswith("_") and name != "aclose"]


def user_key(user: str = "user_1", prefix: str = "chatkit-async") -> str:
    """The key in Redis that holds all of a user."""
    return f"{prefix}:{{{digest('user', user)}}}"


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of the store."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


class BrokenStore(MemoryStore):
    """A store of the user's own that may be down; counts its calls."""

    def __init__(self, *, is_down: bool = True) -> None:
        super().__init__()
        self.is_down, self.calls = is_down, 0

    def __getattribute__(self, name: str) -> Any:
        if name not in STEPS:
            return super().__getattribute__(name)
        self.calls += 1

        async def fail(*arguments: object, **more: object) -> Any:
            raise ConnectionError("down")

        return fail if self.is_down else super().__getattribute__(name)


class MovedClock:
    """This process's monotonic clock, moved at will."""

    def __init__(self) -> None:
        self.ahead_s = 0.0
        self._real = _clock.now_s

    def __call__(self) -> float:
        return self._real() + self.ahead_s
