"""Requests that are refused: a status, a code and a message for the browser, without the API's words. Pure."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping

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

LONGEST_RETRY_AFTER_S = 3600.0  # A browser that should wait longer may as well try again.
# The wait if the API names no time: short for a rate limit, longer if the project needs a repair.
WAIT_S = {429: 5.0, 503: 30.0}
SERVER_ERROR = ("server_error", "The server is not set up to give access to the chat.")
UNAVAILABLE = ("unavailable", "The chat service is not available now; please try again later.")

# The first that applies counts; only errors of the API are those of a gateway (502, 504).
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


class EndpointRefusal(Exception):
    """A request that gets an error in place of a client secret.

    Args:
        status: the HTTP status.
        code: our word for it.
        message: one sentence for the page's author; repeats nothing of the request.
        request_id: the API's, if it was called.
        retry_after_s: seconds until another request makes sense, if that is known.
        headers: further headers of the response.
        log: what the server's log says, where the server itself is at fault.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        request_id: str | None = None,
        retry_after_s: float | None = None,
        headers: Mapping[str, str] | None = None,
        log: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        wait = {} if retry_after_s is None else {"Retry-After": str(math.ceil(retry_after_s))}
        self.headers = {**(headers or {}), **wait}
        self.log = log


def refused_by(error: ChatKitError) -> EndpointRefusal:
    """429 and 503 with a wait, 409, 502, 504; 500 where the server is set up wrongly. The log gets the error."""
    status = status_of(error)
    code, message = _words(error, status)
    return EndpointRefusal(
        status,
        code,
        message,
        request_id=error.request_id if isinstance(error, APIError) else None,
        retry_after_s=_wait_s(error, status),
        log=f"responded with {status}: {_without_api_words(error)}",
    )


def status_of(error: ChatKitError) -> int:
    """The HTTP status for an error."""
    if isinstance(error, APIError) and (error.code == "insufficient_quota" or error.status == 503):
        return 503  # the project's quota is used up: no browser sent too many requests
    return next(status for kind, status in STATUSES if isinstance(error, kind))


def _without_api_words(error: ChatKitError) -> str:
    """The error for the log: of the API's refusal only its code, since its message may name the user."""
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
    named = getattr(error, "retry_after_s", None)
    if not isinstance(named, (int, float)) or not math.isfinite(named):
        return WAIT_S[status]
    return min(max(named, 1.0), LONGEST_RETRY_AFTER_S)
