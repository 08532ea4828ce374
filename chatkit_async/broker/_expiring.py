"""A mapping whose entries end, with bounded work in each call, and the lock on all that brokers keep in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from .._fork import at_fork
from ._clock import now_s

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

SWEPT_PER_CALL = 8  # more than one call adds, so that memory shrinks; few, so that no call stalls its event loop

lock = threading.RLock()  # one for all: held for microseconds, and over a fork, so that no child finds it taken


class Expiring(Generic[K, T]):
    """Values by key, each until its end. For any thread.

    Each `set` frees a few of the oldest entries that have ended: an entry that lives longer than those set after it
    keeps them in memory, which does no harm for the hour that our longest live.
    """

    def __init__(self, clock: Callable[[], float] = now_s) -> None:
        self._clock = clock
        self._entries: OrderedDict[K, tuple[float, T]] = OrderedDict()  # in the order in which they were set

    def set(self, key: K, value: T, ends_s: float) -> None:
        """Holds the value until `ends_s`, in place of an earlier one."""
        with lock:
            for oldest in self._first(SWEPT_PER_CALL):
                if self._entries[oldest][0] > self._clock():
                    break
                del self._entries[oldest]
            self._entries[key] = (ends_s, value)
            self._entries.move_to_end(key)

    def get(self, key: K) -> T | None:
        """The value, if there is one that has not ended."""
        entry = self._entries.get(key)
        return None if entry is None or entry[0] <= self._clock() else entry[1]

    def pop(self, key: K) -> None:
        """Drops the value."""
        with lock:
            self._entries.pop(key, None)

    def keys(self, most: int) -> list[K]:
        """Some keys, at most so many."""
        with lock:
            return self._first(most)

    def __len__(self) -> int:
        return len(self._entries)

    def _first(self, most: int) -> list[K]:
        return [key for key, _ in zip(self._entries, range(most), strict=False)]


def _acquire() -> None:
    lock.acquire()


at_fork(before=_acquire, after_in_parent=lock.release, after_in_child=lock.release)
