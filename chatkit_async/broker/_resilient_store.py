"""The records of users in a store, with a fallback in memory: while it is down, steps are buffered."""

from __future__ import annotations

import asyncio
import json
import time
import weakref
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from secrets import token_hex
from typing import Any, TypeAlias, TypeVar

from ._circuit_breaker import FAILURES, CircuitBreaker, StoreFailedError
from ._clock import Expiring, memory_lock, now_s
from ._store import KEPT_S, Store, StoreRefusedError
from ._user_record import SESSION_LIFE_S, Place, PlaceState, RevokeReply, UserRecord, dumps, loads, loads_for_reading

T = TypeVar("T")
Step: TypeAlias = Callable[[UserRecord, float], T]  # changes a user's record, given the time; may be run again
OnReplayed: TypeAlias = Callable[[Any], Awaitable[None]]  # is given the reply to a buffered step
_Buffer: TypeAlias = tuple[tuple[Step[Any], OnReplayed | None], ...]
CHECK_S = 1.0  # between two looks at whether the store lost data
CLOSE_S = 5.0  # for replaying steps when a broker is closed
REPLAY_S = 10.0  # after which another caller replays, if the first never ends, as in a loop that has stopped
CONFLICTS = 200  # attempts at one change; of those that conflict, one succeeds each time
REPLAYED_PER_CALL = 8  # users whose buffered steps one call replays
STATE_KEY = "state"


