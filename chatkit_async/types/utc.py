"""Times of the API as aware datetimes."""

from __future__ import annotations

from datetime import UTC, datetime

from ..errors import APIResponseValidationError
from .redacted import redacted


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
