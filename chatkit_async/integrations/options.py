"""What users may set, the same for every framework."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypedDict, cast

from ..broker.store import Store
from ..errors import ConfigurationError
from ..types.session_operations import ChatKitConfigurationLike, ExpiresAfterLike, RateLimitsLike
from .cookie import MAX_AGE_S, VisitorCookie, hidden_key, signing_keys


class EndpointOptions(TypedDict, total=False):
    """How `session_endpoint` treats browsers.

    Keys:
        cookie_keys: keys that sign the cookie of anonymous visitors, each of 16 bytes or more: the first signs, the
            others are still accepted, so that keys can be changed. Default none: who is not signed in is refused (401).
        cookie_secure: whether the cookie goes over TLS alone; default True, which is right behind a proxy that ends TLS
            as well, and on `http://localhost` for Chromium and Firefox. False is for development with other browsers or
            other names than localhost.
        cookie_max_age_s: seconds after the last visit for which an anonymous visitor is known again, at least 60;
            default 2,592,000, which is 30 days.
        allowed_origins: origins besides the one asked whose pages may ask, as `https://shop.example`: those of your
            other hosts, or all of yours where a proxy changes the Host header. Default none. No CORS headers are sent.
    """

    cookie_keys: Sequence[str | bytes]
    cookie_secure: bool
    cookie_max_age_s: int
    allowed_origins: Sequence[str]


class BrokerOptions(TypedDict, total=False):
    """What `setup` passes on to the broker; see `AsyncSessionBroker`."""

    store: Store | None
    margin_s: float
    share_secrets: Sequence[str | bytes] | None
    expires_after: ExpiresAfterLike | None
    rate_limits: RateLimitsLike | None
    chatkit_configuration: ChatKitConfigurationLike | None
    lease_s: float
    sessions_per_minute: int | None


def hidden(options: EndpointOptions) -> EndpointOptions:
    """The options with the keys out of sight: a traceback may show the locals of every frame they pass through."""
    keys: object = options.get("cookie_keys", ())
    listed: Sequence[object] = keys if isinstance(keys, Sequence) and not isinstance(keys, (str, bytes)) else (None,)
    return {**options, "cookie_keys": cast("Sequence[str]", tuple(hidden_key(key) for key in listed))}


def visitor_cookie(options: EndpointOptions) -> VisitorCookie | None:
    """The cookie as set up, None where there are no keys; takes `hidden` options, raises ConfigurationError."""
    keys = signing_keys(cast("Any", options.get("cookie_keys", ())))
    max_age_s: object = options.get("cookie_max_age_s", MAX_AGE_S)
    if isinstance(max_age_s, bool) or not isinstance(max_age_s, int) or not 60 <= max_age_s < math.inf:
        raise ConfigurationError(f"cookie_max_age_s={max_age_s!r}: pass whole seconds, at least 60")
    return VisitorCookie(keys, bool(options.get("cookie_secure", True)), max_age_s) if keys else None