class ResilientStore:
    """The records of users in a store; while that is down, this process goes on from the last record it knew.

    Only this process knows the sessions that it creates meanwhile, and its `revoke` ends them; other processes learn
    from the state of the store that sessions may be missing. Steps that the store missed, such as a revocation, are
    buffered, and replayed before the next step for their user; any call also replays those of up to eight other users.
    """

    def __init__(self, store: Store) -> None:
        self._breaker = CircuitBreaker(store)
        self._known: Expiring[str, bytes] = Expiring()  # the last value of each key
        self._buffered: Expiring[str, _Buffer] = Expiring()  # by user
        self._locks = weakref.WeakValueDictionary[tuple[asyncio.AbstractEventLoop, str], asyncio.Lock]()
        self._ahead_s = time.time() - now_s()  # the store's clock less ours, once that is known
        self._epoch = ""  # another one in the store means that it lost its data
        self._checked_s = self._replaying_until_s = float("-inf")
        self._has_gap = False  # whether sessions may be missing in the store, which has not been told

    async def read(self, place: Place) -> PlaceState:
        """What is held of a place."""
        return (await self._record(place.user)).state(place, self._now_s())

    async def owns(self, user: str, session_id: str) -> bool:
        """Whether this is a live session of the user."""
        return session_id in (await self._record(user)).session_ids(self._now_s())

    async def revoke(self, user: str, device: str | None) -> RevokeReply:
        """As `UserRecord.revoke`; the sessions that only this process knows are among them."""
        known = self._known_record(user).session_ids(self._now_s(), device)
        reply = await self.change(user, partial(UserRecord.revoke, device=device))
        is_complete = False
        with suppress(StoreFailedError):
            is_complete = reply.is_complete and await self._check()
        return RevokeReply(tuple(dict.fromkeys([*reply.session_ids, *known])), is_complete)

    async def forget(self, user: str, session_ids: Iterable[str]) -> None:
        """Drops sessions that no longer live."""
        if ids := list(session_ids):
            await self.change(user, partial(UserRecord.forget, session_ids=ids))

    async def check(self) -> None:
        """Calls the store, so that what is wrong with it is in the log before the first caller comes."""
        for _ in range(FAILURES):
            with suppress(StoreFailedError):
                await self._check()
                return

    async def aclose(self) -> None:
        """Replays buffered steps if the store is up, and closes it."""
        self._breaker.end_pause()
        with suppress(StoreFailedError, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._prepare()
                for user in self._buffered.keys(len(self._buffered)):
                    await self._replay(user)
        with suppress(StoreFailedError):
            await self._breaker.aclose()

    def _now_s(self) -> float:
        """The store's time."""
        return now_s() + self._ahead_s

    async def _record(self, user: str) -> UserRecord:
        """A user's record, which must not be changed."""
        try:
            await self._prepare()
            if self._buffered.get(user):
                await self._apply(user, lambda *_: None)
            return loads_for_reading(await self._get(user))
        except StoreFailedError:
            return self._known_record(user)

    def _lock(self, user: str) -> asyncio.Lock:
        """One change at a time for a user in this loop; those of many devices at once would conflict."""
        return self._locks.setdefault((asyncio.get_running_loop(), user), asyncio.Lock())

    def _known_record(self, user: str) -> UserRecord:
        record = loads(self._known.get(user) or b"")
        record.is_from_store = False
        return record

    async def change(
        self, user: str, step: Step[T], on_replayed: OnReplayed | None = None, *, is_buffered: bool = True
    ) -> T:
        """Takes a step in the store; if that fails, in memory, and buffers it.

        It is tried until the store counts as down: other processes must find in the store what this one does.

        Args:
            user: the digest of the user whose record it changes.
            step: a method of `UserRecord`; given another record, it is called again.
            on_replayed: is given the reply of the store if the step was buffered.
            is_buffered: False for a step that is of no use later.
        """
        for _ in range(FAILURES):
            with suppress(StoreFailedError):
                await self._prepare()
                return await self._apply(user, step)
            if self._breaker.is_down:
                break
        with memory_lock:
            record = self._known_record(user)
            before = dumps(record)
            reply = step(record, self._now_s())
            if (value := dumps(record)) != before:
                self._known.set(user, value, now_s() + KEPT_S)
                self._has_gap = True
            if value != before and is_buffered:
                self._buffered.set(user, (*(self._buffered.get(user) or ()), (step, on_replayed)), now_s() + KEPT_S)
        return reply

    async def _prepare(self) -> None:
        """Checks the store once a second, replays buffered steps, and tries a store that is down after a pause."""
        if self._breaker.is_down:
            self._breaker.begin_attempt()
            await self._check(has_gap=True)  # It writes: a Redis that is full can still be read.
            self._breaker.note_up()
        elif self._has_gap or now_s() - self._checked_s > CHECK_S:
            await self._check(has_gap=self._has_gap)
        if len(self._buffered) and now_s() > self._replaying_until_s:
            self._replaying_until_s = now_s() + REPLAY_S
            try:
                steps = [self._replay(user) for user in self._buffered.keys(REPLAYED_PER_CALL)]
                await asyncio.gather(*steps, return_exceptions=True)
            finally:
                self._replaying_until_s = float("-inf")

    async def _replay(self, user: str) -> None:
        """Replays the steps of a user; if that fails, they go behind those of other users."""
        buffered = self._buffered.get(user)
        if buffered is None:
            self._buffered.pop(user)  # They have expired.
            return
        self._buffered.set(user, buffered, now_s() + KEPT_S)
        await self._apply(user, lambda *_: None)

    async def _apply(self, user: str, step: Step[T]) -> T:
        """Takes a step in the store, after those that are buffered for the user."""

        def all_steps(value: bytes, now: float) -> tuple[bytes, tuple[T, _Buffer, list[Any]]]:
            record, buffered = loads(value), self._buffered.get(user) or ()
            if record == UserRecord():  # The store may have lost it: this process knows sessions.
                record.sessions = self._known_record(user).sessions
            replies = [buffered_step(record, now) for buffered_step, _ in buffered]
            reply = step(record, now)
            return dumps(record), (reply, buffered, replies)

        async with self._lock(user):
            if self._breaker.is_down:  # It failed while this call waited.
                raise StoreFailedError
            reply, buffered, replies = await self._update(user, all_steps)
            with memory_lock:  # Another thread may have buffered or replayed some.
                if left := tuple(entry for entry in self._buffered.get(user) or () if entry not in buffered):
                    self._buffered.set(user, left, now_s() + KEPT_S)
                else:
                    self._buffered.pop(user)
        late = [done(late_reply) for (_, done), late_reply in zip(buffered, replies, strict=True) if done]
        if late:
            await asyncio.shield(_all(late))  # The caller may leave.
        return reply

    async def _check(self, *, has_gap: bool = False) -> bool:
        """Whether the store knows all live sessions; `has_gap`: for ten minutes it may not.

        The state of the store is an epoch, the end of the gap, and when it was written: it is written again in time,
        since values expire.
        """
        epoch = self._epoch if now_s() - self._checked_s < KEPT_S - 2 * SESSION_LIFE_S else ""
        self._checked_s = now_s()
        is_whole = await self._breaker.is_whole()

        def step(value: bytes, now: float) -> tuple[bytes, tuple[str, bool]]:
            found, gap_ends_s, written_s = _parsed_state(value)
            if has_gap or epoch not in {"", found}:
                gap_ends_s = now + SESSION_LIFE_S
            elif 0 <= now - written_s < SESSION_LIFE_S:
                return value, (found, gap_ends_s <= now)
            state = (found or token_hex(8), min(gap_ends_s, now + SESSION_LIFE_S), now)
            return json.dumps(state).encode(), (state[0], state[1] <= now)

        self._epoch, is_complete = await self._update(STATE_KEY, step)
        self._has_gap = self._has_gap and not has_gap
        return is_complete and is_whole

    async def _update(self, key: str, step: Callable[[bytes, float], tuple[bytes, T]]) -> T:
        """Changes a value in one atomic step, which is taken again if another broker changes it meanwhile."""
        value, is_present = self._known.get(key), False
        for _ in range(CONFLICTS):
            if value is None:
                value, is_present = await self._get(key), True
            new, reply = step(value, self._now_s())
            if new == value and is_present:
                return reply
            if new != value and await self._swap(key, value, new):
                return reply
            value = None
        raise self._breaker.failed(StoreRefusedError("swap failed each time"))

    async def _get(self, key: str) -> bytes:
        known = self._known.get(key)
        value, store_s = await self._breaker.get(key)
        self._ahead_s = store_s - now_s()
        if self._buffered.get(key) or self._known.get(key) is not known:
            return value  # What is known has more, or is newer.
        if known is None or (value != known and loads_for_reading(value) != UserRecord()):
            self._known.set(key, value, now_s() + KEPT_S)
        return value

    async def _swap(self, key: str, old: bytes, new: bytes) -> bool:
        is_written = await self._breaker.swap(key, old, new)
        if is_written:
            self._known.set(key, new, now_s() + KEPT_S)
        return is_written


async def _all(work: Sequence[Awaitable[None]]) -> None:
    await asyncio.gather(*work, return_exceptions=True)


def _parsed_state(value: bytes) -> tuple[str, float, float]:
    """Epoch, end of the gap, when they were written; empty if another program wrote there."""
    try:
        epoch, gap_ends_s, written_s = json.loads(value)
        return str(epoch), float(gap_ends_s), float(written_s)
    except (ValueError, TypeError):
        return "", 0.0, 0.0
