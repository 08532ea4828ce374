"""The cookie by which an anonymous visitor is known again: signed, so that nobody can name another. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable

import attrs

from ..errors import ConfigurationError
from ..types.secret import Hidden
from .answer import Cookie

# The keys may serve other purposes elsewhere; what is signed here is of no use there, and the other way round.
PURPOSE = b"chatkit_async.integrations anonymous visitor v1"
FORMAT = re.compile(r"v1\.([A-Za-z0-9_-]{32})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})")
SHORTEST_KEY_BYTES = 16
MAX_AGE_S = 30 * 24 * 3600  # a month without a visit; each visit begins it anew


@attrs.frozen
class SigningKey:
    """A key that shows nothing of itself."""

    value: bytes = attrs.field(repr=False)


def hidden_key(key: object) -> SigningKey | Hidden:
    """The key out of sight, whatever was given."""
    if isinstance(key, str):
        return SigningKey(str.__str__(key).encode("utf-8", "surrogatepass"))
    return SigningKey(bytes(key)) if isinstance(key, bytes) else Hidden(type(key))


def signing_keys(hidden: Iterable[SigningKey | Hidden]) -> tuple[SigningKey, ...]:
    """The keys, each long enough; raises ConfigurationError."""
    return tuple(_long_enough(key, position) for position, key in enumerate(hidden))


def _long_enough(key: SigningKey | Hidden, position: int) -> SigningKey:
    if isinstance(key, Hidden) or len(key.value) < SHORTEST_KEY_BYTES:
        given = key.kind.__name__ if isinstance(key, Hidden) else f"{len(key.value)} bytes"
        raise ConfigurationError(
            f"cookie_keys[{position}]: a key is a string or bytes, at least {SHORTEST_KEY_BYTES} bytes long and made by"
            f" chance, as `secrets.token_hex(32)` is; not {given}"
        )
    return key


@attrs.frozen
class VisitorCookie:
    """Reads and writes the cookie.

    Args:
        keys: the first signs, all are accepted.
        is_secure: whether browsers send it over TLS alone.
        max_age_s: how many seconds after a visit it still counts.
    """

    keys: tuple[SigningKey, ...] = attrs.field(repr=False)
    is_secure: bool
    max_age_s: int

    @property
    def name(self) -> str:
        """`__Host-` has browsers refuse it from subdomains and over plain HTTP."""
        return "__Host-chatkit_visitor" if self.is_secure else "chatkit_visitor"

    def visitor(self, value: str | None, now_s: float) -> str | None:
        """The visitor that a genuine cookie of ours names, None for any other."""
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

    def dropped(self) -> Cookie:
        """The cookie that makes a browser forget it."""
        return Cookie(self.name, "", 0, self.is_secure)


def _signature(key: SigningKey, visitor: str, issued_at: str) -> str:
    own = hmac.digest(key.value, PURPOSE, hashlib.sha256)
    signed = hmac.digest(own, f"v1.{visitor}.{issued_at}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
