"""Stores that fail in several ways, and what is seen of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chatkit_async.broker import MemoryStore
from chatkit_async.broker.keys import digest

from .redis_server import RedisServer

USER_KEYS = f"chatkit-async:{{{digest('user', 'user_1')}}}"


@contextmanager
def frozen(redis_server: RedisServer) -> Iterator[None]:
    """A Redis that takes commands and answers none; it is not waited for as long as in earnest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chatkit_async.broker.watched_store.ANSWER_S", 0.1)
        redis_server.freeze()
        try:
            yield
        finally:
            redis_server.thaw()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of the store."""
    shown = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    return ["fails" if "fails" in text else "answers again" if "answers again" in text else text for text in shown]


def remembered(redis_server: RedisServer) -> int:
    """How many sessions of the user the store knows."""
    return int(redis_server.ask("ZCARD", f"{USER_KEYS}:sessions"))


class BrokenStore(MemoryStore):
    """Down from the start; counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def __getattribute__(self, name: str) -> Any:
        async def fail(*arguments: object) -> Any:
            self.asked += 1
            raise ConnectionError("down")

        return (
            fail
            if name in {"read", "keep", "sessions", "revoke", "forget", "count"}
            else super().__getattribute__(name)
        )


class Link(MemoryStore):
    """One process's way to a store that others reach as well; it may be down."""

    def __init__(self, store: MemoryStore) -> None:
        vars(self).update(vars(store))
        self.is_down = False

    def __getattribute__(self, name: str) -> Any:
        async def fail(*arguments: object) -> Any:
            raise ConnectionError("down")

        is_step = name in {"read", "keep", "sessions", "revoke", "forget", "count"}
        return fail if is_step and self.is_down else super().__getattribute__(name)
