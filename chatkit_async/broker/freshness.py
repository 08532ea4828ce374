"""How long a session still lives, by the API's clock."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

LONGEST_LIFE_S = 600.0  # the API's


def seconds_left(expires_at: int, *, now_s: float, skew_s: float = 0.0) -> float:
    """Seconds until a session expires; negative once it has.

    Args:
        expires_at: Unix seconds, by the API's clock.
        now_s: Unix seconds, by this machine's clock.
        skew_s: seconds by which the API's clock is ahead of this machine's; default 0.
    """
    return expires_at - (now_s + skew_s)


def clock_skew_s(date: str | None, expires_at: int, *, now_s: float) -> float | None:
    """Seconds by which the API's clock is ahead, from an answer's `Date`.

    None without one, or where it would give the session just made an impossible life: it is a cache's or a proxy's.

    Args:
        date: the header's value.
        expires_at: of the session in the same answer, Unix seconds.
        now_s: Unix seconds, by this machine's clock, when the answer came.
    """
    try:
        skew_s = parsedate_to_datetime(date or "").timestamp() - now_s
    except (ValueError, OverflowError):
        return None
    return skew_s if 0 < seconds_left(expires_at, now_s=now_s, skew_s=skew_s) <= LONGEST_LIFE_S + 1 else None
