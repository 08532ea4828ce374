"""Refuses what a page of another origin makes a browser send. Pure."""

from __future__ import annotations

from collections.abc import Collection

from .._core.origin import Origin, is_cross_site, is_same_origin, parsed_origin
from ..errors import ConfigurationError
from .answer import Refusal
from .visit import Visit


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
    if (site is not None and is_cross_site(site)) or (sent is not None and not _is_own(visit, origin)):
        raise Refusal(403, "foreign_origin", "Pages of other origins may not ask here; see allowed_origins.")


def _is_own(visit: Visit, origin: Origin | None) -> bool:
    # Over TLS an attacker in the network can still write pages of http://; without, a proxy may have ended TLS.
    schemes = ("https",) if visit.is_https else ("https", "http")
    return is_same_origin(origin, visit.header("Host") or "", schemes)
