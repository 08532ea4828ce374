"""The store with a circuit breaker: while it is down, this process goes on from what it last knew."""

from __future__ import annotations

import asyncio
import json
import logging
import weakref
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from secrets import token_hex
from typing import Any, TypeAlias, TypeVar

from ..errors import ChatKitError
from ._clock import Expiring, memory_lock, now_s, within
from ._memory_store import MemoryStore
from ._redis_link import LIMIT_AFTER_FAILURE_S, LIMIT_S
from ._redis_store import RedisStore
from ._store import KEPT_S, Store, StoreRefusedError
from ._user_record import SESSION_LIFE_S, Place, PlaceState, RevokeReply, UserRecord, dumps, loads, loads_for_reading

T = TypeVar("T")
Step: TypeAlias = Callable[[UserRecord, float], T]  # changes a user's record, given the time; may be run again
Told: TypeAlias = Callable[[Any], Awaitable[None]]  # is given the reply to a step that the store missed at first
# So many failures in a row are an outage; calls that fail together count once, a refusal is an outage at once.
FAILURES = 3
PAUSE_S = 2.0  # between two attempts at a store that is down
CHECK_S = 1.0  # between two looks at whether the store lost data
CONFLICTS = 200  # A step is tried so often if others change the record meanwhile; one of them succeeds each time.
TOLD_PER_CALL = 8  # users whose missed steps one call repeats
STATE_KEY = "state"

log = logging.getLogger("chatkit_async")


class _StoreFailedError(Exception):
    """The store cannot be used now."""


