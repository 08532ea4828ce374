"""The emulator's clock: the machine's, moved at will."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..errors import ConfigurationError

END_OF_TIME_S = 253_402_300_800  # the year 10000: dates in headers have four digits of a year


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
        self._move(self._ahead_s + seconds)

    def set(self, unix_s: float) -> None:
        """Goes on from this time."""
        self._move(unix_s - self._read())

    def reset(self) -> None:
        """Shows the machine's time again."""
        self._ahead_s = 0.0

    def _move(self, ahead_s: float) -> None:
        if not 0 <= self._read() + ahead_s < END_OF_TIME_S:
            raise ConfigurationError("the emulator's clock goes from 1970 to 9999, in seconds since 1970")
        self._ahead_s = ahead_s
