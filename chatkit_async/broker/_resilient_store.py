"""A circuit breaker around the store, with this process's memory as a fallback."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias, TypeVar

import attrs

from ..errors import ChatKitError
from ._clock import PATIENCE_S, SHORT_PATIENCE_S, now_s, within
from ._expiring import Expiring
from ._memory_store import MemoryStore
from ._redis_store import RedisStore
from ._store import (
    KEPT_S,
    SESSION_LIFE_S,
    Begun,
    Creation,
    Ended,
    Kept,
    Minted,
    Place,
    Seen,
    Store,
    StoreRefusedError,
)

T = TypeVar("T")
Step: TypeAlias = Callable[[Store], Awaitable[object]]
FAILURES = 3  # in a row, each begun after the one before was known: one hiccup is no outage
PAUSE_S = 2.0  # between two attempts at a store that is down
TOLD_PER_CALL = 8  # users for whom one call repeats what the store missed

log = logging.getLogger("chatkit_async")


class ResilientStore:
    """The store's replies; while it fails, those of this process's memory.

    Only in memory are sessions made meanwhile, which this process's `revoke` still ends, and revocations, which are
    reported to the store before anything else about their users. Other processes learn by `report_gap` that sessions
    may be missing.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._own = _Fallback()
        self._limits_itself = type(store) is RedisStore
        self._failures = 0
        self._failed_s = self._again_at_s = float("-inf")
        self._is_down = False
        self._missed: Expiring[str, dict[str, Step]] = Expiring()  # steps to repeat, by user; of all users: ""
        self._alone: Expiring[str, bool] = Expiring()  # sessions that the store does not know

    async def read(self, place: Place) -> Seen:
        """What is held of a place."""
        seen = await self._ask(lambda store: store.read(place), Seen, place.user)
        return attrs.evolve(await self._own.read(place), is_known=False) if seen is None else seen

    async def begin(self, creation: Creation) -> Begun:
        """Begins a creation, or says what is in its way."""
        begun = await self._ask(lambda store: store.begin(creation), Begun, creation.place.user)
        if begun is not None:
            return begun
        begun = await self._own.begin(attrs.evolve(creation, is_shared=False))
        return attrs.evolve(begun, seen=attrs.evolve(begun.seen, is_known=False))

    def generation(self, place: Place) -> str:
        """This process's own generation of a place: changes when this process revokes."""
        return self._own.generation(place)

    async def keep(self, minted: Minted) -> Kept:
        """Remembers a session."""
        own, place, ticket = await self._own.keep(minted), minted.place, minted.ticket
        self._alone.set(minted.session_id, True, now_s() + minted.life_s)
        try:
            kept = await self._ask(lambda store: store.keep(minted), Kept, place.user)
        except BaseException:
            self._note_gap()
            raise
        if kept is not None:
            self._alone.pop(minted.session_id)
            return attrs.evolve(kept, others=tuple({*kept.others, *own.others}))
        self._note_gap()
        if minted.began.is_known:  # the store takes the creation for being under way
            creation = Creation(place, ticket, 0)
            self._repeat_later(place.user, ticket, lambda store: store.fail(creation, is_unknown=True))
        if minted.is_renewal:  # what the store holds of the device is cancelled, and must not be handed out again
            self._repeat_later(place.user, place.device, lambda store: store.revoke(place.user, ticket, place.device))
        version = ticket if minted.is_renewal else minted.began.version
        return Kept(attrs.evolve(minted.began, version=version, is_known=False), own.others)

    async def fail(self, creation: Creation, *, is_unknown: bool) -> None:
        """Ends a creation without a session."""
        await self._own.fail(creation, is_unknown=is_unknown)
        await self._ask(lambda store: store.fail(creation, is_unknown=is_unknown), type(None))

    async def owns(self, user: str, session_id: str) -> bool:
        """Whether this is a live session of the user."""
        owns = await self._ask(lambda store: store.owns(user, session_id), bool, user)
        is_alone = owns is None or self._alone.get(session_id) is not None
        return owns or (is_alone and await self._own.owns(user, session_id))

    async def revoke(self, user: str, mark: str, device: str | None) -> Ended:
        """Revokes in the store and in this process."""
        own, ended = await self._own.revoke(user, mark, device), None
        try:
            ended = await self._ask(lambda store: store.revoke(user, mark, device), Ended, user)
        finally:
            if ended is None:
                self._repeat_later(user, device or "", lambda store: store.revoke(user, mark, device))
        if ended is None:
            return Ended(own.session_ids, is_complete=False)
        return Ended(tuple(dict.fromkeys((*ended.session_ids, *own.session_ids))), ended.is_complete)

    async def forget(self, user: str, session_ids: Iterable[str]) -> None:
        """Drops sessions that no longer live."""
        names = list(session_ids)
        await self._own.forget(user, names)
        if names:
            await self._ask(lambda store: store.forget(user, names), type(None))

    async def check(self) -> None:
        """Asks the store once, so that what is wrong with it is in the log before the first caller comes."""
        for _ in range(FAILURES):
            if await self._ask(lambda store: store.owns("", ""), bool) is not None:
                break

    async def aclose(self) -> None:
        """Reports what the store missed, and closes it."""
        if len(self._missed):
            self._again_at_s = float("-inf")
            await self._ask(lambda store: store.owns("", ""), bool)
        await self._tried(lambda store: store.aclose(), type(None))

    async def _ask(self, step: Callable[[Store], Awaitable[T]], kind: type[T], user: str = "") -> T | None:
        """The store's reply to a step; None where it has to be done without the store.

        Raises:
            ChatKitError: the store's settings are wrong.
        """
        if not await self._may_ask() or not await self._report(user):
            return None
        reply = await self._tried(step, kind)
        return None if reply is None else reply[0]

    async def _may_ask(self) -> bool:
        """Whether the store is up; of those that ask when it may be up again, one finds out."""
        if not self._is_down:
            return True
        if now_s() < self._again_at_s:
            return False
        self._again_at_s = now_s() + PAUSE_S
        # A write, since a Redis without memory still reads.
        if await self._tried(_report_gap, type(None)) is None:
            return False
        self._is_down = False
        log.warning("The broker's store is up again: %s", self._name())
        return True

    def _repeat_later(self, user: str, name: str, step: Step) -> None:
        """Has a step repeated, in place of an earlier one of that name, before the next one of this user."""
        self._missed.set(user, {**(self._missed.get(user) or {}), name: step}, now_s() + KEPT_S)

    def _note_gap(self) -> None:
        self._repeat_later("", "", _report_gap)

    async def _report(self, user: str) -> bool:
        """Repeats what the store missed of all users, of this user and of some others; False if it fails again."""
        if not len(self._missed):
            return True
        for name in dict.fromkeys(("", user, *self._missed.keys(TOLD_PER_CALL))):
            steps = self._missed.get(name) or {}
            for step in steps.values():
                if await self._tried(step, object) is None:
                    return False
            if self._missed.get(name) is steps:
                self._missed.pop(name)
        return True

    async def _tried(self, step: Callable[[Store], Awaitable[T]], kind: type[T]) -> tuple[T] | None:
        """The store's reply; None if it failed."""
        began_s = now_s()
        limit_s = SHORT_PATIENCE_S if self._failures or self._is_down else PATIENCE_S
        try:
            work = step(self._store)
            reply = await (work if self._limits_itself else within(limit_s, work))
            if not isinstance(reply, kind):
                raise TypeError(f"the store returned {type(reply).__name__} instead of {kind.__name__}")
        except ChatKitError:
            raise
        except Exception as error:  # whatever a store may raise
            self._note_failure(error, began_s)
            return None
        self._failures = 0
        return (reply,)

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
            "it refuses to work: look at its password, rights, memory and role" if is_refusal else "no reply",
        )

    def _name(self) -> str:
        return repr(self._store) if self._limits_itself else type(self._store).__name__


class _Fallback(MemoryStore):
    """The memory of a process whose workers meet elsewhere."""

    def _check_workers(self) -> None:
        """Says nothing: several workers share the store."""


def _report_gap(store: Store) -> Awaitable[None]:
    return store.report_gap(SESSION_LIFE_S)
