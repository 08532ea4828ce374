"""Hosted times as the server's: whole seconds become datetimes that rise strictly, since stores page by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeGuard

from ...types._clock import unix_now_s
from ...types._json import JSON
from .settings import Times

DAY_S = 86_400


class RisingTimes:
    """Datetimes of one thread's items, or of one user's threads, in the order given.

    Args:
        times: `local` for naive datetimes of this machine's time zone, `utc` for aware ones.
        step_us: microseconds between two that would be equal, or would go back.
        first_s: Unix seconds of the first, where its own time cannot be used.
    """

    def __init__(self, times: Times, step_us: int, first_s: JSON = 0) -> None:
        self._zone = UTC if times == "utc" else None
        self._step = timedelta(microseconds=step_us)
        self._first_s = first_s if is_usable_time(first_s) else 0
        self._before: datetime | None = None

    def after_the_one_before(self, seconds: JSON) -> datetime:
        """The datetime of these Unix seconds, or one step after the one before, whichever is later."""
        own = self._datetime(seconds) if is_usable_time(seconds) else None
        next_step = self._before + self._step if self._before else self._datetime(self._first_s)
        self._before = max(own, next_step) if own and self._before else own or next_step
        return self._before

    def _datetime(self, seconds: float) -> datetime:
        # The package's own times are naive and local: `datetime.now()`.
        return datetime.fromtimestamp(seconds, self._zone)


def is_usable_time(seconds: JSON) -> TypeGuard[float]:
    """Whether a time is a number between 1970 and tomorrow: one far ahead would drag along all that follow it."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return False
    return 0 <= seconds <= unix_now_s() + DAY_S
