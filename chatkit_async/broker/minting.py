"""Making sessions: within the user's limit, remembered before anybody gets them, and undone for a user just revoked."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from .._async.client import AsyncChatKit
from .._core.options import RequestOptions
from ..errors import MintingLimitError, SessionRevokedError
from ..types.session import ChatSession
from .ledger import Ledger
from .live import Live
from .record import LiveSecret, Record
from .revoke import ended
from .store import Generations
from .template import Asked

LIMIT_WINDOW_S = 60.0


@attrs.frozen(kw_only=True, repr=False)
class Minting:
    """Makes sessions for a broker.

    Args:
        client: makes and cancels them.
        ledger: remembers them.
        live: keeps them to be handed out.
        lease_s: seconds that making one may take.
        per_minute: how many a user may have made in a minute; None for any number.
    """

    client: AsyncChatKit
    ledger: Ledger
    live: Live
    lease_s: float
    per_minute: int | None

    async def mint(self, asked: Asked, began: Generations) -> Record:
        """A new session; what lives already is left to expire."""
        session = await self._created(asked)
        record = _record(session, asked, began)
        now = await self._kept(asked, record)
        if now.user == began.user and now.device != began.device:  # renewed by another process meanwhile
            await self.end(asked.place.user, [session.id])
            return await self.mint(asked, now)
        return record

    async def replace(self, asked: Asked, began: Generations) -> Record:
        """A new session, after which those of the same place are cancelled."""
        session = await self._created(asked)
        self.ledger.remember(asked.place, self.live.minted(asked, _record(session, asked, began)))
        generation, others = await self.ledger.renew(asked.place)  # which may be interrupted
        record = _record(session, asked, attrs.evolve(began, device=generation))
        await self._kept(asked, record)
        await self.end(asked.place.user, [other for other in others if other != session.id])
        return record

    async def end(self, user: str, session_ids: Iterable[str]) -> None:
        """Cancels sessions; those that could not be cancelled stay remembered for a later `revoke`."""
        await self.ledger.forget(user, await ended(self.client, session_ids))

    async def _created(self, asked: Asked) -> ChatSession:
        await self._check_limit(asked.place.user)
        timeout = self.client._caller.config.timeout
        options = RequestOptions(timeout=attrs.evolve(timeout, total=min(timeout.total, self.lease_s)))
        session = await self.client.sessions.create(asked.params, options=options)
        self.live.learn(session)
        return session

    async def _kept(self, asked: Asked, record: Record) -> Generations:
        minted = self.live.minted(asked, record)
        now = await self.ledger.keep(asked.place, minted)
        if now.revoked_since(record.generations):
            await self.end(asked.place.user, [record.live.session_id])
            raise SessionRevokedError("The user was revoked while a session was being made; it was cancelled")
        self.live.put(asked, record, minted)
        return now

    async def _check_limit(self, user: str) -> None:
        if self.per_minute is None:
            return
        count = await self.ledger.count(user, LIMIT_WINDOW_S)
        if count.number > self.per_minute:
            wait_s = min(max(0.0, count.left_s), LIMIT_WINDOW_S)
            raise MintingLimitError(
                f"More than {self.per_minute} sessions within a minute for this user: wait {wait_s:.1f} s, or raise"
                " sessions_per_minute of the broker",
                wait_s,
            )


def _record(session: ChatSession, asked: Asked, generations: Generations) -> Record:
    return Record(LiveSecret(session.client_secret, session.expires_at, session.id), generations, asked.state)
