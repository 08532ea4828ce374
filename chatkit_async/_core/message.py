"""A request and a response as complete values, and what the headers of a response say."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..errors import RateLimit, ResponseInfo
from ..types.headers import Headers
from ..types.redacted import quoted
from .retry import parse_duration_s


@attrs.frozen
class Request:
    """One HTTP request, complete.

    Attributes:
        method: the HTTP method.
        url: absolute and encoded.
        headers: by lower-case name; `authorization` is a `Secret`.
        body: JSON bytes, or None for no body.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = attrs.field(repr=False)


@attrs.frozen
class Response:
    """One HTTP response, read to its end.

    Attributes:
        status: the HTTP status.
        headers: the header fields.
        body: the body, decompressed.
        is_whole: False if the body was too large or could not be read; it is empty then.
    """

    status: int
    headers: Headers = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    is_whole: bool = True


NO_RARE_HEADERS = RateLimit()  # compared by identity: a response without these headers costs one look, no parsing
_RATE_LIMIT_HEADERS = frozenset(
    f"x-ratelimit-{what}-{of}" for what in ("limit", "remaining", "reset") for of in ("requests", "tokens")
)
_ANNOUNCEMENTS = ("deprecation", "sunset")
_RARE_HEADERS = _RATE_LIMIT_HEADERS.union(_ANNOUNCEMENTS)  # looked for together: most responses have none


def response_info(response: Response, *, attempts: int, elapsed_s: float) -> ResponseInfo:
    """The HTTP side of a response, as results and errors carry it; `NO_RARE_HEADERS` says that `announced` is empty."""
    headers = response.headers
    return ResponseInfo(
        status=response.status,
        request_id=headers.get("x-request-id"),
        headers=headers,
        attempts=attempts,
        elapsed_s=elapsed_s,
        rate_limit=rate_limit(headers) if headers.holds_any(_RARE_HEADERS) else NO_RARE_HEADERS,
    )


def announced(headers: Mapping[str, str]) -> str:
    """The `Deprecation` and `Sunset` headers as one line for the log, each cut and escaped; empty without them."""
    return ", ".join(f"{name}: {quoted(headers[name])}" for name in _ANNOUNCEMENTS if name in headers)


def rate_limit(headers: Mapping[str, str]) -> RateLimit:
    """The `x-ratelimit-...` headers as numbers; durations in seconds."""
    return RateLimit(
        limit_requests=_count(headers.get("x-ratelimit-limit-requests")),
        remaining_requests=_count(headers.get("x-ratelimit-remaining-requests")),
        reset_requests_s=parse_duration_s(headers.get("x-ratelimit-reset-requests")),
        limit_tokens=_count(headers.get("x-ratelimit-limit-tokens")),
        remaining_tokens=_count(headers.get("x-ratelimit-remaining-tokens")),
        reset_tokens_s=parse_duration_s(headers.get("x-ratelimit-reset-tokens")),
    )


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else None
