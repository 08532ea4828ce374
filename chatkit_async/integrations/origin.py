"""Whose page is asking: nobody else's may have a browser mint sessions. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

import attrs

from ..errors import ConfigurationError
from .answer import Refusal
from .visit import Visit

AUTHORITY = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(?::([0-9]{1,5}))?"
HOST = re.compile(AUTHORITY)
ORIGIN = re.compile(rf"([A-Za-z][A-Za-z0-9+.-]*)://{AUTHORITY}")
DEFAULT_PORTS = {"http": 80, "https": 443}
# What a browser says of requests that its user, or a page of the very same origin, has caused.
OWN_SITES = ("same-origin", "none")


@attrs.frozen
class Origin:
    """Where a page comes from: scheme, host in lower case, port; None for the port of a scheme that has none."""

    scheme: str
    host: str
    port: int | None


def parsed_origin(text: str) -> Origin | None:
    """The origin as a browser writes it (`https://shop.example:8443`); None for `null` and whatever else."""
    found = ORIGIN.fullmatch(text)
    if found is None:
        return None
    scheme = found[1].lower()
    return Origin(scheme, found[2].lower(), int(found[3]) if found[3] else DEFAULT_PORTS.get(scheme))


def allowed(origins: object) -> frozenset[Origin]:
    """The origins that an app names as its own besides the one it is served from; raises ConfigurationError."""
    if not isinstance(origins, (list, tuple, set, frozenset)):
        raise ConfigurationError(f"allowed_origins={origins!r}: pass a list of origins")
    return frozenset(_allowed(text) for text in origins)


def _allowed(text: object) -> Origin:
    origin = parsed_origin(text) if isinstance(text, str) else None
    if origin is None:
        raise ConfigurationError(
            f"allowed_origins: {text!r} is no origin; write scheme, host and perhaps port, as in 'https://shop.example'"
        )
    return origin


def check_origin(visit: Visit, allowed_origins: Collection[Origin]) -> None:
    """Refuses (403) what the page of another origin has a browser send.

    Who sends neither header is no browser, and gains nothing by lying.
    """
    sent = visit.header("Origin")
    origin = None if sent is None else parsed_origin(sent)
    if origin is not None and origin in allowed_origins:
        return
    site = visit.header("Sec-Fetch-Site")
    if (site is not None and site not in OWN_SITES) or (sent is not None and not _is_own(visit, origin)):
        raise Refusal(403, "foreign_origin", "Pages of other origins may not ask here; see allowed_origins.")


def _is_own(visit: Visit, origin: Origin | None) -> bool:
    """Whether the page comes from the host that is asked; the Host header alone tells, and no X-Forwarded-Host."""
    host = HOST.fullmatch(visit.header("Host") or "")
    if origin is None or host is None or origin.scheme not in DEFAULT_PORTS:
        return False
    if visit.is_https and origin.scheme == "http":
        return False  # whoever sits in the network can write the pages of http://
    # Behind a proxy that ends TLS we see http, and the page's own scheme says which port the Host header leaves out.
    port = int(host[2]) if host[2] else DEFAULT_PORTS[origin.scheme]
    return (origin.host, origin.port) == (host[1].lower(), port)
