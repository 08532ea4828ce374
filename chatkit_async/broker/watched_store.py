"""A store that may fail, as a broker can rely on it: bounded in time, with this process's memory in its stead."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from ..errors import ChatKitError
from .memory_store import MemoryStore
from .store import Store

T = TypeVar("T")
ANSWER_S = 2.0  # a browser waits behind it; a busy machine may take its time
PAUSE_S = 2.0  # between two attempts at a store that fails: else each call would wait for it

log = logging.getLogger("chatkit_async")


class WatchedStore:
    """Asks the store; where it fails, says so once in the log and asks `own` until it answers again."""

    def __init__(self, store: Store, own: MemoryStore) -> None:
        self._store = store
        self._own = own
        self._fails = False
        self._again_at_s = 0.0

    async def ask(
        self, question: Callable[[Store], Awaitable[T]], kind: type[object], *, now: bool = False
    ) -> tuple[T, bool]:
        """The answer, and whether it is the store's.

        Args:
            question: what to ask, of the store or of `own`.
            kind: what the answer has to be.
            now: ask a store that has just failed, too.
        """
        if now or time.monotonic() >= self._again_at_s:
            try:
                async with asyncio.timeout(ANSWER_S):
                    answer = _checked(await question(self._store), kind)
            except ChatKitError:
                raise
            except Exception as error:  # whatever a store may raise, it is an outage
                self._say_it_fails(error)
            else:
                self._say_it_answers()
                return answer, True
        return await question(self._own), False

    async def aclose(self) -> None:
        """Closes the store, if it can be closed in time."""
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._store.aclose()
        except Exception as error:
            self._say_it_fails(error)

    def _say_it_fails(self, error: Exception) -> None:
        self._again_at_s = time.monotonic() + PAUSE_S
        if not self._fails:
            self._fails = True
            log.warning(
                "The broker's store fails (%s): sessions are made as if it were empty, and remembered in this process",
                type(error).__name__,
            )

    def _say_it_answers(self) -> None:
        if self._fails:
            self._fails = False
            log.warning("The broker's store answers again")


def _checked(answer: T, kind: type[object]) -> T:
    """The answer, if a store may give it: of that kind, and a mapping one of texts."""
    parts = [*answer.keys(), *answer.values()] if isinstance(answer, Mapping) else []
    if not isinstance(answer, kind) or not all(isinstance(part, str) for part in parts):
        raise TypeError("the store answered with something else than was asked for")
    return answer
