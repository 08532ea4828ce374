"""What users may set, the same for every framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from inspect import Parameter, signature
from typing import Any, TypedDict, TypeVar, cast

from ..broker import Store
from ..errors import ConfigurationError
from ..types.misuse import nearest
from ..types.secret import hidden_keys, without_value
from ..types.session_operations import ChatKitConfigurationLike, ExpiresAfterLike, RateLimitsLike
from ._anonymous import MAX_AGE_S, VisitorCookie, signing_keys

SHORTEST_AGE_S = 60


class EndpointOptions(TypedDict, total=False):
    """How `session_endpoint` treats browsers.

    Keys:
        cookie_keys: keys that sign the cookie of anonymous visitors, each of 16 bytes or more: the first signs, the
            others are still accepted, so that keys can be changed. Default: none, and visitors who are not signed in
            get a 401.
        cookie_secure: whether browsers send the cookie over TLS alone; default True, which is also right behind a proxy
            that ends TLS, and on `http://localhost` in Chromium and Firefox. False is for development with other
            browsers or other names than localhost.
        cookie_max_age_s: seconds after the last visit for which an anonymous visitor is recognised, at least 60;
            default 2,592,000, which is 30 days.
        anonymous_sessions_per_minute: how many sessions anonymous visitors may cause within 60 s, all of them together,
            in this process and at this endpoint; at least 1, or None for no limit; default 120. Beyond it they get a
            429 with Retry-After. Signed-in users do not count, nor do visitors whose live session is reused. A request
            for another session (its body has `currentClientSecret`) counts.
        allowed_origins: further origins whose pages may use the endpoint, such as `https://shop.example`: your other
            hosts, or all of yours where a proxy changes the Host header. Default: none. No CORS headers are sent.
    """

    cookie_keys: Sequence[str | bytes]
    cookie_secure: bool
    cookie_max_age_s: int
    anonymous_sessions_per_minute: int | None
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


FunctionT = TypeVar("FunctionT", bound=Callable[..., object])


def takes(kind: type[object]) -> Callable[[FunctionT], FunctionT]:
    """Gives a function the options of this kind, `hidden`, and a TypeError with the nearest name for any other."""

    def decorated(function: FunctionT) -> FunctionT:
        @wraps(function)
        def call(*args: Any, **given: Any) -> object:
            names = [*_named(function), *kind.__annotations__]
            unknown = [name for name in given if name not in names]
            options = hidden(given)
            given.clear()  # a misspelt option may hold a key, too
            if unknown:
                options.clear()
                raise _wrong_name(function.__name__, unknown[0], names)
            try:
                return function(*args, **options)
            finally:
                del args, options  # a traceback shows them, and they may hold a key

        return cast("FunctionT", call)

    return decorated


def _named(function: Callable[..., object]) -> list[str]:
    return [one.name for one in signature(function).parameters.values() if one.kind is not Parameter.VAR_KEYWORD]


def _wrong_name(function: str, name: str, names: Sequence[str]) -> TypeError:
    near = nearest(name, names)
    taken = f"it takes {', '.join(names)}"
    advice = f"{near} ({taken})" if near else taken
    return TypeError(f"{function}() got an unexpected keyword argument {name!r}: {advice}")


def hidden(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with their keys hidden: a traceback may show the locals of every frame they pass through."""
    return {name: HIDERS.get(name, _unchanged)(value) for name, value in options.items()}


def visitor_cookie(options: EndpointOptions) -> VisitorCookie | None:
    """The cookie as configured, None without keys; takes `hidden` options, raises ConfigurationError."""
    keys = signing_keys(options.get("cookie_keys", ()))
    max_age_s: object = options.get("cookie_max_age_s", MAX_AGE_S)
    if isinstance(max_age_s, bool) or not isinstance(max_age_s, int) or max_age_s < SHORTEST_AGE_S:
        raise ConfigurationError(f"cookie_max_age_s={max_age_s!r}: pass whole seconds, at least {SHORTEST_AGE_S}")
    return VisitorCookie(keys, bool(options.get("cookie_secure", True)), max_age_s) if keys else None


def _hidden_url(store: object) -> object:
    """A URL passed as a store may hold a password; the broker refuses it by its type."""
    return without_value(store) if isinstance(store, (str, bytes)) else store


def _unchanged(value: object) -> object:
    return value


HIDERS: Mapping[str, Callable[[Any], object]] = {
    "cookie_keys": hidden_keys,
    "share_secrets": hidden_keys,
    "store": _hidden_url,
}
