"""A mapping whose entries end, with bounded work in each call, and the lock on all that brokers keep in memory."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from .._fork import at_fork
from ._clock import now_s

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

SWEPT_PER_CALL = 8  # more than one call adds, so that memory shrinks; few, so that no call stalls its event loop

lock = (
    threading.RLock()
)  # held for microseconds, so that one is enough; held over a fork, so that no child finds it taken


class Expiring(Generic[K, T]):
    """Values by key, each until its end. For any thread. Each `set` frees a few entries that have ended."""

    def __init__(self, clock: Callable[[], float] = now_s) -> None:
        """`clock` gives seconds that only grow."""
        self._clock = clock
        self._entries: dict[K, tuple[float, T, int]] = {}  # end, value, number of its item in the queue
        self._queue: list[tuple[float, int, K]] = []  # an item for each entry, at or before its end
        self._number = 0

    def set(self, key: K, value: T, ends_s: float) -> None:
        """Holds the value until `ends_s`, in place of an earlier one."""
        with lock:
            self._sweep()
            held = self._entries.get(key)
            self._entries[key] = (ends_s, value, self._pushed(key, ends_s) if held is None else held[2])

    def get(self, key: K) -> T | None:
        """The value, if there is one that has not ended."""
        entry = self._entries.get(key)
        return None if entry is None or entry[0] <= self._clock() else entry[1]

    def pop(self, key: K) -> None:
        """Drops the value."""
        with lock:
            self._entries.pop(key, None)

    def some(self, most: int) -> list[tuple[K, T]]:
        """Some entries, at most so many."""
        with lock:
            return [(key, self._entries[key][1]) for key, _ in zip(self._entries, range(most), strict=False)]

    def __len__(self) -> int:
        return len(self._entries)

    def _pushed(self, key: K, ends_s: float) -> int:
        self._number += 1
        heapq.heappush(self._queue, (ends_s, self._number, key))
        return self._number

    def _sweep(self) -> None:
        now = self._clock()
        for _ in range(SWEPT_PER_CALL):
            if not self._queue or self._queue[0][0] > now:
                return
            _, number, key = heapq.heappop(self._queue)
            entry = self._entries.get(key)
            if entry is None or entry[2] != number:  # dropped, and perhaps set again
                continue
            if entry[0] <= now:
                del self._entries[key]
            else:
                heapq.heappush(self._queue, (entry[0], number, key))


def _acquire() -> None:
    lock.acquire()


at_fork(before=_acquire, after_in_parent=lock.release, after_in_child=lock.release)
