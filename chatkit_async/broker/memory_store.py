"""The store of one process: what brokers remember in memory, until it expires."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping

from .expiring import Expiring
from .locking import lock
from .store import GENERATION_LIVES_S, Count, Generations, Minted, Place, Seen


class MemoryStore:
    """The default store: this process's memory. What has expired is dropped, so that it does not grow.

    With one process, nothing else is needed. Several processes each have their own: `revoke` then reaches only the
    sessions of the process that is asked; use a `RedisStore` there.

    Args:
        clock: seconds that only grow; default: `time.monotonic`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._generations: Expiring[str] = Expiring(clock)
        self._records: Expiring[str] = Expiring(clock)
        self._sessions: Expiring[Expiring[str]] = Expiring(clock)
        self._counts: Expiring[int] = Expiring(clock)
        self._leases: Expiring[str] = Expiring(clock)
        self._clock = clock

    async def read(self, place: Place, new_generation: str) -> Seen:
        with lock:
            if self._generations.get(place.user) is None:
                self._generations.set(place.user, new_generation, GENERATION_LIVES_S)
            return Seen(self._current(place), self._records.get(_key(place)))

    async def keep(self, place: Place, minted: Minted) -> Generations:
        self.remember(place, minted)
        with lock:
            current = self._current(place)
            if self._generations.get(place.user) is not None:
                self._generations.set(place.user, current.user, GENERATION_LIVES_S)
            if minted.record is not None and current == minted.generations:
                self._records.set(_key(place), minted.record, minted.record_lives_s)
            return current

    def remember(self, place: Place, minted: Minted) -> None:
        """Remembers the session alone."""
        with lock:
            sessions = self._sessions.get(place.user) or Expiring[str](self._clock)
            sessions.set(minted.session_id, place.device, minted.lives_s)
            self._sessions.set(place.user, sessions, max(minted.lives_s, self._sessions.left_s(place.user)))

    async def sessions(self, user: str) -> Mapping[str, str]:
        with lock:
            sessions = self._sessions.get(user)
            return {} if sessions is None else sessions.items()

    async def revoke(self, user: str, generation: str, device: str | None = None) -> Mapping[str, str]:
        with lock:
            key = user if device is None else _key(Place(user, device))
            self._generations.set(key, generation, GENERATION_LIVES_S)
        sessions = await self.sessions(user)
        return {name: held for name, held in sessions.items() if device is None or held == device}

    async def forget(self, user: str, session_ids: Iterable[str]) -> None:
        with lock:
            sessions = self._sessions.get(user) or Expiring[str](self._clock)
            for session_id in session_ids:
                sessions.pop(session_id)

    async def count(self, user: str, window_s: float) -> Count:
        with lock:
            number, left_s = (self._counts.get(user) or 0) + 1, self._counts.left_s(user)
            self._counts.set(user, number, left_s or window_s)
            return Count(number, self._counts.left_s(user))

    async def lease(self, place: Place, holder: str, lease_s: float) -> bool:
        with lock:
            if self._leases.get(_key(place)) is None:
                self._leases.set(_key(place), holder, lease_s)
            return self._leases.get(_key(place)) == holder

    async def release(self, place: Place, holder: str) -> None:
        with lock:
            if self._leases.get(_key(place)) == holder:
                self._leases.pop(_key(place))

    async def aclose(self) -> None:
        """Nothing is open."""

    def _current(self, place: Place) -> Generations:
        return Generations(self._generations.get(place.user) or "", self._generations.get(_key(place)) or "")


def _key(place: Place) -> str:
    return f"{place.user}/{place.device}"
