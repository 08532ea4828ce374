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
from ._clock import now_s
from ._expiring import Expiring
from ._store import Place, SealedRecord, Seen

if TYPE_CHECKING:
    from cryptography.fernet import Fernet, MultiFernet

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
class Record:
    """A live session of a place.

    Attributes:
        live: what is handed out.
        state: digest of the state variables it was made with.
        generation, version: of the place when it was made.
        ticket: of its creation.
        ends_s: when it expires, by this process's clock.
    """

    live: LiveSecret
    state: str
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
        self._records: Expiring[Place, Record] = Expiring()
        self._has_warned = False

    @property
    def is_shared(self) -> bool:
        """Whether other processes find in the store what this one makes."""
        return self._fernet is not None

    def find(self, place: Place, seen: Seen) -> Record | None:
        """The live session, if user and device were not revoked and it was not renewed since.

        While the store is down, `seen` holds what this process knows of revocations, and that decides.
        """
        record = self._records.get(place)
        if not seen.is_known:
            is_current = record is not None and seen.generation in {"/", record.generation}
            return record if is_current else None
        if self._fernet is not None:
            return self._shared(place, seen, record)
        is_current = record is not None and (record.generation, record.version) == (seen.generation, seen.version)
        return record if is_current else None

    def put(self, place: Place, record: Record) -> None:
        """Keeps a session in this process."""
        self._records.set(place, record, record.ends_s)

    def sealed(self, place: Place, live: LiveSecret, state: str) -> str | None:
        """A session as the store holds it: encrypted, and bound to its place."""
        if self._fernet is None:
            return None
        parts = [place.user, place.slot, state, live.client_secret, live.expires_at, live.session_id]
        return self._fernet.encrypt(json.dumps(parts).encode()).decode()

    def _shared(self, place: Place, seen: Seen, held: Record | None) -> Record | None:
        if seen.record is None:
            return None
        if held is None or held.ticket != seen.record.ticket:
            held = self._opened(place, seen, seen.record)
            if held is not None:
                self.put(place, held)
        return held

    def _opened(self, place: Place, seen: Seen, sealed: SealedRecord) -> Record | None:
        """The record, if it can be read, and was encrypted for this place."""
        assert self._fernet is not None
        try:
            live, state = _parsed(Secret(self._fernet.decrypt(sealed.text.encode()).decode()), place)
        except Exception:  # anything that can write to the store can put anything there
            if not self._has_warned:
                log.warning("A record in the broker's store is unreadable: do all processes have these share_secrets?")
            self._has_warned = True
            return None
        return Record(live, state, seen.generation, seen.version, sealed.ticket, now_s() + sealed.left_s)


def _parsed(text: Secret, place: Place) -> tuple[LiveSecret, str]:
    match json.loads(text):
        case [place.user, place.slot, str() as state, str() as secret, int() as expires_at, str() as session_id]:
            return LiveSecret(Secret(secret), expires_at, session_id), state
        case _:
            raise ValueError("not a record of this place")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


def _fernet(keys: Sequence[str | bytes]) -> MultiFernet:
    try:
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415 - of an extra
    except ImportError as error:
        raise ConfigurationError("share_secrets needs cryptography: pip install chatkit-async[broker]") from error
    if isinstance(keys, Hidden) or not keys:
        raise ConfigurationError(f"share_secrets: a list of Fernet keys, the newest first; {_MAKE_ONE}")
    return MultiFernet([_key(Fernet, key, number) for number, key in enumerate(keys)])


def _key(fernet: type[Fernet], key: str | bytes, number: int) -> Fernet:
    try:
        return fernet(key)
    except Exception:  # cryptography's, and base64's
        raise ConfigurationError(f"share_secrets[{number}] is not a Fernet key; {_MAKE_ONE}") from None
