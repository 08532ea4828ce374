"""The API's clock, as far as this process can know it: the only place below a broker that reads the time of day."""

from __future__ import annotations

from collections.abc import Callable

from ..types._clock import unix_now_s
from ..types.session import ChatSession
from .freshness import clock_skew_s, seconds_left


class ApiClock:
    """This machine's clock, corrected by the `Date` of the last session made.

    Args:
        life_s: seconds that sessions live.
        read: this machine's clock, Unix seconds.

    Attributes:
        has_learned: whether a session was made; until then the clock may be wrong by any amount.
    """

    def __init__(self, life_s: float, read: Callable[[], float] = unix_now_s) -> None:
        self._life_s = life_s
        self._read = read
        self._skew_s = 0.0
        self.has_learned = False

    def learn(self, session: ChatSession) -> None:
        """Takes the skew from a session that was made just now."""
        date, now_s = session.response.headers.get("date"), self._read()
        self._skew_s = clock_skew_s(date, session.expires_at, now_s=now_s, life_s=self._life_s)
        self.has_learned = True

    def seconds_left(self, expires_at: int) -> float:
        """Seconds until then, by the API's clock."""
        return seconds_left(expires_at, now_s=self._read(), skew_s=self._skew_s)
