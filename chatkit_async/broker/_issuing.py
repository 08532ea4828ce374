"""Making sessions: one at a time for a user and device, within the user's limit, known to the store before anyone."""

from __future__ import annotations

import asyncio
import random
import weakref

import attrs

from .._async.api_key import current_key
from .._async.client import AsyncChatKit
from .._core.codec import structure
from .._core.options import RequestOptions
from .._core.prepared_call import prepare
from .._core.session_rows import CREATE_SESSION
from ..errors import APIError, ChatKitError, MintingLimitError, SessionRevokedError
from ..types.session import ChatSession
from ._clock import now_s, seconds_left
from ._memory_store import MemoryStore
from ._resilient_store import ResilientStore
from ._revocation import cancel_quietly
from ._secret_cache import LiveSecret, Record, SecretCache
from ._session_request import SessionRequest, SessionTemplate
from ._settings import Settings
from ._single_flight import Flight, SingleFlight
from ._store import ANY_RECORD, WINDOW_S, Begun, Creation, Kept, Minted, Seen, is_revoked

SLACK_S = 1.0  # by which a lease outlives the longest creation under it
SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.2, 1.0  # between two looks at another process's creation
WAIT_FACTOR = 0.8  # of the time it has taken so far: a handful of looks, whatever the API takes
UNLIMITED = 1000  # at once, where the client has no limit of connections
LEASES_WAITED = 2  # then a creation begins beside the other one


@attrs.frozen
class _Attempt:
    """A creation under way.

    Attributes:
        request: what it is for.
        creation: what the store knows of it.
        own_generation: this process's, when it began.
        is_renewal: whether the sessions before it are to end.
    """

    request: SessionRequest
    creation: Creation
    own_generation: str
    is_renewal: bool


