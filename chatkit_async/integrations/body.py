"""What a request may hold: no body, or a small JSON object of which one field counts. Pure."""

from __future__ import annotations

import json

from ..types.checks import Invalid, sendable
from ..types.secret import Secret
from .answer import Refusal
from .visit import Visit

MAX_BODY_BYTES = 16 * 1024  # a client secret has a few hundred characters, and nothing else counts
METHOD = "POST"


def check_method(visit: Visit) -> None:
    """Refuses (405) all methods but POST."""
    if visit.method != METHOD:
        raise Refusal(405, "method_not_allowed", f"Only {METHOD} is answered here.", headers={"Allow": METHOD})


def check_body(visit: Visit) -> None:
    """Refuses a body by its headers alone: of unknown length (411), too large (413), no JSON (415)."""
    if visit.header("Transfer-Encoding"):
        raise Refusal(411, "length_required", "Send the body with a Content-Length.")
    length = _length(visit.header("Content-Length"))
    check_length(length)
    if length or visit.header("Content-Type"):
        _check_type(visit)
    if (visit.header("Content-Encoding") or "identity").lower() != "identity":
        raise Refusal(415, "unsupported_content_encoding", "Send the body as it is, without Content-Encoding.")


def checked(body: bytes, visit: Visit) -> bytes:
    """The body, unless HTTP/2 let it come without a header of its length and it is too large (413), no JSON (415)."""
    check_length(len(body))
    if body:
        _check_type(visit)
    return body


def check_length(length: int) -> None:
    """Refuses (413) so many bytes."""
    if length > MAX_BODY_BYTES:
        raise Refusal(413, "body_too_large", f"The body may have at most {MAX_BODY_BYTES} bytes.")


def _check_type(visit: Visit) -> None:
    """A form, or any page's simple request, can send other types without asking first."""
    if not _is_json(visit.header("Content-Type")):
        raise Refusal(415, "unsupported_content_type", "Send JSON, with the header Content-Type: application/json.")


def current_secret(body: bytes) -> Secret | None:
    """The `currentClientSecret` in a body, None if there is none; raises Refusal (400). All else counts for nothing."""
    if not body:
        return None
    try:
        document = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise _not_understood("The body is no JSON.") from None
    if not isinstance(document, dict):
        raise _not_understood("The body must be a JSON object.")
    current = document.get("currentClientSecret")
    if current is None:
        return None
    if not isinstance(current, str) or isinstance(sendable(current), Invalid):
        raise _not_understood("currentClientSecret must be a client secret that was given here, or null.")
    return Secret(current)


def not_whole() -> Refusal:
    """400: the visitor left before the body was there; nobody hears it."""
    return _not_understood("The body did not arrive whole.")


def _length(text: str | None) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise _not_understood("The header Content-Length is no number.")
    return int(text) if len(text) < 20 else MAX_BODY_BYTES + 1


def _is_json(content_type: str | None) -> bool:
    """Of several values, joined by commas, none is."""
    media_type, _, _ = (content_type or "").partition(";")
    return media_type.strip().lower() == "application/json" and "," not in (content_type or "")


def _not_understood(message: str) -> Refusal:
    return Refusal(400, "bad_request", message)
