"""How long a session still lives, by the API's clock."""

from __future__ import annotations

from email.utils import parsedate_to_datetime


def seconds_left(expires_at: int, *, now_s: float, skew_s: float = 0.0) -> float:
    """Seconds until a session expires; negative once it has.

    Args:
        expires_at: Unix seconds, by the API's clock.
        now_s: Unix seconds, by this machine's clock.
        skew_s: seconds by which the API's clock is ahead of this machine's; default 0.
    """
    return expires_at - (now_s + skew_s)


def clock_skew_s(date: str | None, expires_at: int, *, now_s: float, life_s: float) -> float:
    """Seconds by which the API's clock is ahead of this machine's, from the answer that brought a new session.

    It is the `Date`'s if that fits the session's life; else 0 if this machine's clock fits it; else, with neither to go
    by, what lets the session begin its life now.

    Args:
        date: the answer's `Date` header, which a cache or proxy may have spoiled.
        expires_at: of the session, Unix seconds, by the API's clock.
        now_s: Unix seconds, by this machine's clock, when the answer came.
        life_s: seconds that the session lives.
    """
    for skew_s in (_ahead_s(date, now_s), 0.0):
        # A Date is cut to the second, so that a session may seem to live one longer.
        if skew_s is not None and 0 < seconds_left(expires_at, now_s=now_s, skew_s=skew_s) <= life_s + 1:
            return skew_s
    return expires_at - life_s - now_s


def _ahead_s(date: str | None, now_s: float) -> float | None:
    try:
        return parsedate_to_datetime(date or "").timestamp() - now_s
    except (ValueError, OverflowError):
        return None
