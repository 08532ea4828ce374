"""One creation at a time for a user and device: in this process by a flight, among processes by a turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from .flight import Beat, Flights
from .ledger import Ledger
from .live import Live
from .minting import Minting
from .record import Record
from .store import Generations, Seen
from .template import Asked
from .turn import Turn

Step = Callable[[], Awaitable[Record]]
Look = Callable[[], Awaitable[Record | None]]


class Creation:
    """Makes the sessions of a broker, each once however many wait for it.

    Args:
        ledger: what is remembered, and the leases.
        live: what may be handed out.
        minting: makes the sessions.
        lease_s: seconds after which a maker that gives no sign blocks nobody any more.
    """

    def __init__(self, ledger: Ledger, live: Live, minting: Minting, lease_s: float) -> None:
        self._ledger = ledger
        self._live = live
        self._minting = minting
        self._lease_s = lease_s
        self._flights: Flights[Record] = Flights(lease_s)

    async def made(self, asked: Asked, began: Generations) -> Record:
        """A new session, which all who ask meanwhile share; or what another process made while we waited."""
        seen = Seen(began)

        async def look() -> Record | None:
            nonlocal seen
            seen = await self._ledger.read(asked.place)
            return self._live.found(asked, seen, began)

        async def make() -> Record:
            return await self._minting.mint(asked, seen.generations)

        return await self._flights.share(_key(asked, began), lambda beat: self._in_turn(asked, look, make, beat))

    async def renewed(self, asked: Asked, began: Generations) -> Record:
        """A new session in place of what there is, after whatever is being made."""

        async def look() -> None:
            return None

        async def make() -> Record:
            return await self._minting.replace(asked, began)

        return await self._flights.alone(_key(asked, began), lambda beat: self._in_turn(asked, look, make, beat))

    async def _in_turn(self, asked: Asked, look: Look, make: Step, beat: Beat) -> Record:
        if self._live.shelf.is_shared:
            return await Turn(self._ledger, asked.place, self._lease_s).take(look, make, beat)
        found = await look()
        beat()
        return found or await make()


def _key(asked: Asked, began: Generations) -> str:
    """What one creation at a time is made for; who came after a revocation does not wait for what began before."""
    return f"{asked.place.user}/{asked.place.device}/{began.user}"
