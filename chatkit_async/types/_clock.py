"""The only place below the client where the clock is read; and times of the API as aware datetimes."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from ..errors import APIResponseValidationError
from .redacted import redacted


def unix_now_s() -> float:
    """Seconds since 1970-01-01 UTC, now."""
    return time.time()


def utc(unix_s: int, subject: str) -> datetime:
    """Unix seconds as an aware datetime in UTC.

    Raises:
        APIResponseValidationError: a time after the year 9999, which no datetime can hold.
    """
    try:
        return datetime.fromtimestamp(unix_s, UTC)
    except (ValueError, OverflowError, OSError):
        message = f"{subject} is {redacted(unix_s)}, which is beyond what a datetime can hold"
        raise APIResponseValidationError(message, hint="Read the number itself instead.", outcome="done") from None
