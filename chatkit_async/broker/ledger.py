"""What a broker remembers: in the store, and in this process what the store has still to be told."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

import attrs

from ..errors import ChatKitError
from .expiring import Expiring
from .keys import new_token
from .later import Later
from .memory_store import MemoryStore
from .store import GENERATION_LIVES_S, REVOKED, Count, Generations, Minted, Place, Seen, Store
from .watched_store import WatchedStore

WRITTEN_PER_CALL = 20  # more would keep one call waiting for the others' sake
WRITE_ALL_S = 5.0  # at the end nobody wants to wait longer

log = logging.getLogger("chatkit_async")


@attrs.frozen
class Known:
    """Sessions of a user by id, each with its device, and whether these are all that the store knows of."""

    sessions: Mapping[str, str]
    is_whole: bool


@attrs.frozen
class _Own:
    """A session that this process made, and the user's generation then, as far as the store's is known."""

    place: Place
    session_id: str
    made_in: Generations


class Ledger:
    """Sessions, generations, counters and leases, whether the store answers or not.

    Args:
        store: what is shared.
        end: cancels sessions of a user who turns out to be revoked; returns those that ended.
    """

    def __init__(self, store: Store, end: Callable[[Iterable[str]], Awaitable[Iterable[str]]]) -> None:
        self._own = MemoryStore()
        self._store = WatchedStore(store, self._own)
        self._made: Expiring[_Own] = Expiring(time.monotonic)
        self._unwritten: Expiring[_Own] = Expiring(time.monotonic)
        self._unrevoked: Expiring[str] = Expiring(time.monotonic)
        self._revoked: Expiring[_Own] = Expiring(time.monotonic)
        self._last_seen: Expiring[str] = Expiring(time.monotonic)
        self._is_writing = False
        self._end = end
        self._later = Later(self._catch_up)

    async def read(self, place: Place) -> Seen:
        """What is held of a place; writes what the store has still to be told."""
        fresh = new_token()
        seen, is_stores = await self._store.ask(lambda store: store.read(place, fresh), Seen)
        if is_stores:
            self._notice_loss(place.user, seen.generations.user)
            if self._unrevoked or self._unwritten:
                self._later.begin()
                await self._write(WRITTEN_PER_CALL)
        return attrs.evolve(seen, generations=self._known(place, seen.generations))

    async def keep(self, place: Place, minted: Minted) -> Generations:
        """Remembers a session; the generations are those at that moment."""
        self.remember(place, minted)  # as unwritten until it is: this may be interrupted
        generations, is_stores = await self._store.ask(lambda store: store.keep(place, minted), Generations)
        if is_stores:
            self._unwritten.pop(minted.session_id)
        return self._known(place, generations)

    def remember(self, place: Place, minted: Minted) -> None:
        """Remembers a session in this process, at once; the store is to be told."""
        made_in = self._unrevoked.get(place.user) or self._last_seen.get(place.user) or ""
        made = _Own(place, minted.session_id, Generations(made_in, ""))
        self._own.remember(place, minted)
        self._made.set(minted.session_id, made, minted.lives_s)
        self._unwritten.set(minted.session_id, made, minted.lives_s)
        self._later.begin()

    async def sessions(self, user: str) -> Iterable[str]:
        """The ids of a user's live sessions."""
        known, _ = await self._store.ask(lambda store: store.sessions(user), Mapping)
        return {*known, *(made.session_id for made in self._unwritten.values() if made.place.user == user)}

    async def revoke(self, user: str) -> Known:
        """Begins a new generation of the user: no session made before is handed out any more."""
        generation = REVOKED + new_token()
        own = await self._own.revoke(user, generation)
        known, is_stores = await self._store.ask(lambda store: store.revoke(user, generation), Mapping, now=True)
        if is_stores:
            self._unrevoked.pop(user)
            self._last_seen.set(user, generation, GENERATION_LIVES_S)
        else:
            self._unrevoked.set(user, generation, GENERATION_LIVES_S)
            self._later.begin()
        return Known({**own, **known}, is_stores)

    async def renew(self, place: Place) -> tuple[str, Iterable[str]]:
        """Begins a new generation of one device, which it returns with the sessions of the old ones."""
        generation = new_token()
        own = await self._own.revoke(place.user, generation, place.device)
        known, _ = await self._store.ask(lambda store: store.revoke(place.user, generation, place.device), Mapping)
        return generation, {**own, **known}

    async def forget(self, user: str, session_ids: Iterable[str]) -> None:
        """Drops sessions that live no more."""
        gone = tuple(session_ids)
        for session_id in gone:
            self._made.pop(session_id)
            self._unwritten.pop(session_id)
        await self._own.forget(user, gone)
        await self._store.ask(lambda store: store.forget(user, gone), object)

    async def count(self, user: str, window_s: float) -> Count:
        """Counts one more session for the user."""
        return (await self._store.ask(lambda store: store.count(user, window_s), Count))[0]

    async def lease(self, place: Place, holder: str, lease_s: float) -> bool:
        """Whether the place is leased to this holder."""
        return (await self._store.ask(lambda store: store.lease(place, holder, lease_s), bool))[0]

    async def release(self, place: Place, holder: str) -> None:
        """Ends the lease, wherever it was taken."""
        await self._own.release(place, holder)
        await self._store.ask(lambda store: store.release(place, holder), object)

    async def aclose(self) -> None:
        """Writes what is unwritten, though not for ever, and closes the store."""
        await self._later.aclose()
        with contextlib.suppress(TimeoutError, ChatKitError):  # its client may be closed
            async with asyncio.timeout(WRITE_ALL_S):
                await self._catch_up(now=True)
        if len(self._unwritten):
            log.warning(
                "The broker's store was not told of %d sessions; they expire by themselves", len(self._unwritten)
            )
        await self._store.aclose()

    def _known(self, place: Place, generations: Generations) -> Generations:
        """The generations, also where the store has yet to be told of the user's."""
        unrevoked = self._unrevoked.get(place.user)
        return generations if unrevoked is None else attrs.evolve(generations, user=unrevoked)

    def _notice_loss(self, user: str, generation: str) -> None:
        """A generation that changed without a revocation: the store has lost its memory, and is to be told again."""
        last = self._last_seen.get(user)
        if last is not None and last != generation and not generation.startswith(REVOKED):
            self._last_seen = Expiring(time.monotonic)  # it is lost for all: noticed once, not once for each user
            for made in self._made.values():
                self._unwritten.set(made.session_id, made, self._made.left_s(made.session_id))
        self._last_seen.set(user, generation, GENERATION_LIVES_S)

    async def _catch_up(self, *, now: bool = False) -> bool:
        """Writes all, ends what somebody revoked before it was written, and says whether something is left."""
        await self._write(len(self._unrevoked) + len(self._unwritten), now=now)
        for made in self._revoked.values():
            await self.forget(made.place.user, await self._end([made.session_id]))
            self._revoked.pop(made.session_id)
        return bool(self._unrevoked or self._unwritten or self._revoked)

    async def _write(self, at_most: int, *, now: bool = False) -> None:
        """Tells the store what it has to be told, until it fails, unless somebody is at it."""
        if self._is_writing and not now:
            return
        self._is_writing = True
        try:
            for user in list(self._unrevoked)[:at_most]:
                if not await self._write_revocation(user, now=now):
                    return
            for made in self._unwritten.values()[:at_most]:
                if not await self._write_session(made, now=now):
                    return
        finally:
            self._is_writing = False

    async def _write_revocation(self, user: str, *, now: bool) -> bool:
        generation = self._unrevoked.get(user) or ""
        _, is_stores = await self._store.ask(lambda store: store.revoke(user, generation), Mapping, now=now)
        if is_stores and self._unrevoked.get(user) == generation:
            self._unrevoked.pop(user)
            self._last_seen.set(user, generation, GENERATION_LIVES_S)
        return is_stores

    async def _write_session(self, made: _Own, *, now: bool) -> bool:
        minted = Minted(made.session_id, self._unwritten.left_s(made.session_id), Generations("", ""))
        seen, is_stores = await self._store.ask(lambda store: store.keep(made.place, minted), Generations, now=now)
        if is_stores:
            self._unwritten.pop(made.session_id)
            if seen.revoked_since(made.made_in):  # one whose beginning nobody knows does not outlive it either
                self._revoked.set(made.session_id, made, minted.lives_s)
                self._later.begin()
        return is_stores
