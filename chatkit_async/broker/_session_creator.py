"""Creates sessions: one at a time for a user and device, within the user's limit, and revocable before it is used."""

from __future__ import annotations

import asyncio
import logging
import random
import weakref
from collections.abc import Iterable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import partial

import attrs

from .._async.api_key import current_key
from .._async.client import AsyncChatKit
from .._core.codec import structure
from .._core.options import RequestOptions
from .._core.prepared_call import PreparedCall, prepare
from .._core.session_rows import CREATE_SESSION
from ..errors import APIError, ChatKitError, MintingLimitError, SessionRevokedError
from ..types.session import ChatSession
from ._clock import now_s, within
from ._resilient_store import ResilientStore
from ._revocation import RevokedSession, cancel_all
from ._secret_cache import CachedSecret, LiveSecret, SecretCache
from ._session_request import SessionRequest, SessionTemplate, digest_of_variables
from ._single_flight import SingleFlight
from ._user_record import BeginReply, CreatedSession, Creation, PlaceState, UserRecord

LEASE_SLACK_S = 1.0  # by which a lease outlives the time limit of a creation
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 1.0  # between two questions about another process's creation
PAUSE_FACTOR = 0.8  # of the time it has taken so far: few questions, however long the API takes
LEASES_WAITED = 2  # as long as this for another process; then a session is created anyway
CANCEL_S = 5.0  # for cancelling a session that was revoked in an outage: a call after it waits so long
UNLIMITED = 1000  # creations at once, if the client has no limit of connections

log = logging.getLogger("chatkit_async")


