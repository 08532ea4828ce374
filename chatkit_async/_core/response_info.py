"""The headers of a response as `ResponseInfo`: request id and rate limits."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import RateLimit, ResponseInfo
from .message import Response
from .retry import parse_duration_s

_NO_LIMITS = RateLimit()
_RATE_LIMIT_HEADERS = frozenset(
    f"x-ratelimit-{what}-{of}" for what in ("limit", "remaining", "reset") for of in ("requests", "tokens")
)


def response_info(response: Response, *, attempts: int, elapsed_s: float) -> ResponseInfo:
    """The HTTP side of a response, as results and errors carry it."""
    headers = response.headers
    return ResponseInfo(
        status=response.status,
        request_id=headers.get("x-request-id"),
        headers=headers,
        attempts=attempts,
        elapsed_s=elapsed_s,
        rate_limit=rate_limit(headers) if headers.holds_any(_RATE_LIMIT_HEADERS) else _NO_LIMITS,
    )


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
