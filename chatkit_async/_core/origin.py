"""Which web page sent a request: one guard against cross-site requests, for the emulator and the web integrations."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

_ORIGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(?::([0-9]{1,5}))?")
_LONGEST = 300  # characters; a host name has at most 253
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Sec-Fetch-Site of a request that the user typed, or that a page of the same origin sent.
_SAME_ORIGIN_SITES = ("same-origin", "none")


class Origin(NamedTuple):
    """The origin of a page: scheme, host in lower case, port; port is None for a scheme without a default one."""

    scheme: str
    host: str
    port: int | None


def parsed_origin(header: str) -> Origin | None:
    """The value of an Origin header (`https://shop.example:8443`); None for `null` and for any other text."""
    return _parsed(header) if len(header) <= _LONGEST else None


def is_same_origin(origin: Origin | None, host_header: str, schemes: Collection[str]) -> bool:
    """Whether a page of this origin was served under this Host header; X-Forwarded-Host is never consulted.

    Args:
        origin: the page's.
        host_header: the request's.
        schemes: under which our own pages may be served; both behind a proxy that ends TLS.
    """
    if origin is None or origin.scheme not in schemes:
        return False
    # The page's own scheme says which port the Host header leaves out.
    return origin == parsed_origin(f"{origin.scheme}://{host_header}")


def is_cross_site(sec_fetch_site: str) -> bool:
    """Whether the browser says that a page of another origin caused the request (header Sec-Fetch-Site)."""
    return sec_fetch_site not in _SAME_ORIGIN_SITES


@lru_cache(maxsize=128)  # an app has few origins, and each request names one
def _parsed(header: str) -> Origin | None:
    found = _ORIGIN.fullmatch(header)
    if found is None:
        return None
    scheme = found[1].lower()
    return Origin(scheme, found[2].lower(), int(found[3]) if found[3] else _DEFAULT_PORTS.get(scheme))
