"""Settings of connections, checked without aiohttp, and proxies.

Proxies of the environment are resolved here rather than by aiohttp: never .netrc, never for loopback. No function
that holds a proxy's password as plain text raises, so that no traceback shows it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

import attrs

from .._core.base_url import is_loopback
from ..errors import ConfigurationError
from ..types.redacted import kind_of, quoted
from ..types.secret import Secret

if TYPE_CHECKING:
    from ssl import SSLContext

    import aiohttp

DEFAULT_MAX_CONNECTIONS = 100


@attrs.frozen(kw_only=True)
class ConnectionSettings:
    """Settings of a client's connections; AsyncChatKit describes each."""

    max_connections: int = DEFAULT_MAX_CONNECTIONS
    http_session: aiohttp.ClientSession | None = None
    trace_configs: Sequence[aiohttp.TraceConfig] = ()
    middlewares: Sequence[aiohttp.ClientMiddlewareType] = ()
    ssl: SSLContext | aiohttp.Fingerprint | bool = True
    proxy: str | None = None

    def __attrs_post_init__(self) -> None:
        count = self.max_connections
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ConfigurationError(f"max_connections: a whole number of at least 1, not {quoted(count)}")
        if self.proxy is not None:
            checked_proxy(self.proxy, "proxy")
        if not all(callable(middleware) for middleware in _sequence("middlewares", self.middlewares)):
            raise ConfigurationError("middlewares: aiohttp client middlewares, which are callable")
        if not all(hasattr(config, "freeze") for config in _sequence("trace_configs", self.trace_configs)):
            raise ConfigurationError("trace_configs: a sequence of aiohttp.TraceConfig")
        if self.http_session is not None and not hasattr(self.http_session, "request"):
            raise ConfigurationError(f"http_session: an aiohttp.ClientSession, not {kind_of(self.http_session)}")
        if self.http_session is not None and self._excluded_by_http_session():
            given = ", ".join(self._excluded_by_http_session())
            raise ConfigurationError(f"http_session brings its own connections: set {given} on it, not here")

    def _excluded_by_http_session(self) -> list[str]:
        given = {
            "proxy": self.proxy is not None,
            "ssl": self.ssl is not True,
            "trace_configs": bool(self.trace_configs),
            "max_connections": self.max_connections != DEFAULT_MAX_CONNECTIONS,
        }
        return [name for name, is_given in given.items() if is_given]


def _sequence(name: str, given: object) -> Iterable[object]:
    if not isinstance(given, (list, tuple)):
        raise ConfigurationError(f"{name}: a list or tuple, not {kind_of(given)}")
    return given


class Proxy(NamedTuple):
    """An http(s) proxy: user and password are apart from the URL, which aiohttp puts into messages."""

    url: str
    authorization: Secret | None = None


def checked_proxy(given: object, subject: str) -> Proxy:
    """The proxy of a URL; pass it as a `Secret`, since it may hold a password.

    Raises:
        ConfigurationError: not the URL of an http(s) proxy.
    """
    proxy = _parsed(given)
    if proxy is None:
        raise ConfigurationError(
            f"{subject}: an http:// or https:// URL with a host is needed (SOCKS is not supported)"
        )
    return proxy


def environment_proxy(url: str) -> Proxy | None:
    """The proxy for a URL by HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; always None for loopback."""
    url_of_proxy = _environment_url(url)
    return None if url_of_proxy is None else checked_proxy(url_of_proxy, "the proxy of the environment")


def _environment_url(url: str) -> Secret | None:
    from urllib import request  # noqa: PLC0415 - it imports http.client and email

    parts = urlsplit(url)
    proxies = request.getproxies_environment()
    is_exempt: Callable[[str, dict[str, str]], bool] = getattr(request, "proxy_bypass_environment")  # noqa: B009
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found or is_loopback(parts.hostname or "") or is_exempt(parts.netloc, proxies):
        return None
    return Secret(found if "://" in found else f"http://{found}")


def _parsed(given: object) -> Proxy | None:
    if not isinstance(given, str):
        return None
    try:
        parts = urlsplit(str(given))
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return None
    return Proxy(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", _authorization(parts)) if known else None


def _authorization(parts: SplitResult) -> Secret | None:
    if parts.username is None:
        return None
    user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Secret(f"Basic {b64encode(user.encode()).decode()}")
