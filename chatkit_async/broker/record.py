"""A live session: as the broker keeps it, and as it is handed out."""

from __future__ import annotations

import hashlib
import hmac
import json

import attrs

from ..types.secret import Secret
from ..types.session import BrowserSecret
from .store import Generations, Place


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
        """Exactly `{"client_secret", "expires_at"}`, plain: what your endpoint may answer a browser with."""
        return {"client_secret": str(self.client_secret), "expires_at": self.expires_at}


@attrs.frozen
class Record:
    """A live session, and what decides whether it may be handed out.

    Attributes:
        live: what is handed out.
        generations: those it was made under.
        state: digest of the state variables it was made with.
    """

    live: LiveSecret
    generations: Generations
    state: str

    def is_of(self, current: str | None) -> bool:
        """Whether its client secret is the one the browser has; compared in constant time."""
        return current is not None and hmac.compare_digest(_digest(self.live.client_secret), _digest(current))


def to_text(record: Record, place: Place) -> Secret:
    """The record of a place as JSON text."""
    live, made_in = record.live, record.generations
    secret = [live.client_secret, live.expires_at, live.session_id]
    return Secret(json.dumps([place.user, place.device, made_in.user, made_in.device, record.state, *secret]))


def from_text(text: Secret, place: Place) -> Record:
    """The record in a JSON text.

    Raises:
        ValueError: it is none, or that of another place.
    """
    match json.loads(text):
        case [place.user, place.device, str() as user, str() as device, str() as state, *secret]:
            return Record(_live(secret), Generations(user, device), state)
        case _:
            raise ValueError("this is no record of this place")


def _live(parts: list[object]) -> LiveSecret:
    match parts:
        case [str() as secret, int() as expires_at, str() as session_id]:
            return LiveSecret(Secret(secret), expires_at, session_id)
        case _:
            raise ValueError("this is no live secret")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()
