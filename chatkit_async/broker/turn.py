"""Whose turn it is to make a session, among processes that share secrets: a lease in the store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from .flight import Beat
from .keys import new_token
from .ledger import Ledger
from .store import Place

T = TypeVar("T")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.25
LEASES_WAITED = 2  # a store that never gives the turn is no reason to wait for ever


class Turn:
    """One process's wait for its turn at a place, and the turn itself.

    Args:
        ledger: where the lease is.
        place: what it is for.
        lease_s: seconds after which a process that died in its turn blocks nobody any more.
    """

    def __init__(self, ledger: Ledger, place: Place, lease_s: float) -> None:
        self._ledger = ledger
        self._place = place
        self._lease_s = lease_s
        self._holder = new_token()
        self._may_be_mine = False

    async def take(self, look: Callable[[], Awaitable[T | None]], make: Callable[[], Awaitable[T]], beat: Beat) -> T:
        """What somebody else made meanwhile, as soon as `look` finds it; else what `make` makes, in our turn."""
        pause_s, until_s = FIRST_PAUSE_S, time.monotonic() + LEASES_WAITED * self._lease_s
        try:
            while True:
                beat()
                self._may_be_mine = True  # this may be interrupted
                is_mine = await self._ledger.lease(self._place, self._holder, self._lease_s)
                found = await look()
                if found is not None:
                    return found
                if is_mine or time.monotonic() > until_s:
                    beat()
                    return await make()
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        finally:
            await self._release()

    async def _release(self) -> None:
        from anyio import CancelScope  # noqa: PLC0415 - an import that most calls need not pay

        if self._may_be_mine:
            with CancelScope(shield=True):  # others wait for it
                await self._ledger.release(self._place, self._holder)
