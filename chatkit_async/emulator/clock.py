"""The emulator's clock: the machine's, moved at will."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Runs on like the machine's clock, but can be moved, so that a test need not wait for an expiry."""

    def __init__(self, read: Callable[[], float] = time.time) -> None:
        self._read = read
        self._ahead_s = 0.0

    def now_s(self) -> float:
        """Seconds since 1970, UTC."""
        return self._read() + self._ahead_s

    def advance(self, seconds: float) -> None:
        """Moves on by so many seconds; back when negative."""
        self._ahead_s += seconds

    def set(self, unix_s: float) -> None:
        """Goes on from this time."""
        self._ahead_s = unix_s - self._read()

    def reset(self) -> None:
        """Shows the machine's time again."""
        self._ahead_s = 0.0
