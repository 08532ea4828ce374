"""This process's monotonic seconds, and what a session of the API has left of its life."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

from ..types._clock import unix_now_s
from ..types.session import ChatSession


def now_s() -> float:
    """Seconds that only grow, whatever happens to the time of day."""
    return time.monotonic()


def seconds_left(session: ChatSession, life_s: float) -> float:
    """Seconds until a session that was made just now expires, on machines with a wrong clock too."""
    return session.expires_at - api_time_s(
        session.response.headers.get("date"), session.expires_at, now_s=unix_now_s(), life_s=life_s
    )


def api_time_s(date: str | None, expires_at: int, *, now_s: float, life_s: float) -> float:
    """The API's time when a new session arrived, Unix seconds.

    It is the `Date` header if that fits the session's life, else this machine's time if that fits; else the session's
    life is taken to begin now.

    Args:
        date: the response's `Date` header, which a cache or proxy may have changed.
        expires_at: of the session, Unix seconds, by the API's clock.
        now_s: this machine's time when the response arrived, Unix seconds.
        life_s: seconds that the session lives.
    """
    for time_s in (_parsed(date), now_s):
        # A Date has whole seconds, so that a session may seem to live one second longer.
        if time_s is not None and 0 < expires_at - time_s <= life_s + 1:
            return time_s
    return expires_at - life_s


def _parsed(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date or "").timestamp()
    except (ValueError, OverflowError):
        return None
