"""The cookie that identifies an anonymous visitor: signed, so that no visitor can name another. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

import attrs

from ..errors import ConfigurationError
from ..types.secret import Secret
from ._http import Cookie

# The app may use its keys elsewhere too: signatures made for one purpose are worthless for the other.
PURPOSE = b"chatkit_async.integrations anonymous visitor v1"
FORMAT = re.compile(r"v1\.([A-Za-z0-9_-]{32})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})")
SHORTEST_KEY = 16  # characters or bytes
MAX_AGE_S = 30 * 24 * 3600  # 30 days without a visit; each visit begins them anew


def signing_keys(hidden: object) -> tuple[Secret, ...]:
    """The keys, hidden before, each long enough; raises ConfigurationError."""
    if not isinstance(hidden, tuple):
        raise ConfigurationError("cookie_keys: pass a list: the first key signs, the others are still accepted")
    return tuple(_long_enough(key, position) for position, key in enumerate(hidden))


def _long_enough(key: object, position: int) -> Secret:
    if isinstance(key, Secret) and len(key) >= SHORTEST_KEY:
        return key
    given = f"{len(key)} long" if isinstance(key, Secret) else "neither"
    raise ConfigurationError(
        f"cookie_keys[{position}]: a key is a random string or bytes of at least {SHORTEST_KEY}, such as"
        f" `secrets.token_hex(32)`; this one is {given}"
    )


@attrs.frozen
class VisitorCookie:
    """Reads and writes the cookie.

    Args:
        keys: the first signs, all are accepted.
        is_secure: whether browsers send it over TLS alone.
        max_age_s: seconds after a visit for which it is valid.
    """

    keys: tuple[Secret, ...] = attrs.field(repr=False)
    is_secure: bool
    max_age_s: int

    @property
    def name(self) -> str:
        """With `__Host-` browsers refuse it from subdomains and over plain HTTP."""
        return "__Host-chatkit_visitor" if self.is_secure else "chatkit_visitor"

    def visitor(self, value: str | None, now_s: float) -> str | None:
        """The visitor that a valid cookie of ours names, None for any other."""
        found = FORMAT.fullmatch(value or "")
        if found is None:
            return None
        visitor, issued_at, signature = found.groups()
        matches = [hmac.compare_digest(_signature(key, visitor, issued_at), signature) for key in self.keys]
        return visitor if any(matches) and now_s - int(issued_at) < self.max_age_s else None

    def issued(self, visitor: str, now_s: float) -> Cookie:
        """The cookie for a visitor, signed anew by the first key."""
        issued_at = str(int(now_s))
        value = f"v1.{visitor}.{issued_at}.{_signature(self.keys[0], visitor, issued_at)}"
        return Cookie(self.name, value, self.max_age_s, self.is_secure)

    def deleted(self) -> Cookie:
        """The cookie that makes a browser delete it."""
        return Cookie(self.name, "", 0, self.is_secure)


def _signature(key: Secret, visitor: str, issued_at: str) -> str:
    own = hmac.digest(key.encode("utf-8", "surrogatepass"), PURPOSE, hashlib.sha256)
    signed = hmac.digest(own, f"v1.{visitor}.{issued_at}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
