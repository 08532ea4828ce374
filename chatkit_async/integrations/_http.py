"""A request and a response without a framework: what an adapter hands to the endpoint, and what it sends."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

import attrs

from .._core.json_bytes import dumps
from ._identity import Identity
from ._refusals import EndpointRefusal

# Only these are read; "cookie" may be split over several headers by HTTP/2.
HEADERS_READ = frozenset(
    {
        "host",
        "origin",
        "sec-fetch-site",
        "content-type",
        "content-length",
        "content-encoding",
        "transfer-encoding",
        "cookie",
    }
)
# A secret of this moment for one browser, and never anything but JSON.
RESPONSE_HEADERS: Mapping[str, str] = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def joined_headers(sent: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers that the endpoint reads, by name in lower case; repeated ones joined, empty ones left out."""
    joined: dict[str, str] = {}
    for name, value in sent:
        lower = name.lower()
        if lower in HEADERS_READ and value:
            separator = "; " if lower == "cookie" else ", "
            joined[lower] = f"{joined[lower]}{separator}{value}" if lower in joined else value
    return joined


@attrs.frozen(slots=False)  # made for every request: without slots attrs fills it in half the time
class HTTPRequest:
    """A request as an adapter hands it to the endpoint.

    Args:
        method: the HTTP method, in upper case.
        is_https: whether the server knows that it came over TLS; behind a proxy that ends TLS it usually does not.
        headers: as `joined_headers` gives them.
        read_body: reads the whole body, or is a coroutine for it; called only if no header says that it is too large.
        identify: the user by the app's `identify`, or a coroutine for it.
    """

    method: str
    is_https: bool
    headers: Mapping[str, str] = attrs.field(repr=False)
    read_body: Callable[[], bytes | Coroutine[Any, Any, bytes]] = attrs.field(repr=False)
    identify: Callable[[], Identity | Coroutine[Any, Any, Identity | None] | None] = attrs.field(repr=False)

    def cookie(self, name: str) -> str | None:
        """The value of a cookie, None without it; the last of several counts."""
        value = None
        for part in self.headers.get("cookie", "").split(";"):
            key, _, given = part.strip().partition("=")
            if key == name:
                value = given
        return value


@attrs.frozen
class Cookie:
    """A cookie to set, or to delete with `max_age_s=0`; always HttpOnly, SameSite=Lax and of path `/`."""

    name: str
    value: str = attrs.field(repr=False)
    max_age_s: int
    is_secure: bool

    def header(self) -> str:
        """The value of a Set-Cookie header; name and value need no quotes."""
        secure = "; Secure" if self.is_secure else ""
        return f"{self.name}={self.value}; HttpOnly; Max-Age={self.max_age_s}; Path=/; SameSite=Lax{secure}"


@attrs.frozen
class HTTPResponse:
    """A response for an adapter to send: status, headers (Set-Cookie among them), body."""

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)


def json_response(
    status: int, document: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> HTTPResponse:
    """A response that holds a JSON object."""
    return HTTPResponse(status, {**RESPONSE_HEADERS, **headers} if headers else RESPONSE_HEADERS, dumps(document))


def error_response(refused: EndpointRefusal) -> HTTPResponse:
    """An error that a browser may see: always the same four fields, and Retry-After where there is a wait."""
    error = {
        "code": refused.code,
        "message": refused.message,
        "request_id": refused.request_id,
        "retry_after_s": refused.retry_after_s,
    }
    return json_response(refused.status, {"error": error}, refused.headers)
