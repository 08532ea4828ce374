"""Which requests are refused before `identify` and the broker are called: by method, origin and body. Pure."""

from __future__ import annotations

from collections.abc import Collection

from .._core.config import JSON_TYPE
from .._core.json_bytes import loads
from .._core.origin import Origin, is_cross_site, is_same_origin, parsed_origin
from ..errors import ConfigurationError
from ..types.checks import Invalid, sendable
from ..types.secret import Secret
from ._http import HTTPRequest
from ._refusals import EndpointRefusal

MAX_ENDPOINT_BODY_BYTES = 16 * 1024  # a client secret has a few hundred characters, and nothing else is read
METHOD = "POST"
MADE_UP_TYPE = "text/plain"  # that wsgiref, and so Django's runserver, gives a request without a Content-Type
DIGITS_OF_A_LENGTH = 19  # more are too large in any case; int() of very many digits raises


def check_request(request: HTTPRequest, allowed_origins: Collection[Origin]) -> None:
    """Refuses a request by its method (405), its origin (403), or what its headers say of the body (411, 413, 415)."""
    if request.method != METHOD:
        raise EndpointRefusal(405, "method_not_allowed", f"Only {METHOD} is allowed here.", headers={"Allow": METHOD})
    _check_origin(request, allowed_origins)
    headers = request.headers
    if "transfer-encoding" in headers:
        raise EndpointRefusal(411, "length_required", "Send the body with a Content-Length.")
    length = _length(headers.get("content-length"))
    check_length(length)
    if length or headers.get("content-type", MADE_UP_TYPE) != MADE_UP_TYPE:
        _check_type(headers.get("content-type"))
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise EndpointRefusal(415, "unsupported_content_encoding", "Send the body without Content-Encoding.")


def check_length(length: int) -> None:
    """Refuses (413) a body of so many bytes."""
    if length > MAX_ENDPOINT_BODY_BYTES:
        raise EndpointRefusal(413, "body_too_large", f"The body may have at most {MAX_ENDPOINT_BODY_BYTES} bytes.")


def current_secret(body: bytes, request: HTTPRequest) -> Secret | None:
    """The `currentClientSecret` in a body, None without it; all else in the body is ignored.

    Raises:
        EndpointRefusal: 400 for a body that is not such a JSON object; 413, 415 where HTTP/2 sent it without headers.
    """
    if not body:
        return None
    check_length(len(body))
    _check_type(request.headers.get("content-type"))
    try:
        document = loads(body)
    except (ValueError, RecursionError):
        raise _bad_request("The body is not JSON.") from None
    if not isinstance(document, dict):
        raise _bad_request("The body must be a JSON object.")
    current = document.get("currentClientSecret")
    if current is None:
        return None
    if not isinstance(current, str) or isinstance(sendable(current), Invalid):
        raise _bad_request("currentClientSecret must be a client secret that this endpoint gave out, or null.")
    return Secret(current)


def incomplete_body() -> EndpointRefusal:
    """400: the browser left before it had sent the body; it never sees this."""
    return _bad_request("The connection ended before the body was complete.")


def parsed_origins(origins: object) -> frozenset[Origin]:
    """The option `allowed_origins`; raises ConfigurationError."""
    if not isinstance(origins, (list, tuple, set, frozenset)):
        raise ConfigurationError(f"allowed_origins={origins!r}: pass a list of origins")
    return frozenset(_parsed_origin(text) for text in origins)


def _parsed_origin(text: object) -> Origin:
    origin = parsed_origin(text) if isinstance(text, str) else None
    if origin is None:
        raise ConfigurationError(
            f"allowed_origins: {text!r} is not an origin; write scheme, host and perhaps port: 'https://shop.example'"
        )
    return origin


def _check_origin(request: HTTPRequest, allowed_origins: Collection[Origin | None]) -> None:
    """Refuses (403) what a page of another origin makes a browser send; programs send neither of these headers."""
    sent = request.headers.get("origin")
    origin = None if sent is None else parsed_origin(sent)
    if allowed_origins and origin in allowed_origins:
        return
    site = request.headers.get("sec-fetch-site")
    if (site is not None and is_cross_site(site)) or (sent is not None and not _is_own(request, origin)):
        raise EndpointRefusal(
            403, "foreign_origin", "Pages of other origins may not use this endpoint; see allowed_origins."
        )


def _is_own(request: HTTPRequest, origin: Origin | None) -> bool:
    # Over TLS an attacker in the network can still write pages of http://; without, a proxy may have ended TLS.
    schemes = ("https",) if request.is_https else ("https", "http")
    return is_same_origin(origin, request.headers.get("host", ""), schemes)


def _check_type(content_type: str | None) -> None:
    """Refuses (415) what a form, or a simple request of any page, can send without a preflight."""
    if content_type == JSON_TYPE:
        return
    media_type, _, _ = (content_type or "").partition(";")
    if media_type.strip().lower() != JSON_TYPE or "," in (content_type or ""):  # a comma: sent twice
        raise EndpointRefusal(415, "unsupported_content_type", f"Send JSON, with the header Content-Type: {JSON_TYPE}.")


def _length(text: str | None) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise _bad_request("The header Content-Length is not a number.")
    return int(text) if len(text) <= DIGITS_OF_A_LENGTH else MAX_ENDPOINT_BODY_BYTES + 1


def _bad_request(message: str) -> EndpointRefusal:
    return EndpointRefusal(400, "bad_request", message)