class ResilientStore:
    """The records of users in a store; while that fails, in this process's memory.

    Only this process knows the sessions that it creates meanwhile, and its `revoke` ends them; other processes learn
    from the state of the store that sessions may be missing. What the store missed, such as a revocation, is repeated
    before the next step for its user; any call also repeats what was missed for up to eight other users.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._has_own_limit = type(store) in {RedisStore, MemoryStore}
        self._known: Expiring[str, bytes] = Expiring()  # the last value of each key
        self._missed: Expiring[str, tuple[tuple[Step[Any], Told | None], ...]] = Expiring()  # steps to repeat by user
        self._locks = weakref.WeakKeyDictionary[
            asyncio.AbstractEventLoop, weakref.WeakValueDictionary[str, asyncio.Lock]
        ]()
        self._ahead_s = 0.0  # the store's clock less ours
        self._epoch = ""  # another one in the store means that it lost its data
        self._checked_s = self._failed_s = self._again_at_s = float("-inf")
        self._failures = 0
        self._is_down = False

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
        with suppress(_StoreFailedError):
            is_complete = reply.is_complete and await self._check()
        return RevokeReply(tuple(dict.fromkeys([*reply.session_ids, *known])), is_complete)

    async def forget(self, user: str, session_ids: Iterable[str]) -> None:
        """Drops sessions that no longer live."""
        if ids := list(session_ids):
            await self.change(user, partial(UserRecord.forget, session_ids=ids))

    async def check(self) -> None:
        """Calls the store, so that what is wrong with it is in the log before the first caller comes."""
        for _ in range(FAILURES):
            with suppress(_StoreFailedError):
                await self._check()
                return

    async def aclose(self) -> None:
        """Tells the store what it missed, and closes it."""
        self._again_at_s = float("-inf")
        with suppress(_StoreFailedError):
            while len(self._missed):
                await self._prepare()
        with suppress(_StoreFailedError):
            await self._try(lambda store: store.aclose(), type(None))

    def _now_s(self) -> float:
        """The store's time."""
        return now_s() + self._ahead_s

    async def _record(self, user: str) -> UserRecord:
        """A user's record, which must not be changed."""
        try:
            await self._prepare()
            if self._missed.get(user):
                await self._tell(user, _no_step)
            return loads_for_reading(await self._get(user))
        except _StoreFailedError:
            return self._known_record(user)

    def _lock(self, user: str) -> asyncio.Lock:
        """Held while a record is changed: many devices of a user at once would make each other try again."""
        locks = self._locks.setdefault(asyncio.get_running_loop(), weakref.WeakValueDictionary())
        return locks.setdefault(user, asyncio.Lock())

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
            with suppress(_StoreFailedError):
                await self._prepare()
                return await self._tell(user, step)
            if self._is_down:
                break
        with memory_lock:
            record = self._known_record(user)
            reply = step(record, self._now_s())
            self._known.set(user, dumps(record), now_s() + KEPT_S)
            self._missed.set(user, (*(self._missed.get(user) or ()), (step, told)), now_s() + KEPT_S)
        return reply

    async def _prepare(self) -> None:
        """Looks at the store once a second, and tells it what it missed; tries one that is down after a pause."""
        if self._is_down:
            if now_s() < self._again_at_s:
                raise _StoreFailedError
            self._again_at_s = now_s() + PAUSE_S
            await self._check(has_gap=True)  # This writes, since a Redis without memory can still be read.
            self._is_down = False
            log.warning("The broker's store is up again: %s", self._name())
        elif now_s() - self._checked_s > CHECK_S:
            await self._check()
        for user in self._missed.keys(TOLD_PER_CALL) if len(self._missed) else ():
            await self._tell(user, _no_step)

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
            if self._is_down:  # It failed while this call waited.
                raise _StoreFailedError
            reply = await self._update(user, all_steps)
        if missed:
            with memory_lock:  # Other steps may have been missed meanwhile.
                left = (self._missed.get(user) or ())[len(missed) :]
                self._missed.set(user, left, now_s() + KEPT_S) if left else self._missed.pop(user)
            for (_, told), late_reply in zip(missed, replies, strict=True):
                if told is not None:
                    await told(late_reply)
        return reply

    async def _check(self, *, has_gap: bool = False) -> bool:
        """Whether the store knows all live sessions; with `has_gap` it may not, for as long as one lives.

        The state of the store is an epoch, the end of the gap, and when they were written: a quiet store drops them.
        """
        epoch = self._epoch if now_s() - self._checked_s < KEPT_S - 2 * SESSION_LIFE_S else ""
        self._checked_s = now_s()
        is_whole = await self._try(lambda store: store.is_whole(), bool)

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
        self._note_failure(StoreRefusedError("it never replaces a value"), now_s())
        raise _StoreFailedError

    async def _get(self, key: str) -> bytes:
        value: bytes
        value, store_s = await self._try(lambda store: _got(store, key), tuple)
        self._ahead_s = store_s - now_s()
        known = self._known.get(key)
        if known is None or (value != known and loads_for_reading(value) != UserRecord()):
            self._known.set(key, value, now_s() + KEPT_S)
        return value

    async def _swap(self, key: str, old: bytes, new: bytes) -> bool:
        is_written = await self._try(lambda store: store.swap(key, old, new), bool)
        if is_written:
            self._known.set(key, new, now_s() + KEPT_S)
        return is_written

    async def _try(self, call: Callable[[Store], Awaitable[T]], kind: type[T]) -> T:
        """The store's reply.

        Raises:
            _StoreFailedError: it failed.
            ChatKitError: the store's settings are wrong.
        """
        began_s = now_s()
        limit_s = LIMIT_AFTER_FAILURE_S if self._failures or self._is_down else LIMIT_S
        try:
            work = call(self._store)
            reply = await (work if self._has_own_limit else within(limit_s, work))
            if not isinstance(reply, kind):
                raise TypeError(f"the store returned {type(reply).__name__} instead of {kind.__name__}")
        except ChatKitError:
            raise
        except Exception as error:  # A store may raise anything.
            self._note_failure(error, began_s)
            raise _StoreFailedError from None
        self._failures = 0
        return reply

    def _note_failure(self, error: Exception, began_s: float) -> None:
        is_refusal = isinstance(error, StoreRefusedError)
        if began_s > self._failed_s:
            self._failures, self._failed_s = self._failures + 1, now_s()
        if self._is_down or not (is_refusal or self._failures >= FAILURES):
            log.debug("A step of the broker's store failed: %s", type(error).__name__)
            return
        self._is_down, self._again_at_s = True, now_s() + PAUSE_S
        log.warning(
            "The broker's store is down: %s: %s (%s). Sessions are made without it, and revocations are incomplete",
            self._name(),
            type(error.__cause__ or error).__name__,
            error if is_refusal else "no reply",
        )

    def _name(self) -> str:
        return repr(self._store) if self._has_own_limit else type(self._store).__name__


def _no_step(_record: UserRecord, _now: float) -> None:
    pass


def _parsed_state(value: bytes) -> tuple[str, float, float]:
    """Epoch, end of the gap, when they were written; empty if another program wrote there."""
    try:
        epoch, gap_ends_s, written_s = json.loads(value)
        return str(epoch), float(gap_ends_s), float(written_s)
    except (ValueError, TypeError):
        return "", 0.0, 0.0


async def _got(store: Store, key: str) -> tuple[bytes, float]:
    value, store_s = await store.get(key)
    if not isinstance(value, bytes):
        raise TypeError(f"the store returned a value of type {type(value).__name__}, not bytes")
    return value, float(store_s)
