"""Bounds the sessions that anonymous visitors cause: without a cookie every request is a new visitor."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from threading import Lock
from time import monotonic

from ..errors import ConfigurationError
from ._refused import RefusedRequest

WINDOW_S = 60.0
REUSED_UNTIL_S = 60.0  # brokers reuse a session until about so many seconds before it ends
DEFAULT_PER_MINUTE = 120


class AnonymousLimit:
    """Counts the requests that may create a session; those of a visitor with a live session are free.

    Any thread may use it. What it remembers is bounded by what it counts.

    Args:
        per_minute: how many to allow within 60 s, at least 1; None for any number.
        clock: gives seconds that only grow.

    Raises:
        ConfigurationError: another number.
    """

    def __init__(self, per_minute: int | None, clock: Callable[[], float] = monotonic) -> None:
        is_whole = isinstance(per_minute, int) and not isinstance(per_minute, bool)
        if per_minute is not None and not (is_whole and per_minute >= 1):
            raise ConfigurationError(
                f"anonymous_sessions_per_minute={per_minute!r}: pass a whole number of at least 1, or None for no limit"
            )
        self._per_minute = per_minute
        self._clock = clock
        self._lock = Lock()
        self._counted_at_s: deque[float] = deque()
        self._live_until_s: dict[str, float] = {}
        self._logged_at_s = -math.inf

    def reserve(self, visitor: str, *, wants_new: bool) -> bool:
        """Whether the request was counted.

        Args:
            visitor: as the cookie names it, or a new one.
            wants_new: whether the request asks for another session than the live one.

        Raises:
            RefusedRequest: 429 with the wait, when the minute's number is used up.
        """
        if self._per_minute is None:
            return False
        with self._lock:
            now_s = self._clock()
            self._forget_before(now_s)
            if visitor in self._live_until_s and not wants_new:
                return False
            if len(self._counted_at_s) >= self._per_minute:
                raise self._too_many(now_s)
            self._counted_at_s.append(now_s)
            return True

    def give_back(self) -> None:
        """Uncounts a request that got no session."""
        with self._lock:
            if self._counted_at_s:
                self._counted_at_s.pop()

    def created(self, visitor: str, lives_s: float) -> None:
        """Remembers that the visitor has a session that lives for so many seconds."""
        with self._lock:
            self._live_until_s.pop(visitor, None)  # so that the order stays that of the ends
            self._live_until_s[visitor] = self._clock() + lives_s - REUSED_UNTIL_S

    def ended(self, visitor: str) -> None:
        """Forgets a visitor whose sessions were cancelled."""
        with self._lock:
            self._live_until_s.pop(visitor, None)

    def _forget_before(self, now_s: float) -> None:
        while self._counted_at_s and self._counted_at_s[0] <= now_s - WINDOW_S:
            self._counted_at_s.popleft()
        while self._live_until_s and (first := next(iter(self._live_until_s))) and self._live_until_s[first] <= now_s:
            del self._live_until_s[first]

    def _too_many(self, now_s: float) -> RefusedRequest:
        is_logged = now_s - self._logged_at_s >= WINDOW_S  # once a minute: an attacker must not fill the log
        if is_logged:
            self._logged_at_s = now_s
        return RefusedRequest(
            429,
            "rate_limited",
            "Too many new visitors; please try again later.",
            retry_after_s=max(self._counted_at_s[0] + WINDOW_S - now_s, 1.0),
            log=f"anonymous visitors get 429: anonymous_sessions_per_minute={self._per_minute} in this process"
            if is_logged
            else None,
        )
