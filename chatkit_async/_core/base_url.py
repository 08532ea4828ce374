"""The base URL: checked, and refused when it would send a key unencrypted."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from ..errors import ConfigurationError
from ..types.redacted import kind_of, quoted, redacted
from ..types.secret import as_secret

DEFAULT_BASE_URL = "https://api.openai.com/v1"

_AUTHORITY = re.compile(r"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\])(?::\d*)?", re.ASCII)
_URL_PATH = re.compile(r"[A-Za-z0-9/._~!$&'()*+,;=:@%-]*")


class _Refused(NamedTuple):
    reason: str


def checked_base_url(given: object, subject: str, *, allow_insecure_http: bool) -> str:
    """An absolute http(s) URL without a slash at its end; messages name the `subject`, where it came from.

    Raises:
        ConfigurationError: another value, a URL with user, query or fragment, or plain http:// to another machine.
    """
    given = as_secret(given)
    if not isinstance(given, str):
        raise ConfigurationError(f"{subject}: a string, not {kind_of(given)}")
    found = _read(given, allow_insecure_http=allow_insecure_http)
    if isinstance(found, _Refused):
        raise ConfigurationError(f"{subject}: {found.reason}")
    return found


def server_of(url: str) -> str:
    """Scheme, host and port of a URL; nothing of its path, user or query."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "another place"
    return f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else "another path of the same server"


def is_loopback(host: str) -> bool:
    """Whether a host name is certainly this machine: localhost and its subdomains, 127.0.0.0/8, ::1."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _read(given: str, *, allow_insecure_http: bool) -> str | _Refused:
    """The URL, or the reason against it: a frame must not raise while it holds the password before an @."""
    parts = _split(given.strip())
    if isinstance(parts, _Refused):
        return parts
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        return _Refused(
            f"without user, query and fragment (see default_headers, default_query): {_redacted_url(parts)}"
        )
    if not _AUTHORITY.fullmatch(parts.netloc) or not _URL_PATH.fullmatch(parts.path):
        return _Refused(f"{_redacted_url(parts)} holds characters that a URL must encode")
    if parts.scheme == "http" and not allow_insecure_http and not is_loopback(parts.hostname or ""):
        return _Refused(
            f"{_redacted_url(parts)} would send the API key unencrypted; use https://,"
            " or allow_insecure_http=True if the network is yours"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _split(text: str) -> SplitResult | _Refused:
    if not text.isprintable() or " " in text:
        return _Refused("holds blanks or control characters")
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0  # reading checks it
    except ValueError:  # its own text may quote the password
        whole, parts = False, None
    if whole and parts is not None:
        return parts
    return _Refused(f"an absolute URL such as {DEFAULT_BASE_URL}, not {quoted(text.rpartition('@')[2])}")


def _redacted_url(parts: SplitResult) -> str:
    return str(redacted(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"))
