"""`AsyncSessionBroker`: a live client secret for each user, made once and revocable."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from .._async.client import AsyncChatKit
from ..errors import ClientClosedError
from ..types.misuse import answering
from ..types.secret import as_secret, hidden_keys
from ..types.session_operations import ChatKitConfigurationLike, ExpiresAfterLike, RateLimitsLike, WorkflowLike
from ..types.session_params import StateVariables
from ._resilient_store import ResilientStore
from ._revocation import Revocation
from ._secret_cache import LiveSecret, SecretCache
from ._session_creator import SessionCreator
from ._session_request import SessionTemplate, checked_client, checked_store, checked_string, store_or_hidden
from ._store import Store


class AsyncSessionBroker:
    """Live client secrets for browsers: made when needed, handed out again while they live, revocable.

    One broker serves any number of callers, in any thread; with a `RedisStore` the brokers of several processes
    act as one. `async with` or `aclose()` closes it; the client stays yours to close.

    Session ids are remembered in the store until they expire. Client secrets stay in this process, which hands out one
    session at a time for each user and device; with `share_secrets` they are in the store, encrypted, and all processes
    hand out the same one.

    A store that fails is never the user's problem: sessions are made without it, the log says so once (logger
    `chatkit_async`), and `revoke` says that it is incomplete (see `Revocation`). This process remembers what it made
    and revoked meanwhile.

    A session is made by the broker itself: callers that are cancelled stop waiting for it, and it is kept for the next.
    At most as many are made at once as the client has connections: with `max_connections=100`, the last of
    1,000 users waits as long as ten creations take.

    Example:
        async with AsyncChatKit() as client, AsyncSessionBroker(client, workflow="wf_abc") as broker:
            live = await broker.secret_for("user_123")

    Args:
        client: makes and cancels the sessions.
        workflow, expires_after, rate_limits, chatkit_configuration: of every session, as for `client.sessions.create`.
        store: where sessions are remembered; default: a `MemoryStore`, which is right for a single process.
        margin_s: seconds; a session with no more left than this is replaced, and handed out only if that fails; from 0
            to less than a session lives; default 60.
        share_secrets: Fernet keys; client secrets are then shared through the store, encrypted with the first, and
            decrypted with any. Default: they are not shared.
        lease_s: seconds that creating a session may take, retries included, at most 600; a second later another
            process may create one, if this process stopped; default 15.
        sessions_per_minute: how many sessions a user may have made in a fixed window of a minute, on all devices;
            failed attempts do not count; None for any number; default 30.

    Raises:
        ParamsValidationError: settings of the sessions that the API would refuse.
        ConfigurationError: settings of the broker that cannot work.
    """

    @answering()
    def __init__(
        self,
        client: AsyncChatKit,
        *,
        workflow: WorkflowLike,
        store: Store | None = None,
        margin_s: float = 60.0,
        share_secrets: Sequence[str | bytes] | None = None,
        expires_after: ExpiresAfterLike | None = None,
        rate_limits: RateLimitsLike | None = None,
        chatkit_configuration: ChatKitConfigurationLike | None = None,
        lease_s: float = 15.0,
        sessions_per_minute: int | None = 30,
    ) -> None:
        share_secrets = hidden_keys(share_secrets)  # An error about one setting must not show others.
        store = store_or_hidden(store)
        self._template = SessionTemplate(
            workflow,
            chatkit_configuration,
            expires_after,
            rate_limits,
            margin_s=margin_s,
            lease_s=lease_s,
            per_minute=sessions_per_minute,
        )
        self._client = checked_client(client)
        self._store = ResilientStore(checked_store(store))
        self._secrets = SecretCache(share_secrets)
        self._creator = SessionCreator(self._client, self._template, self._store, self._secrets)
        self._is_closed = False

    async def start(self) -> None:
        """Do what the first call needs, so that the first visitor neither waits nor meets a wrong setting.

        Checks that there is an API key, imports what a call needs, opens the connection pool, and calls the store; if
        that fails, the log says so. Optional; for the start of an app.

        Wire form: none.

        Example:
            await broker.start()

        Returns:
            None.

        Raises:
            ConfigurationError: no call could work, for example because OPENAI_API_KEY is not set.
            ClientClosedError: the broker or its client is closed.
        """
        self._check_open()
        await self._creator.warm_up()
        await self._store.check()

    async def secret_for(
        self,
        user: str,
        *,
        device: str | None = None,
        current: str | None = None,
        state_variables: StateVariables | None = None,
    ) -> LiveSecret:
        """The client secret that a browser should use now: the live one, or that of a new session.

        A live session is handed out while it has more than `margin_s` left. While one is being made for a user and
        device, all callers wait for it and get the same session, or the same error.

        Wire form: none, or `POST /chatkit/sessions`.

        Example:
            live = await broker.secret_for("user_123", current=body.get("currentClientSecret"))

        Args:
            user: the user of the session, by your own sign-in, never by what a browser says; 1 to 512 characters.
            device: each has its own session, and with it its own rate limit; 1 to 512 characters; default: all
                share one.
            current: the secret the browser has. If it is the live one, the browser wants another: a session is made,
                and the old one left to expire.
            state_variables: added to those of the broker's workflow. A live session that was made with others is not
                handed out: a new one is made. Default: a new session gets the workflow's, and any live one will do.

        Returns:
            The secret, until when it works, and the session's id.

        Raises:
            ParamsValidationError: a user, device or state variables that the API would refuse; nothing was sent.
            MintingLimitError: too many sessions were made for this user; no further create was sent.
            SessionRevokedError: the user was revoked meanwhile; if a session was made, it was cancelled, or is in the
                log and left for the next `revoke`.
            ClientClosedError: the broker or its client is closed.
            APIError, ConfigurationError: as for `client.sessions.create`.

        Source: ChatKit REST API, CreateChatSessionMethod.
        """
        current = as_secret(current)
        self._check_open()
        request = self._template.request(user, device, state_variables, current)
        while True:
            state = await self._store.read(request.place)
            cached = self._secrets.find(request.place, state)
            if cached is not None and self._creator.is_fresh(cached) and request.fits(cached):
                return cached.live
            cached = await self._creator.create(request, state)
            # If it is not fresh, creation failed and this is the old session: even a browser that has it gets it.
            if request.fits(cached) or not self._creator.is_fresh(cached):
                return cached.live

    async def renew(
        self, user: str, *, device: str | None = None, state_variables: StateVariables | None = None
    ) -> LiveSecret:
        """Make a new session for a user and device, then cancel those before it: for a change that must show now.

        An old session that cannot be cancelled is logged, and expires by itself.

        Wire form: `POST /chatkit/sessions`, then `POST /chatkit/sessions/{session_id}/cancel`.

        Example:
            live = await broker.renew("user_123", state_variables={"plan": "pro"})

        Args:
            user, device: as for `secret_for`; sessions of other devices stay.
            state_variables: added to those of the broker's workflow; those of the old session are not kept.

        Returns:
            The new secret, which `secret_for` then hands out.

        Raises:
            As `secret_for`.

        Source: ChatKit REST API, CreateChatSessionMethod and CancelChatSessionMethod.
        """
        self._check_open()
        request = self._template.request(user, device, state_variables, None)
        return (await self._creator.renew(request, await self._store.read(request.place))).live

    async def revoke(self, user: str, *, device: str | None = None) -> Revocation:
        """Cancel every live session of a user, or of one device: for a logout.

        A session that is being made meanwhile is cancelled as well, and the call that made it ends with
        `SessionRevokedError`. Calls after this one may make new sessions: it ends access, it does not forbid it.

        Wire form: `POST /chatkit/sessions/{session_id}/cancel` for each.

        Example:
            revocation = await broker.revoke("user_123")
            if not revocation.is_complete: ...  # again later

        Args:
            user: as for `secret_for`.
            device: as for `secret_for`; only sessions of this device end, those of other workflows and settings too.
                Default: all of the user, those without a device too.

        Returns:
            A result for each session, and whether all ended; one that is gone already (404) has ended.

        Raises:
            ParamsValidationError: a user or device that the API would refuse; nothing was sent.
            ClientClosedError: the broker or its client is closed.

        Source: ChatKit REST API, CancelChatSessionMethod.
        """
        self._check_open()
        place = self._template.place(user, device)
        reply = await self._store.revoke(place.user, None if device is None else place.device)
        self._client._caller.shared.transport()  # A closed client raises, also if there is nothing to cancel.
        results = await self._creator.cancel(place.user, reply.session_ids)
        return Revocation(results, reply.is_complete and all(result.error is None for result in results))

    async def owns(self, user: str, session_id: str) -> bool:
        """Whether this is a live session of this user, made by a broker on this store.

        Wire form: none.

        Example:
            if not await broker.owns("user_123", session_id): ...  # 404

        Args:
            user: as for `secret_for`.
            session_id: the session's id, `cksess_...`.

        Returns:
            False also for a session that has expired, was cancelled by the broker, or that the store has forgotten.

        Raises:
            ParamsValidationError: a user that the API would refuse, or an id that is not a string.
            ClientClosedError: the broker is closed.
        """
        self._check_open()
        return await self._store.owns(self._template.place(user, None).user, checked_string("session_id", session_id))

    async def aclose(self) -> None:
        """Wait up to 5 s for sessions being made, replay what the store missed, and close its connections.

        The client stays open, and live sessions live on.
        """
        if not self._is_closed:
            self._is_closed = True
            await self._creator.aclose()
            await self._store.aclose()

    async def __aenter__(self) -> Self:
        """The broker itself."""
        return self

    async def __aexit__(
        self, error_class: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the broker."""
        await self.aclose()

    def __repr__(self) -> str:
        template: SessionTemplate | None = getattr(self, "_template", None)  # a traceback shows half-made objects
        return f"{type(self).__name__}({template})" if template else f"{type(self).__name__}()"

    def _check_open(self) -> None:
        if self._is_closed:
            raise ClientClosedError("This broker is closed: make a new one")
