"""The records of users in a store; while that is down, this process goes on from what it last knew."""

from __future__ import annotations

import asyncio
import json
import time
import weakref
from collections.abc import Awaitable, Callable, Iterable
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
Told: TypeAlias = Callable[[Any], Awaitable[None]]  # is given the reply to a step that the store missed at first
CHECK_S = 1.0  # between two looks at whether the store lost data
CLOSE_S = 5.0  # for telling a store what it missed when a broker is closed
CONFLICTS = 200  # A step is tried so often if others change the record meanwhile; one of them succeeds each time.
TOLD_PER_CALL = 8  # users whose missed steps one call repeats
STATE_KEY = "state"


class ResilientStore:
    """The records of users in a store; while that fails, in this process's memory.

    Only this process knows the sessions that it creates meanwhile, and its `revoke` ends them; other processes learn
    from the state of the store that sessions may be missing. What the store missed, such as a revocation, is repeated
    before the next step for its user; any call also repeats what was missed for up to eight other users.
    """

    def __init__(self, store: Store) -> None:
        self._breaker = CircuitBreaker(store)
        self._known: Expiring[str, bytes] = Expiring()  # the last value of each key
        self._missed: Expiring[str, tuple[tuple[Step[Any], Told | None], ...]] = Expiring()  # steps to repeat by user
        self._locks = weakref.WeakValueDictionary[tuple[asyncio.AbstractEventLoop, str], asyncio.Lock]()
        self._ahead_s = time.time() - now_s()  # the store's clock less ours, once it has told the time
        self._epoch = ""  # another one in the store means that it lost its data
        self._checked_s = float("-inf")
        self._is_repeating = False

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
        """Tells the store what it missed, and closes it."""
        self._breaker.end_pause()
        with suppress(StoreFailedError, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._prepare()
                for user in self._missed.keys(len(self._missed)):
                    await self._repeat(user)
        with suppress(StoreFailedError):
            await self._breaker.aclose()

    def _now_s(self) -> float:
        """The store's time."""
        return now_s() + self._ahead_s

    async def _record(self, user: str) -> UserRecord:
        """A user's record, which must not be changed."""
        try:
            await self._prepare()
            if self._missed.get(user):
                await self._tell(user, lambda *_: None)
            return loads_for_reading(await self._get(user))
        except StoreFailedError:
            return self._known_record(user)

    def _lock(self, user: str) -> asyncio.Lock:
        """Held while a record is changed: many devices of a user at once would make each other try again."""
        return self._locks.setdefault((asyncio.get_running_loop(), user), asyncio.Lock())

    def _known_record(self, user: str) -> UserRecord:
        record = loads(self._known.get(user) or b"")
        record.is_from_store = False
        return record

    async def change(self, user: str, step: Step[T], told: Told | None = None) -> T:
        """Takes a step in the store; if that fails, in memory, and in the store as soon as it is back.

        It is tried until that is an outage: other processes must find in the store what this one does.

        Args:
            user: the digest of the user whose record it changes.
            step: a method of `UserRecord`; given another record, it is called again.
            told: is given the reply to the step if the store hears of it only later.
        """
        for _ in range(FAILURES):
            with suppress(StoreFailedError):
                await self._prepare()
                return await self._tell(user, step)
            if self._breaker.is_down:
                break
        with memory_lock:
            record = self._known_record(user)
            before = dumps(record)
            reply = step(record, self._now_s())
            if (value := dumps(record)) != before:
                self._known.set(user, value, now_s() + KEPT_S)
                self._missed.set(user, (*(self._missed.get(user) or ()), (step, told)), now_s() + KEPT_S)
        return reply

    async def _prepare(self) -> None:
        """Looks at the store once a second, and tells it what it missed; tries one that is down after a pause."""
        if self._breaker.is_down:
            self._breaker.begin_attempt()
            await self._check(has_gap=True)  # This writes, since a Redis without memory can still be read.
            self._breaker.note_up()
        elif now_s() - self._checked_s > CHECK_S:
            await self._check()
        if len(self._missed) and not self._is_repeating:
            self._is_repeating = True
            try:
                steps = [self._repeat(user) for user in self._missed.keys(TOLD_PER_CALL)]
                await asyncio.gather(*steps, return_exceptions=True)
            finally:
                self._is_repeating = False

    async def _repeat(self, user: str) -> None:
        """Tells the store the steps of a user that it missed; if that fails, they go behind those of other users."""
        missed = self._missed.get(user)
        if missed is None:
            self._missed.pop(user)  # They have expired.
            return
        self._missed.set(user, missed, now_s() + KEPT_S)
        await self._tell(user, lambda *_: None)

    async def _tell(self, user: str, step: Step[T]) -> T:
        """Takes a step in the store, after those that it missed."""
        missed: tuple[tuple[Step[Any], Told | None], ...] = ()
        replies: list[Any] = []

        def all_steps(value: bytes, now: float) -> tuple[bytes, T]:
            nonlocal missed, replies
            record, missed = loads(value), self._missed.get(user) or ()
            if record == UserRecord():  # The store may have lost it: sessions that this process knows are not.
                record.sessions = self._known_record(user).sessions
            replies = [missed_step(record, now) for missed_step, _ in missed]
            reply = step(record, now)
            return dumps(record), reply

        async with self._lock(user):
            if self._breaker.is_down:  # It failed while this call waited.
                raise StoreFailedError
            reply = await self._update(user, all_steps)
            with memory_lock:  # Others may have been missed meanwhile, and another thread may have told these.
                if left := tuple(entry for entry in self._missed.get(user) or () if entry not in missed):
                    self._missed.set(user, left, now_s() + KEPT_S)
                else:
                    self._missed.pop(user)
        for (_, told), late_reply in zip(missed, replies, strict=True):
            if told is not None:
                await asyncio.shield(told(late_reply))  # The caller may leave.
        return reply

    async def _check(self, *, has_gap: bool = False) -> bool:
        """Whether the store knows all live sessions; with `has_gap` it may not, for as long as one lives.

        The state of the store is an epoch, the end of the gap, and when they were written: a quiet store drops them.
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
        raise self._breaker.failed(StoreRefusedError("it never replaces a value"))

    async def _get(self, key: str) -> bytes:
        value, store_s = await self._breaker.get(key)
        self._ahead_s = store_s - now_s()
        known = self._known.get(key)
        if self._missed.get(key):
            return value  # What is known has more.
        if known is None or (value != known and loads_for_reading(value) != UserRecord()):
            self._known.set(key, value, now_s() + KEPT_S)
        return value

    async def _swap(self, key: str, old: bytes, new: bytes) -> bool:
        is_written = await self._breaker.swap(key, old, new)
        if is_written:
            self._known.set(key, new, now_s() + KEPT_S)
        return is_written


def _parsed_state(value: bytes) -> tuple[str, float, float]:
    """Epoch, end of the gap, when they were written; empty if another program wrote there."""
    try:
        epoch, gap_ends_s, written_s = json.loads(value)
        return str(epoch), float(gap_ends_s), float(written_s)
    except (ValueError, TypeError):
        return "", 0.0, 0.0
