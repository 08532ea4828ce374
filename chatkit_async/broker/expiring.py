"""A mapping whose entries vanish when their time has come."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from .locking import lock

T = TypeVar("T")


class Expiring(Generic[T]):
    """Values by key, each for so many seconds. What has expired takes no memory after the next use. For any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that only grow."""
        self._clock = clock
        self._entries: dict[str, tuple[float, T]] = {}
        self._queue: list[tuple[float, str]] = []  # one place a key, at or before the end of its entry

    def set(self, key: str, value: T, lives_s: float) -> None:
        """Holds the value for so long from now, in place of another."""
        with lock:
            self._sweep()
            ends_s = self._clock() + lives_s
            if key not in self._entries or ends_s < self._entries[key][0]:
                heapq.heappush(self._queue, (ends_s, key))
            self._entries[key] = (ends_s, value)

    def get(self, key: str) -> T | None:
        """The value, if there is one."""
        with lock:
            self._sweep()
            entry = self._entries.get(key)
        return None if entry is None else entry[1]

    def left_s(self, key: str) -> float:
        """Seconds until the value vanishes; 0 if there is none."""
        with lock:
            self._sweep()
            entry = self._entries.get(key)
        return 0.0 if entry is None else entry[0] - self._clock()

    def pop(self, key: str) -> None:
        """Drops the value."""
        with lock:
            self._entries.pop(key, None)

    def values(self) -> list[T]:
        """All values."""
        with lock:
            self._sweep()
            return [value for _, value in self._entries.values()]

    def items(self) -> dict[str, T]:
        """All values by key."""
        with lock:
            self._sweep()
            return {key: value for key, (_, value) in self._entries.items()}

    def __iter__(self) -> Iterator[str]:
        with lock:
            self._sweep()
            return iter(list(self._entries))

    def __len__(self) -> int:
        with lock:
            self._sweep()
            return len(self._entries)

    def _sweep(self) -> None:
        now_s = self._clock()
        while self._queue and self._queue[0][0] <= now_s:
            _, key = heapq.heappop(self._queue)
            ends_s = self._entries[key][0] if key in self._entries else now_s
            if ends_s > now_s:
                heapq.heappush(self._queue, (ends_s, key))
            else:
                self._entries.pop(key, None)
