"""Stores that fail in several ways, and what the log says of it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chatkit_async.broker import MemoryStore, RedisStore, Store, _clock
from chatkit_async.broker._session_request import digest
from chatkit_async.broker._user_record import loads

STEPS = [name for name in vars(Store) if not name.startswith("_") and name != "aclose"]


def user_key(user: str = "user_1", prefix: str = "chatkit-async") -> str:
    """The key in Redis that holds all of a user."""
    return f"{prefix}:{digest('user', user)}"


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


class CutOffStore(RedisStore):
    """Redis as one process sees it that loses the replies to a step, and then is cut off.

    Args:
        url: of the Redis.
        step: the one that is lost: `begin`, `keep` or `revoke`.
        times: how often it is lost; all steps are lost meanwhile.
        is_done: whether Redis still gets the command.
        meanwhile: what happens when the step has been lost for the first time.
    """

    def __init__(
        self,
        url: str,
        step: str,
        *,
        times: int | None = None,
        is_done: bool = False,
        meanwhile: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        super().__init__(url)
        self.step, self.left, self.is_done, self.meanwhile = step, times, is_done, meanwhile
        self.is_cut_off = False

    def reconnect(self) -> None:
        self.step, self.is_cut_off = "", False

    def __getattribute__(self, name: str) -> Any:
        if name not in STEPS:
            return super().__getattribute__(name)
        step = super().__getattribute__(name)

        async def run(*arguments: Any, **more: Any) -> Any:
            is_lost = bool(self.step) and name == "swap" and step_between(*arguments) == self.step
            self.is_cut_off = (self.is_cut_off or is_lost) and self.left != 0
            if not self.is_cut_off:
                return await step(*arguments, **more)
            self.left = None if self.left is None else self.left - 1
            if self.is_done:
                await step(*arguments, **more)
            if self.meanwhile is not None:
                meanwhile, self.meanwhile = self.meanwhile, None
                await meanwhile()
            raise ConnectionError("cut off")

        return run


def step_between(key: str, old: bytes, new: bytes) -> str:
    """The step that changes one value to the other; empty for another one."""
    before, after = loads(old), loads(new)
    if after.sessions.keys() - before.sessions.keys():
        return "keep"
    if after.creations.keys() - before.creations.keys():
        return "begin"
    return "revoke" if after.revocations != before.revocations else ""


class MovedClock:
    """This process's monotonic clock, moved at will."""

    def __init__(self) -> None:
        self.ahead_s = 0.0
        self._real = _clock.now_s

    def __call__(self) -> float:
        return self._real() + self.ahead_s
