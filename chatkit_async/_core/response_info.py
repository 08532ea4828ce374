"""What an answer's headers say: request id and rate limits."""

from __future__ import annotations

from ..errors import RateLimit, ResponseInfo
from ..types.headers import Headers
from .message import Response
from .retry import parse_duration_s

_NOTHING_SAID = RateLimit()
_RATE_LIMIT_HEADERS = frozenset(
    f"x-ratelimit-{what}-{of}" for what in ("limit", "remaining", "reset") for of in ("requests", "tokens")
)


def response_info(response: Response, *, attempts: int, elapsed_s: float) -> ResponseInfo:
    """The HTTP side of an answer as results and errors carry it."""
    headers = response.headers
    return ResponseInfo(
        status=response.status,
        request_id=headers.get("x-request-id"),
        headers=headers,
        attempts=attempts,
        elapsed_s=elapsed_s,
        rate_limit=rate_limit(headers),
    )


def rate_limit(headers: Headers) -> RateLimit:
    """The `x-ratelimit-...` headers as numbers; durations in seconds."""
    if not headers.holds_any(_RATE_LIMIT_HEADERS):
        return _NOTHING_SAID
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