class SessionCreator:
    """Creates the sessions of a broker, and has the store and the secret cache remember them."""

    def __init__(
        self, client: AsyncChatKit, template: SessionTemplate, store: ResilientStore, secrets: SecretCache
    ) -> None:
        self._client, self._template = client, template
        self._store, self._secrets = store, secrets
        self._flights: SingleFlight[CachedSecret] = SingleFlight()
        self._gates = weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]()

    def is_fresh(self, secret: CachedSecret) -> bool:
        return secret.ends_s - now_s() > self._template.margin_s

    async def create(self, request: SessionRequest, state: PlaceState) -> CachedSecret:
        """A new session, shared by all callers that wait for it; if that fails, the live one."""
        try:
            key = (request.place, state.generation)  # A call after a revocation waits for no earlier creation.
            return await self._flights.share(key, lambda ticket: self._run(request, state, ticket))
        except (APIError, MintingLimitError):
            cached = self._secrets.find(request.place, await self._store.read(request.place))
            is_stale = cached is not None and 0 < cached.ends_s - now_s() <= self._template.margin_s
            if cached is None or not is_stale or not request.fits_variables(cached):
                raise
            return cached

    async def renew(self, request: SessionRequest, state: PlaceState) -> CachedSecret:
        """A new session that ends the earlier ones, after any creation that is under way."""
        key = (request.place, state.generation)
        return await self._flights.share(
            key, lambda ticket: self._run(request, state, ticket, is_renewal=True), is_new=True
        )

    async def cancel(self, user: str, session_ids: Iterable[str]) -> tuple[RevokedSession, ...]:
        """Cancels sessions; those that could not be cancelled stay remembered for a later `revoke`."""
        results = await cancel_all(self._client, session_ids)
        await self._store.forget(user, [result.session_id for result in results if result.error is None])
        return results

    def load(self) -> PreparedCall:
        """Builds a call without sending it: its imports and generated code take 0.1 to 0.3 s. Needs no event loop."""
        caller = self._client._caller
        call = prepare(CREATE_SESSION, self._template.params(), caller.config, None)
        caller.shared.new_exchange(call, caller.config)
        caller.shared.transport()
        structure({}, ChatSession)  # writes the code that decodes a session
        self._client.sessions  # noqa: B018 - imports it
        return call

    async def warm_up(self) -> None:
        """Loads, opens the connection pool and looks for the API key.

        Raises:
            ConfigurationError: no call could work.
            ClientClosedError: the client is closed.
        """
        caller, call = self._client._caller, self.load()
        caller.shared.transport().pools.here()
        await current_key(caller.config, call.request)

    async def aclose(self) -> None:
        """Waits a little for the sessions that are being created in this loop."""
        await self._flights.aclose()

    async def _run(
        self, request: SessionRequest, state: PlaceState, ticket: str, *, is_renewal: bool = False
    ) -> CachedSecret:
        creation = Creation(
            place=request.place,
            ticket=ticket,
            lease_s=self._template.lease_s + LEASE_SLACK_S,
            is_shared=self._secrets.is_shared,
            is_renewal=is_renewal,
            margin_s=self._template.margin_s,
            unsuitable_ticket="" if state.secret is None else state.secret.ticket,
            per_minute=self._template.per_minute,
        )
        try:
            return await self._created_or_found(request, creation, state)
        except (Exception, asyncio.CancelledError) as error:
            # Not in a `finally`: a loop that is dropped closes this coroutine, which then must not await.
            step = partial(UserRecord.fail, creation=creation, is_unknown=_is_unknown(error))
            await self._store.change(request.place.user, step)
            raise

    async def _created_or_found(self, request: SessionRequest, creation: Creation, began: PlaceState) -> CachedSecret:
        """A new session, or one that another process created meanwhile."""
        waited_s = 0.0
        while True:
            async with self._gate():  # before the lease is taken, so that no lease ages in the queue for a connection
                step = partial(UserRecord.begin, creation=creation)
                reply = await self._store.change(request.place.user, step, is_buffered=False)
                secret = await self._secret(request, creation, began, reply)
            if secret is not None:
                return secret
            if reply.status == "wait":
                pause_s = min(max(PAUSE_FACTOR * reply.seconds, SHORTEST_PAUSE_S), LONGEST_PAUSE_S)
                await asyncio.sleep(pause_s * random.uniform(0.75, 1.25))  # noqa: S311 - spreads the processes
                waited_s += pause_s
                if waited_s > LEASES_WAITED * creation.lease_s:
                    creation = attrs.evolve(creation, is_shared=False)
            elif reply.state.secret is not None:  # The request does not fit it.
                creation = attrs.evolve(creation, unsuitable_ticket=reply.state.secret.ticket)

    async def _secret(
        self, request: SessionRequest, creation: Creation, began: PlaceState, reply: BeginReply
    ) -> CachedSecret | None:
        """A new session, or what another process created; None if there is neither yet."""
        state = reply.state
        _check_not_revoked(began, state)
        match reply.status:
            case "limited":
                raise self._limit_error(reply.seconds)
            case "go":
                return await self._created(request, creation, state)
            case "found":
                found = self._secrets.find(request.place, state)
                return found if found is not None and request.fits(found) else None
            case "wait":
                return None

    async def _created(self, request: SessionRequest, creation: Creation, began: PlaceState) -> CachedSecret | None:
        """A new session, remembered; None if the place was renewed meanwhile, and the session cancelled.

        Raises:
            SessionRevokedError: the user or device was revoked meanwhile, and the session cancelled.
        """
        response, place = await self._send(request), request.place
        live = LiveSecret(response.client_secret, response.expires_at, response.id)
        ends_s = now_s() + seconds_left(response, self._template.life_s)
        variables = digest_of_variables(request.workflow)
        encrypted = self._secrets.encrypted(place, live, variables)
        session = CreatedSession(creation, live.session_id, ends_s, began, encrypted)
        step = partial(UserRecord.keep, session=session)
        state, earlier_ids = await self._store.change(place.user, step, on_replayed=partial(self._kept_late, session))
        if state.generation != began.generation or session.is_replaced(state):
            await self._cancel_quietly(place.user, (live.session_id,))
            _check_not_revoked(began, state)
            return None
        secret = CachedSecret(live, variables, state.generation, state.version, creation.ticket, ends_s)
        self._secrets.put(place, secret)
        await self._cancel_quietly(place.user, earlier_ids)
        return secret

    async def _send(self, request: SessionRequest) -> ChatSession:
        timeout = self._client._caller.config.timeout
        options = RequestOptions(timeout=attrs.evolve(timeout, total=min(timeout.total, self._template.lease_s)))
        return await self._client.sessions.create(self._template.params(request), options=options)

    async def _kept_late(self, session: CreatedSession, kept: tuple[PlaceState, list[str]]) -> None:
        """Cancels a session that was buffered in an outage, if its user was revoked meanwhile."""
        if kept[0].is_revoked_since(session.began) or session.is_replaced(kept[0]):
            with suppress(ChatKitError, TimeoutError):  # The client may be closed, or the API hang.
                await within(CANCEL_S, self._cancel_quietly(session.creation.place.user, (session.session_id,)))

    async def _cancel_quietly(self, user: str, session_ids: Iterable[str]) -> None:
        """Cancels sessions that no caller waits for, and logs the failures, without texts that may name the user."""
        results = await self.cancel(user, session_ids)
        if failed := [result.error for result in results if result.error is not None]:
            text = "%d sessions could not be cancelled and expire by themselves: %s, request %s"
            log.warning(text, len(failed), type(failed[0]).__name__, failed[0].request_id)

    def _limit_error(self, wait_s: float) -> MintingLimitError:
        return MintingLimitError(
            f"More than {self._template.per_minute} sessions within a minute for this user: wait {wait_s:.1f} s, or"
            " raise sessions_per_minute of the broker",
            wait_s,
        )

    def _gate(self) -> asyncio.Semaphore:
        """Limits the creations at once to the client's connections in this loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._gates:
            for ended in [known for known in self._gates if known.is_closed()]:
                del self._gates[ended]  # A semaphore that was waited for keeps its loop alive.
            connector = self._client._caller.shared.transport().pools.here().session.connector
            self._gates[loop] = asyncio.Semaphore((connector and connector.limit) or UNLIMITED)
        return self._gates[loop]


def seconds_left(session: ChatSession, life_s: float) -> float:
    """Seconds until a new session expires; a wrong clock of this machine does no harm.

    They are counted from the response's `Date` header if that fits the session's life, which it does not if a cache or
    proxy changed it; else the whole life is left.
    """
    try:
        date_s = parsedate_to_datetime(session.response.headers.get("date") or "").timestamp()
    except (ValueError, OverflowError):
        return life_s
    left_s = session.expires_at - date_s
    return left_s if 0 < left_s <= life_s + 1 else life_s  # A Date has whole seconds.


def _check_not_revoked(began: PlaceState, now: PlaceState) -> None:
    if now.is_revoked_since(began):
        raise SessionRevokedError("The user was revoked while a session was being made")


def _is_unknown(error: BaseException) -> bool:
    """Whether the API may have created a session although the call failed."""
    return not isinstance(error, ChatKitError) or getattr(error, "outcome", "") in {"unknown", "done"}
