"""The live sessions of a broker: which may be handed out, and for how long."""

from __future__ import annotations

import attrs

from ..errors import SessionRevokedError
from ..types.session import ChatSession
from .api_clock import ApiClock
from .record import Record
from .shelf import Shelf
from .store import Generations, Minted, Seen
from .template import Asked


@attrs.frozen(repr=False)
class Live:
    """Finds and keeps live sessions.

    Args:
        shelf: where their secrets are.
        clock: the API's time, which it learns from new sessions.
        margin_s: seconds of life below which none is handed out.
    """

    shelf: Shelf
    clock: ApiClock
    margin_s: float

    def found(self, asked: Asked, seen: Seen, began: Generations) -> Record | None:
        """The session to hand out, if there is one.

        Args:
            asked: what it is for.
            seen: what the store holds of the place now.
            began: the generations when the call began.

        Raises:
            SessionRevokedError: the user was revoked since.
        """
        if seen.generations.revoked_since(began):
            raise SessionRevokedError("The user was revoked while a session was waited for")
        record = self.shelf.find(asked.place, seen)
        if record is None or record.generations != seen.generations or not asked.suits(record):
            return None
        return record if self._is_fresh(record) else None

    def _is_fresh(self, record: Record) -> bool:
        # The store drops a record in time by the maker's word: until we have made one, a better one than our clock's.
        return not self.clock.has_learned or self.clock.seconds_left(record.live.expires_at) > self.margin_s

    def learn(self, session: ChatSession) -> None:
        """Takes the API's time from a session that was made just now."""
        self.clock.learn(session)

    def minted(self, asked: Asked, record: Record) -> Minted:
        """What the store shall remember of a new session."""
        lives_s = self.clock.seconds_left(record.live.expires_at)
        sealed = self.shelf.sealed(asked.place, record) if lives_s > self.margin_s else None
        return Minted(record.live.session_id, lives_s, record.generations, sealed, lives_s - self.margin_s)

    def put(self, asked: Asked, record: Record, minted: Minted) -> None:
        """Keeps a new session for those who ask next."""
        if minted.record_lives_s > 0:
            self.shelf.put(asked.place, record, minted.record_lives_s)
