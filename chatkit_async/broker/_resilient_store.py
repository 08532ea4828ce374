"""A circuit breaker around the store, with this process's memory as a fallback."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from secrets import token_hex
from typing import TypeAlias, TypeVar

import attrs

from ..errors import ChatKitError
from ._clock import Expiring, now_s, within
from ._memory_store import MemoryStore
from ._redis_link import LIMIT_AFTER_FAILURE_S, LIMIT_S
from ._redis_store import RedisStore
from ._store import (
    KEPT_S,
    SESSION_LIFE_S,
    BeginReply,
    CreatedSession,
    Creation,
    KeepReply,
    Place,
    PlaceState,
    RevokeReply,
    Store,
    StoreRefusedError,
)

T = TypeVar("T")
MissedStep: TypeAlias = Callable[[], Awaitable[bool]]  # returns whether the store replied
# So many failures in a row are an outage; calls that fail together count once, a refusal is an outage at once. A
# creation repeats a step that fails until that is an outage: other processes must find in the store what this one does.
FAILURES = 3
PAUSE_S = 2.0  # between two attempts at a store that is down
CANCEL_S = 5.0  # for cancelling a session that was revoked during the outage: the call that finds the store up waits
REPEATED_PER_CALL = 8  # users whose missed steps one call repeats

log = logging.getLogger("chatkit_async")


class ResilientStore:
    """The store's replies; while it fails, those of this process's memory.

    Only this process knows the sessions that it creates meanwhile, and its `revoke` ends them; other processes learn by
    `report_gap` that sessions may be missing. What the store missed, such as a revocation, is repeated before
    the next step for its user; any step also repeats what was missed for up to eight other users.
    """

    def __init__(self, store: Store, cancel: Callable[[tuple[str, ...]], Awaitable[list[str]]]) -> None:
        self._store, self._cancel = store, cancel
        self._memory = MemoryStore()
        self._memory._is_fallback = True
        self._has_own_limit = type(store) is RedisStore
        self._failures = 0
        self._failed_s = self._again_at_s = float("-inf")
        self._is_down = False
        self._missed: Expiring[str, dict[str, MissedStep]] = (
            Expiring()
        )  # named steps to repeat by user; "" is for all users
        self._unknown_to_store: Expiring[str, bool] = Expiring()  # ids of sessions that only this process knows

    async def read(self, place: Place) -> PlaceState:
        state = await self._call(lambda store: store.read(place), PlaceState, place.user)
        return attrs.evolve(await self._memory.read(place), is_from_store=False) if state is None else state

    def own_generation(self, place: Place) -> str:
        """It changes when this process revokes the place, whether the store is up or not."""
        return self._memory.own_generation(place)

    async def begin(self, creation: Creation) -> BeginReply:
        user = creation.place.user
        reply = await self._call(lambda store: store.begin(creation), BeginReply, user, attempts=FAILURES)
        if reply is not None:
            return reply
        reply = await self._memory.begin(attrs.evolve(creation, is_shared=False))
        return attrs.evolve(reply, state=attrs.evolve(reply.state, is_from_store=False))

    async def keep(self, session: CreatedSession) -> KeepReply:
        creation, place = session.creation, session.creation.place
        own = await self._memory.keep(session)
        self._unknown_to_store.set(session.session_id, True, now_s() + session.life_s)
        reply = None
        try:
            reply = await self._call(lambda store: store.keep(session), KeepReply, place.user, attempts=FAILURES)
        finally:
            if reply is None:
                self._keep_later(session)
        if reply is not None:
            self._unknown_to_store.pop(session.session_id)
            return attrs.evolve(reply, earlier_ids=tuple({*reply.earlier_ids, *own.earlier_ids}))
        version = creation.ticket if creation.is_renewal else session.began.version
        return KeepReply(attrs.evolve(session.began, version=version, is_from_store=False), own.earlier_ids)

    async def fail(self, creation: Creation, *, is_unknown: bool) -> None:
        await self._memory.fail(creation, is_unknown=is_unknown)
        await self._call(lambda store: store.fail(creation, is_unknown=is_unknown), type(None))

    async def owns(self, user: str, session_id: str) -> bool:
        owns = await self._call(lambda store: store.owns(user, session_id), bool, user)
        may_be_ours = owns is None or self._unknown_to_store.get(session_id) is not None
        return owns or (may_be_ours and await self._memory.owns(user, session_id))

    async def revoke(self, user: str, revocation_id: str, device: str | None) -> RevokeReply:
        own, reply = await self._memory.revoke(user, revocation_id, device), None
        try:
            reply = await self._call(lambda store: store.revoke(user, revocation_id, device), RevokeReply, user)
        finally:
            if reply is None:
                self._revoke_later(user, device)
        if reply is None:
            return RevokeReply(own.session_ids, is_complete=False)
        return RevokeReply(tuple(dict.fromkeys((*reply.session_ids, *own.session_ids))), reply.is_complete)

    async def forget(self, user: str, session_ids: Iterable[str]) -> None:
        ids = list(session_ids)
        await self._memory.forget(user, ids)
        if ids:
            await self._call(lambda store: store.forget(user, ids), type(None))

    async def check(self) -> None:
        """Calls the store, so that what is wrong with it is in the log before the first caller comes."""
        await self._call(_ping, bool, attempts=FAILURES)

    async def aclose(self) -> None:
        """Reports what the store missed, and closes it."""
        self._again_at_s = float("-inf")
        for _ in range(len(self._missed)):  # Each call repeats the steps of a few users.
            if not len(self._missed) or await self._call(_ping, bool) is None:
                break
        await self._try(lambda store: store.aclose(), type(None))

    async def _call(
        self, step: Callable[[Store], Awaitable[T]], kind: type[T], user: str = "", *, attempts: int = 1
    ) -> T | None:
        """The store's reply to a step; None if the caller must do without the store.

        Raises:
            ChatKitError: the store's settings are wrong.
        """
        for _ in range(attempts):
            if await self._is_available() and await self._repeat_missed(user):
                reply = await self._try(step, kind)
                if reply is not None:
                    return reply[0]
            if self._is_down:
                break
        return None

    async def _is_available(self) -> bool:
        """Whether the store is up; after a pause one caller tries it."""
        if not self._is_down:
            return True
        if now_s() < self._again_at_s:
            return False
        self._again_at_s = now_s() + PAUSE_S
        # The attempt is a write, since a Redis without memory can still be read.
        if await self._try(_report_gap, type(None)) is None:
            return False
        self._is_down = False
        log.warning("The broker's store is up again: %s", self._name())
        return True

    def _keep_later(self, session: CreatedSession) -> None:
        """Has the store hear of a session that it may not know."""
        creation, place = session.creation, session.creation.place
        if session.began.is_from_store:  # The store counts the creation as under way until it is told.
            keep = partial(self._keep_late, session, now_s() + session.life_s)
            self._repeat_later(place.user, creation.ticket, keep)
        else:
            self._repeat_later("", "gap", partial(self._has_reply, _report_gap))
        if creation.is_renewal:  # The store's secret of this place is cancelled, and must not be handed out again.
            self._revoke_later(place.user, place.device)

    def _revoke_later(self, user: str, device: str | None) -> None:
        """Has a revocation repeated, each time with an id of its own: an earlier one could undo a later revocation."""
        self._repeat_later(
            user, device or "", partial(self._has_reply, lambda store: store.revoke(user, token_hex(8), device))
        )

    async def _keep_late(self, session: CreatedSession, ends_s: float) -> bool:
        """Remembers a session after an outage; it ends if its user was revoked meanwhile."""
        creation, user, session_id = session.creation, session.creation.place.user, session.session_id
        if not await self._memory.owns(user, session_id):  # It has ended already.
            return await self._has_reply(lambda store: store.fail(creation, is_unknown=False))
        creation = attrs.evolve(creation, is_renewal=False)  # Another renewal may have followed.
        late = attrs.evolve(session, creation=creation, life_s=ends_s - now_s())
        reply = await self._try(lambda store: store.keep(late), KeepReply)
        if reply is None:
            return False
        self._unknown_to_store.pop(session_id)
        state = reply[0].state
        if state.is_revoked_since(late.began) or late.is_replaced(state):
            await self._end(user, session_id)
        return True

    async def _end(self, user: str, session_id: str) -> None:
        """Cancels a session; one that cannot be cancelled stays remembered for a later `revoke`."""
        ended: list[str] = []
        with suppress(ChatKitError, TimeoutError):  # The client may be closed, or the API hang.
            ended = await within(CANCEL_S, self._cancel((session_id,)))
        if ended:
            await self._memory.forget(user, ended)
            await self._try(lambda store: store.forget(user, ended), type(None))

    async def _has_reply(self, step: Callable[[Store], Awaitable[object]]) -> bool:
        return await self._try(step, object) is not None

    def _repeat_later(self, user: str, name: str, step: MissedStep) -> None:
        """Has a step repeated, at the latest before the next one for this user; replaces one of the same name."""
        self._missed.set(user, {**(self._missed.get(user) or {}), name: step}, now_s() + KEPT_S)

    async def _repeat_missed(self, user: str) -> bool:
        """Repeats what the store missed: for all users, for this one, for a few others; False if a step fails."""
        if not len(self._missed):
            return True
        for name in dict.fromkeys(("", user, *self._missed.keys(REPEATED_PER_CALL))):
            steps = self._missed.get(name) or {}
            for step in steps.values():
                if not await step():
                    return False
            if self._missed.get(name) is steps:
                self._missed.pop(name)
        return True

    async def _try(self, step: Callable[[Store], Awaitable[T]], kind: type[T]) -> tuple[T] | None:
        """The store's reply; None if it failed."""
        began_s = now_s()
        limit_s = LIMIT_AFTER_FAILURE_S if self._failures or self._is_down else LIMIT_S
        try:
            work = step(self._store)
            reply = await (work if self._has_own_limit else within(limit_s, work))
            if not isinstance(reply, kind):
                raise TypeError(f"the store returned {type(reply).__name__} instead of {kind.__name__}")
        except ChatKitError:
            raise
        except Exception as error:  # A store may raise anything.
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
            error if is_refusal else "no reply",
        )

    def _name(self) -> str:
        return repr(self._store) if self._has_own_limit else type(self._store).__name__


def _report_gap(store: Store) -> Awaitable[None]:
    return store.report_gap(SESSION_LIFE_S)


def _ping(store: Store) -> Awaitable[bool]:
    return store.owns("", "")
