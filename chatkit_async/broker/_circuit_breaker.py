"""A circuit breaker around the store: after several failures in a row it is down, and tried again after a pause."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import TypeVar

from ..errors import ChatKitError
from ._clock import now_s, within
from ._memory_store import MemoryStore
from ._redis_link import LIMIT_AFTER_FAILURE_S, LIMIT_S
from ._redis_store import RedisStore
from ._store import Store, StoreRefusedError

T = TypeVar("T")
# So many failures in a row open the circuit; calls that fail together count once, a refusal opens it at once.
FAILURES = 3
PAUSE_S = 2.0  # between two attempts at a store that is down

log = logging.getLogger("chatkit_async")


class StoreFailedError(Exception):
    """The store cannot be used now."""


class CircuitBreaker:
    """Calls a store, each method as `Store` has it.

    Raises:
        StoreFailedError: a call failed, for whatever reason.
        ChatKitError: the store's settings are wrong.
    """

    def __init__(self, store: Store) -> None:
        self.is_down = False
        self._store = store
        self._has_own_limit = type(store) in {RedisStore, MemoryStore}
        self._failures = 0
        self._failed_s = self._again_at_s = float("-inf")

    async def get(self, key: str) -> tuple[bytes, float]:
        value, time_s = await self._reply(tuple, "get", key)
        if not isinstance(value, bytes) or not isinstance(time_s, int | float):
            raise self.failed(TypeError("the store returned something else than bytes and seconds"))
        return value, time_s

    async def swap(self, key: str, old: bytes, new: bytes) -> bool:
        return await self._reply(bool, "swap", key, old, new)

    async def is_whole(self) -> bool:
        return await self._reply(bool, "is_whole")

    async def aclose(self) -> None:
        await self._reply(type(None), "aclose")

    def begin_attempt(self) -> None:
        """Lets one caller try a store that is down, after a pause; raises StoreFailedError for the others."""
        if now_s() < self._again_at_s:
            raise StoreFailedError
        self._again_at_s = now_s() + PAUSE_S

    def end_pause(self) -> None:
        self._again_at_s = float("-inf")

    def note_up(self) -> None:
        self.is_down = False
        log.warning("The broker's store is up again: %s", self._name())

    def failed(self, error: Exception, began_s: float | None = None) -> StoreFailedError:
        """Counts a failure of a call that began at this time; calls that were under way together count once."""
        is_refusal = isinstance(error, StoreRefusedError)
        if began_s is None or began_s > self._failed_s:
            self._failures, self._failed_s = self._failures + 1, now_s()
        if self.is_down or not (is_refusal or self._failures >= FAILURES):
            log.debug("A step of the broker's store failed: %s", type(error).__name__)
            return StoreFailedError()
        self.is_down, self._again_at_s = True, now_s() + PAUSE_S
        log.warning(
            "The broker's store is down: %s: %s (%s). Sessions are made without it, and revocations are incomplete",
            self._name(),
            type(error.__cause__ or error).__name__,
            error if is_refusal else "no reply" if isinstance(error, TimeoutError) else "the call failed",
        )
        return StoreFailedError()

    async def _reply(self, kind: type[T], method: str, *arguments: object) -> T:
        began_s = now_s()
        limit_s = LIMIT_AFTER_FAILURE_S if self._failures or self.is_down else LIMIT_S
        try:
            work: Awaitable[object] = getattr(self._store, method)(*arguments)
            reply = await (work if self._has_own_limit else within(limit_s, work))
            if not isinstance(reply, kind):
                raise TypeError(f"the store returned {type(reply).__name__} instead of {kind.__name__}")
        except ChatKitError:
            raise
        except Exception as error:  # A store may raise anything.
            raise self.failed(error, began_s) from None
        self._failures = 0
        return reply

    def _name(self) -> str:
        return repr(self._store) if self._has_own_limit else type(self._store).__name__
