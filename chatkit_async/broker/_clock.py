"""Time in a process: a clock, values that expire, and a time limit that does not count a busy event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from itertools import islice
from typing import Generic, TypeVar

from .._fork import at_fork

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

FREED_PER_CALL = 8  # Each `set` frees up to so many expired values: memory shrinks, and no call blocks its loop.
# A time limit is split into so many waits. One that ends late, since our event loop was busy, is still counted once.
CHECKS = 20
CANCELLATION_S = 0.25  # Cancelled work may have to close a connection.

now_s = time.monotonic  # A change of the time of day does not move it.
# Guards what brokers keep in `Expiring`; taken for microseconds, and over a fork, so that no child finds it locked.
memory_lock = threading.RLock()


class Expiring(Generic[K, T]):
    """Values by key, each until it expires. Any thread may use it.

    Each `set` frees a few of the oldest values that have expired. A value that lives longer than those set after it
    keeps them in memory, for at most one hour: no value of ours lives longer.
    """

    def __init__(self, clock: Callable[[], float] = now_s) -> None:
        self._clock = clock
        self._entries: OrderedDict[K, tuple[float, T]] = OrderedDict()  # in the order in which they were set

    def set(self, key: K, value: T, ends_s: float) -> None:
        """Holds the value until `ends_s`, in place of an earlier one."""
        with memory_lock:
            for oldest in self.keys(FREED_PER_CALL):
                if self._entries[oldest][0] > self._clock():
                    break
                del self._entries[oldest]
            self._entries[key] = (ends_s, value)
            self._entries.move_to_end(key)

    def get(self, key: K) -> T | None:
        """The value; None if there is none or it has expired."""
        entry = self._entries.get(key)
        return None if entry is None or entry[0] <= self._clock() else entry[1]

    def pop(self, key: K) -> None:
        with memory_lock:
            self._entries.pop(key, None)

    def keys(self, most: int) -> list[K]:
        """At most so many of the keys, oldest first; some may have expired."""
        with memory_lock:
            return list(islice(self._entries, most))

    def __len__(self) -> int:
        return len(self._entries)


async def within(limit_s: float, work: Awaitable[T]) -> T:
    """The result of the work, which is cancelled at the limit; time in which our own event loop is busy hardly counts.

    Raises:
        TimeoutError: there was no result in time.
    """
    task = asyncio.ensure_future(work)
    try:
        for _ in range(CHECKS):
            await asyncio.wait([task], timeout=limit_s / CHECKS)
            if task.done():
                break
    except BaseException:
        task.cancel()
        raise
    if task.done() and not task.cancelled():
        try:
            return task.result()
        finally:
            del task  # Its exception refers to this frame.
    task.cancel()
    await asyncio.wait([task], timeout=CANCELLATION_S)
    raise TimeoutError(f"no reply within {limit_s} s")


at_fork(before=memory_lock.acquire, after_in_parent=memory_lock.release, after_in_child=memory_lock.release)
