"""What a failed minting becomes: a status, and JSON that says nothing of the API's own words. Pure."""

from __future__ import annotations

import copy
import math

from ..errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    ChatKitError,
    ClientClosedError,
    MintingLimitError,
    RateLimitError,
    SessionRevokedError,
)
from .answer import Answer, error_answer

LONGEST_WAIT_S = 3600.0  # whoever waits longer than that may as well ask
# What to wait where nobody said: a moment for a crowd, longer for what somebody has to put right.
WAIT_S = {429: 5.0, 503: 30.0}
SERVER_ERROR = ("server_error", "The server is not set up to give access to the chat.")
UNAVAILABLE = ("unavailable", "The chat service is not available now; please try again later.")

# The first that applies counts. Of our own failures none is called the gateway's.
STATUSES: tuple[tuple[type[ChatKitError], int], ...] = (
    (MintingLimitError, 429),
    (RateLimitError, 429),
    (APITimeoutError, 504),
    (APIConnectionError, 502),
    (APIError, 502),
    (SessionRevokedError, 409),
    (ClientClosedError, 503),
    (ChatKitError, 500),
)


def failed(error: ChatKitError) -> Answer:
    """The answer for an error: 429 and 503 with Retry-After, 502, 504; 500 where the server is set up wrongly."""
    status = status_of(error)
    code, message = _words(error, status)
    wait_s = _wait_s(error, status)
    return error_answer(
        status,
        code,
        message,
        request_id=error.request_id if isinstance(error, APIError) else None,
        retry_after_s=wait_s,
        headers={} if wait_s is None else {"Retry-After": str(math.ceil(wait_s))},
    )


def status_of(error: ChatKitError) -> int:
    """The status to answer an error with."""
    if isinstance(error, APIError) and (error.code == "insufficient_quota" or error.status == 503):
        return 503  # waiting for the project to be put right; nobody has asked too often
    return next(status for kind, status in STATUSES if isinstance(error, kind))


def logged(error: ChatKitError) -> str:
    """The error for the log: of a refusal its code, and not the API's own words, which may name the user."""
    if isinstance(error, APIStatusError):
        error = copy.copy(error)
        error.message = error.code or type(error).__name__
    return str(error)


def _words(error: ChatKitError, status: int) -> tuple[str, str]:
    if status == 503:
        return UNAVAILABLE
    if isinstance(error, (APIError, MintingLimitError, SessionRevokedError)):
        public = error.public()
        return str(public["code"]), str(public["message"])
    return SERVER_ERROR


def _wait_s(error: ChatKitError, status: int) -> float | None:
    if status not in WAIT_S:
        return None
    said = getattr(error, "retry_after_s", None)
    if not isinstance(said, (int, float)) or not math.isfinite(said):
        return WAIT_S[status]
    return min(max(said, 1.0), LONGEST_WAIT_S)
