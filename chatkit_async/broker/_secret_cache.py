"""Live client secrets: in this process, and encrypted for the store if brokers share them."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from ..errors import ConfigurationError
from ..types.secret import Hidden, Secret
from ..types.session import BrowserSecret
from ._clock import Expiring, now_s
from ._user_record import EncryptedSecret, Place, PlaceState

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

log = logging.getLogger("chatkit_async")

_MAKE_ONE = 'make one with: python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'


@attrs.frozen
class LiveSecret:
    """What a browser needs: a client secret that works, and until when.

    Attributes:
        client_secret: what the browser authenticates with; its repr is masked.
        expires_at: when it stops working, Unix seconds, UTC, by the API's clock.
        session_id: the session behind it, `cksess_...`; not for browsers.
    """

    client_secret: Secret
    expires_at: int
    session_id: str

    def for_browser(self) -> BrowserSecret:
        """Exactly `{"client_secret", "expires_at"}`, plain: what your endpoint may send to a browser."""
        return {"client_secret": str(self.client_secret), "expires_at": self.expires_at}


@attrs.frozen
class CachedSecret:
    """A live session of a place.

    Attributes:
        live: what is handed out.
        variables: digest of the state variables it was created with.
        generation, version: of the place when it was created, or read from the store.
        ticket: of its creation.
        ends_s: when it expires, by this process's clock.
    """

    live: LiveSecret
    variables: str
    generation: str
    version: str
    ticket: str
    ends_s: float

    def is_of(self, current: str | None) -> bool:
        """Whether its client secret is the one the browser has; compared in constant time."""
        return current is not None and hmac.compare_digest(_digest(self.live.client_secret), _digest(current))


class SecretCache:
    """The live session of each place.

    Args:
        share_secrets: Fernet keys: the first encrypts, any decrypts; None if secrets stay in this process.

    Raises:
        ConfigurationError: a key is not a Fernet key, there are none, or cryptography is not installed.
    """

    def __init__(self, share_secrets: Sequence[str | bytes] | None) -> None:
        self._fernet = None if share_secrets is None else _fernet(share_secrets)
        self._secrets: Expiring[Place, CachedSecret] = Expiring()
        self._has_warned = False
        self.is_shared = self._fernet is not None  # Then other processes find in the store what this one creates.

    def find(self, place: Place, state: PlaceState) -> CachedSecret | None:
        """The live session, unless its user or device was revoked, or it was renewed, since it was created."""
        cached = self._secrets.get(place)
        if not (self.is_shared and state.is_from_store):
            is_valid = cached is not None and (cached.generation, cached.version) == (state.generation, state.version)
            return cached if is_valid else None
        if state.secret is None:
            return None
        if cached is None or cached.ticket != state.secret.ticket:
            cached = self._decrypted(place, state, state.secret)
        return cached

    def put(self, place: Place, secret: CachedSecret) -> None:
        """Keeps a session in this process."""
        self._secrets.set(place, secret, secret.ends_s)

    def encrypted(self, place: Place, live: LiveSecret, variables: str) -> str | None:
        """A session as the store holds it: encrypted, and bound to its place; None if secrets are not shared."""
        if self._fernet is None:
            return None
        parts = [place.user, place.slot, variables, live.client_secret, live.expires_at, live.session_id]
        return self._fernet.encrypt(json.dumps(parts).encode()).decode()

    def _decrypted(self, place: Place, state: PlaceState, secret: EncryptedSecret) -> CachedSecret | None:
        """The secret, which this process then keeps; None if it is unreadable, or was encrypted for another place."""
        assert self._fernet is not None
        try:
            live, variables = _parsed(Secret(self._fernet.decrypt(secret.text.encode()).decode()), place)
        except Exception:  # Any program with access to the store can write anything there.
            if not self._has_warned:
                log.warning("A record in the broker's store is unreadable: do all processes have these share_secrets?")
            self._has_warned = True
            return None
        ends_s = now_s() + secret.left_s
        cached = CachedSecret(live, variables, state.generation, state.version, secret.ticket, ends_s)
        self.put(place, cached)
        return cached


def _parsed(text: Secret, place: Place) -> tuple[LiveSecret, str]:
    match json.loads(text):
        case [place.user, place.slot, str() as variables, str() as secret, int() as expires_at, str() as session_id]:
            return LiveSecret(Secret(secret), expires_at, session_id), variables
        case _:
            raise ValueError("not a record of this place")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


def _fernet(keys: Sequence[str | bytes]) -> MultiFernet:
    try:
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415 - of an extra
    except ImportError as error:
        raise ConfigurationError("share_secrets needs cryptography: pip install 'chatkit-async[broker]'") from error
    if isinstance(keys, Hidden) or not keys:
        raise ConfigurationError(f"share_secrets: a list of Fernet keys, the newest first; {_MAKE_ONE}")
    made: list[Fernet] = []
    try:
        made.extend(map(Fernet, keys))
    except Exception:  # cryptography's, and base64's
        raise ConfigurationError(f"share_secrets[{len(made)}] is not a Fernet key; {_MAKE_ONE}") from None
    return MultiFernet(made)