class Issuing:
    """Makes the sessions of a broker, by its settings, and has the store and the secret cache remember them."""

    def __init__(
        self,
        client: AsyncChatKit,
        template: SessionTemplate,
        store: MemoryStore | ResilientStore,
        secrets: SecretCache,
        settings: Settings,
    ) -> None:
        self._client, self._template, self._settings = client, template, settings
        self._store, self._secrets = store, secrets
        self._flights: SingleFlight[Record] = SingleFlight()
        self._gates = weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]()

    def is_fresh(self, record: Record) -> bool:
        """Whether a session lives long enough to be handed out."""
        return record.ends_s - now_s() > self._settings.margin_s

    async def made(self, request: SessionRequest, began: Seen) -> Record:
        """A new session, which all that ask meanwhile share; the live one if there can be no new one."""
        try:
            return await self._flights.share(_key(request, began), lambda flight: self._work(request, began, flight))
        except (APIError, MintingLimitError):
            seen = await self._store.read(request.place)
            record = self._secrets.find(request.place, seen)
            if record is None or self.is_fresh(record) or not request.fits_state(record) or record.ends_s <= now_s():
                raise
            return record

    async def renewed(self, request: SessionRequest, began: Seen) -> Record:
        """A new session in place of what there is, after whatever is being made."""
        return await self._flights.share(
            _key(request, began), lambda flight: self._work(request, began, flight, is_renewal=True), is_new=True
        )

    async def end(self, user: str, session_ids: tuple[str, ...]) -> None:
        """Cancels sessions; those that could not be cancelled stay remembered for a later `revoke`."""
        await self._store.forget(user, await cancel_quietly(self._client, session_ids))

    async def warm_up(self) -> None:
        """Does what the first creation needs: imports, the connection pool, the API key.

        Raises:
            ConfigurationError: no call could work.
            ClientClosedError: the client is closed.
        """
        caller = self._client._caller
        call = prepare(CREATE_SESSION, self._template.params("template", self._template.workflow), caller.config, None)
        caller.shared.exchange(call, caller.config)
        structure({}, ChatSession)  # which writes the code that decodes a session
        self._client.sessions  # noqa: B018 - which imports it
        caller.shared.transport().pools.here()
        await current_key(caller.config, call.request)

    async def aclose(self) -> None:
        """Waits a little for the sessions being made in this loop."""
        await self._flights.aclose()

    async def _work(
        self, request: SessionRequest, began: Seen, flight: Flight[Record], *, is_renewal: bool = False
    ) -> Record:
        """Makes a session, or finds what another process made while we waited."""
        seen_ticket = "" if began.record is None else began.record.ticket  # of a record that does not fit
        creation = Creation(
            place=request.place,
            ticket=flight.ticket,
            lease_s=self._settings.lease_s + SLACK_S,
            is_shared=self._secrets.is_shared,
            margin_s=self._settings.margin_s,
            unsuitable=ANY_RECORD if is_renewal else seen_ticket,
            replaces="" if flight.replaces is None else flight.replaces.ticket,
            per_minute=self._settings.per_minute,
        )
        attempt = _Attempt(request, creation, self._store.generation(request.place), is_renewal)
        try:
            return await self._finished(attempt, began)
        except (Exception, asyncio.CancelledError) as error:
            # Never in a `finally`: a loop that is dropped closes this coroutine, which then must not await.
            if not isinstance(error, MintingLimitError):
                await self._store.fail(attempt.creation, is_unknown=_is_unknown(error))
            raise

    async def _finished(self, attempt: _Attempt, began: Seen) -> Record:
        while True:
            async with self._gate():  # before the lease is taken, so that no lease ages in the queue for a connection
                begun = await self._store.begin(attempt.creation)
                record = await self._record(attempt, began, begun)
            if record is None and begun.status == "wait":
                begun = await self._waited(attempt, begun)
                async with self._gate():
                    record = await self._record(attempt, began, begun)
            if record is not None:
                return record
            if begun.seen.record is not None:  # which does not fit
                creation = attrs.evolve(attempt.creation, unsuitable=begun.seen.record.ticket)
                attempt = attrs.evolve(attempt, creation=creation)

    async def _waited(self, attempt: _Attempt, begun: Begun) -> Begun:
        """The store's reply once no other creation is under way."""
        until_s = now_s() + LEASES_WAITED * attempt.creation.lease_s
        while begun.status == "wait":
            if now_s() > until_s:
                return await self._store.begin(attrs.evolve(attempt.creation, is_shared=False))
            pause_s = min(max(WAIT_FACTOR * begun.seconds, SHORTEST_WAIT_S), LONGEST_WAIT_S)
            await asyncio.sleep(pause_s * random.uniform(0.75, 1.25))  # noqa: S311 - processes must not look together
            begun = await self._store.begin(attempt.creation)
        return begun

    async def _record(self, attempt: _Attempt, began: Seen, begun: Begun) -> Record | None:
        """A new session, or what another process made; None if there is neither yet."""
        if began.is_known == begun.seen.is_known and is_revoked(began.generation, begun.seen.generation):
            raise SessionRevokedError("The user was revoked while a session was being made")
        if begun.status == "limited":
            raise self._limit_error(begun.seconds)
        if begun.status == "go":
            return await self._created(attempt, begun.seen)
        if begun.status != "found":
            return None
        record = self._secrets.find(attempt.request.place, begun.seen)
        return record if record is not None and attempt.request.fits(record) else None

    async def _created(self, attempt: _Attempt, began: Seen) -> Record | None:
        """A new session, remembered; None if the place was renewed meanwhile, so that it counts no more."""
        session = await self._create(attempt.request)
        place, ticket = attempt.request.place, attempt.creation.ticket
        live = LiveSecret(session.client_secret, session.expires_at, session.id)
        life_s = seconds_left(session, self._settings.life_s)
        sealed = self._secrets.sealed(place, live, attempt.request.state)
        minted = Minted(place, ticket, session.id, life_s, began, sealed, attempt.is_renewal)
        kept = await self._store.keep(minted)
        if not await self._counts(attempt, began, kept, session.id):
            return None
        now = kept.seen
        record = Record(live, attempt.request.state, now.generation, now.version, ticket, now_s() + life_s)
        self._secrets.put(place, record)
        await self.end(place.user, kept.others)
        return record

    async def _create(self, request: SessionRequest) -> ChatSession:
        timeout = self._client._caller.config.timeout
        options = RequestOptions(timeout=attrs.evolve(timeout, total=min(timeout.total, self._settings.lease_s)))
        return await self._client.sessions.create(
            self._template.params(request.user, request.workflow), options=options
        )

    async def _counts(self, attempt: _Attempt, began: Seen, kept: Kept, session_id: str) -> bool:
        """Whether a new session may be handed out; one that may not is cancelled.

        Raises:
            SessionRevokedError: its user or device were revoked meanwhile.
        """
        place, now, are_known = attempt.request.place, kept.seen, began.is_known and kept.seen.is_known
        was_revoked = attempt.own_generation != self._store.generation(place) or (
            are_known and is_revoked(began.generation, now.generation)
        )
        was_renewed = are_known and now.version not in {"", began.version, attempt.creation.ticket}
        if was_revoked or was_renewed:
            await self.end(place.user, (session_id,))
        if was_revoked:
            raise SessionRevokedError("The user was revoked while a session was being made; it was cancelled")
        return not was_renewed

    def _limit_error(self, wait_s: float) -> MintingLimitError:
        wait_s = min(max(0.0, wait_s), WINDOW_S)
        return MintingLimitError(
            f"More than {self._settings.per_minute} sessions within a minute for this user: wait {wait_s:.1f} s, or"
            " raise sessions_per_minute of the broker",
            wait_s,
        )

    def _gate(self) -> asyncio.Semaphore:
        """As wide as the client's connection pool in this loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._gates:
            connector = self._client._caller.shared.transport().pools.here().session.connector
            self._gates[loop] = asyncio.Semaphore((connector and connector.limit) or UNLIMITED)
        return self._gates[loop]


def _key(request: SessionRequest, began: Seen) -> str:
    """What one creation at a time is made for; a call after a revocation does not wait for what began before it."""
    return f"{request.place.user}/{request.place.slot}/{began.generation}"


def _is_unknown(error: BaseException) -> bool:
    """Whether the API may have made a session although the call failed."""
    if isinstance(error, ChatKitError):
        return isinstance(error, APIError) and error.outcome in {"unknown", "done"}
    return True
