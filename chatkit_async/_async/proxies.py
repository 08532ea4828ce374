"""Proxies, from the caller or from the environment, resolved by us: never .netrc, never the environment's for loopback.

Frames that hold a proxy's password in the clear never raise, so that no traceback shows it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from urllib.parse import SplitResult, unquote, urlsplit

import attrs

from .._core.base_url import is_loopback
from ..errors import ConfigurationError
from ..types.secret import Secret


@attrs.frozen
class Proxy:
    """An http(s) proxy: its URL, which aiohttp puts into messages, and apart from it user and password."""

    url: str
    authorization: Secret | None = None


def checked_proxy(given: object, subject: str) -> Proxy:
    """The proxy that a URL names; it may hold a password, so pass it as a `Secret`.

    Raises:
        ConfigurationError: it is no URL of an http(s) proxy.
    """
    proxy = _parsed(given)
    if proxy is None:
        raise ConfigurationError(
            f"{subject}: an http:// or https:// URL with a host is needed (SOCKS is not supported)"
        )
    return proxy


def environment_proxy(url: str) -> Proxy | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name for a URL; None for loopback, always."""
    found = _found(url)
    return None if found is None else checked_proxy(found, "the proxy of the environment")


def _found(url: str) -> Secret | None:
    from urllib import request  # noqa: PLC0415 - it brings http.client and email

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
