"""Anonymous visitors: the signed cookie that tells them apart, and a limit, since every request without one is new."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import re
from collections import deque
from collections.abc import Callable
from threading import Lock
from time import monotonic

import attrs

from ..errors import ConfigurationError
from ..types.secret import Secret
from ._http import Cookie
from ._refusals import EndpointRefusal

# The app may use its keys elsewhere too: signatures made for one purpose are worthless for the other.
PURPOSE = b"chatkit_async.integrations anonymous visitor v1"
FORMAT = re.compile(r"v1\.([A-Za-z0-9_-]{32})\.([0-9]{1,12})\.([A-Za-z0-9_-]{43})")
SHORTEST_KEY = 16  # characters or bytes
MAX_AGE_S = 30 * 24 * 3600  # 30 days without a visit; each visit begins them anew
LIMIT_WINDOW_S = 60.0
DEFAULT_PER_MINUTE = 120


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


class AnonymousLimit:
    """Counts the requests that may create a session; one whose visitor's live session is reused is free.

    Any thread may use it. What it remembers is bounded by what it counts.

    Args:
        per_minute: how many to allow within 60 s, at least 1; None for any number.
        clock: gives seconds that only grow.

    Raises:
        ConfigurationError: another number.
    """

    def __init__(self, per_minute: int | None, clock: Callable[[], float] = monotonic) -> None:
        is_whole = isinstance(per_minute, int) and not isinstance(per_minute, bool)
        if per_minute is not None and not (is_whole and per_minute >= 1):
            raise ConfigurationError(
                f"anonymous_sessions_per_minute={per_minute!r}: pass a whole number of at least 1, or None for no limit"
            )
        self._per_minute = per_minute
        self._clock = clock
        self._lock = Lock()
        self._counted_at_s: deque[float] = deque()
        self._live_until_s: dict[str, float] = {}
        self._logged_at_s = -math.inf

    def reserve(self, visitor: str, *, wants_new: bool) -> bool:
        """Whether the request was counted.

        Args:
            visitor: as the cookie names it, or a new one.
            wants_new: whether the request asks for another session than the live one.

        Raises:
            EndpointRefusal: 429 with the wait, when the minute's number is used up.
        """
        if self._per_minute is None:
            return False
        with self._lock:
            now_s = self._clock()
            self._forget_before(now_s)
            if visitor in self._live_until_s and not wants_new:
                return False
            if len(self._counted_at_s) >= self._per_minute:
                raise self._too_many(now_s)
            self._counted_at_s.append(now_s)
            return True

    def give_back(self) -> None:
        """Uncounts a request that got no session."""
        with self._lock:
            if self._counted_at_s:
                self._counted_at_s.pop()

    def created(self, visitor: str, reused_s: float) -> None:
        """Remembers that the visitor has a session that the broker hands out again for so many seconds."""
        with self._lock:
            self._live_until_s.pop(visitor, None)  # so that the order stays that of the ends
            self._live_until_s[visitor] = self._clock() + reused_s

    def ended(self, visitor: str) -> None:
        """Forgets a visitor whose sessions were cancelled."""
        with self._lock:
            self._live_until_s.pop(visitor, None)

    def _forget_before(self, now_s: float) -> None:
        while self._counted_at_s and self._counted_at_s[0] <= now_s - LIMIT_WINDOW_S:
            self._counted_at_s.popleft()
        while self._live_until_s and (first := next(iter(self._live_until_s))) and self._live_until_s[first] <= now_s:
            del self._live_until_s[first]

    def _too_many(self, now_s: float) -> EndpointRefusal:
        is_logged = now_s - self._logged_at_s >= LIMIT_WINDOW_S  # once a minute: an attacker must not fill the log
        if is_logged:
            self._logged_at_s = now_s
        return EndpointRefusal(
            429,
            "rate_limited",
            "Too many new visitors; please try again later.",
            retry_after_s=max(self._counted_at_s[0] + LIMIT_WINDOW_S - now_s, 1.0),
            log=f"anonymous visitors get 429: anonymous_sessions_per_minute={self._per_minute} in this process"
            if is_logged
            else None,
        )
