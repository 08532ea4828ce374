"""Proxies from the environment, resolved by us: never .netrc, never for loopback."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from .._core.base_url import is_loopback
from ..errors import ConfigurationError
from ..types.secret import Secret


def checked_proxy(proxy: str, subject: str) -> Secret:
    """An http(s) proxy URL; it may hold a password, so it is kept as a `Secret`.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        parts = urlsplit(proxy)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except (ValueError, TypeError, AttributeError):
        known = False
    if not known:
        raise ConfigurationError(
            f"{subject}: an http:// or https:// URL with a host is needed (SOCKS is not supported)"
        )
    return Secret(proxy)


def environment_proxy(url: str) -> Secret | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name for a URL; None for loopback, always."""
    from urllib import request  # noqa: PLC0415 - it brings http.client and email

    parts = urlsplit(url)
    host = parts.hostname or ""
    proxies = request.getproxies_environment()
    is_exempt: Callable[[str, dict[str, str]], bool] = getattr(request, "proxy_bypass_environment")  # noqa: B009
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found or is_loopback(host) or is_exempt(parts.netloc, proxies):
        return None
    return checked_proxy(found if "://" in found else f"http://{found}", "the proxy of the environment")
