"""`AsyncSessionBroker`: a live client secret for each user, made once and revocable."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import Self

from .._async.client import AsyncChatKit
from ..errors import ClientClosedError
from ..types.secret import as_secret, hidden_keys
from ..types.session_operations import ChatKitConfigurationLike, ExpiresAfterLike, RateLimitsLike, WorkflowLike
from ..types.session_params import StateVariables
from .api_clock import ApiClock
from .creation import Creation
from .ledger import Ledger
from .live import Live
from .minting import Minting
from .record import LiveSecret
from .revoke import Revocation, cancel_all, ended
from .settings import checked_client, checked_lease, checked_limit, checked_margin, checked_store, store_or_hidden
from .shelf import shelf_for
from .store import Store
from .template import Asked, Template, checked_id


class AsyncSessionBroker:
    """Live client secrets for browsers: made when needed, handed out again while they live, revocable.

    One broker serves any number of callers, in any thread; with a `RedisStore` the brokers of several processes
    act as one. `async with` or `aclose()` closes it; the client stays yours to close.

    Session ids are remembered in the store until they expire; client secrets stay in this process, so that there is at
    most one live session for each user, device and process, unless `share_secrets` puts them, encrypted, in the store.

    A store that fails is never the user's problem: it counts as empty, the log says so once (logger `chatkit_async`),
    `revoke` says that it is incomplete, and ids wait in this process. They are written when the store answers again;
    sessions of a user whom another process revoked before that are then cancelled.

    Example:
        async with AsyncChatKit() as client, AsyncSessionBroker(client, workflow="wf_abc") as broker:
            live = await broker.secret_for("user_123")

    Args:
        client: makes and cancels the sessions.
        workflow, expires_after, rate_limits, chatkit_configuration: of every session, as for `client.sessions.create`.
        store: where sessions are remembered; default: a `MemoryStore`, which is right for a single process.
        margin_s: a session with no more seconds left than this is not handed out; from 0 to less than a session lives;
            default 60.
        share_secrets: Fernet keys; client secrets are then shared through the store, encrypted with the first, and
            decrypted with any. Default: they are not shared.
        lease_s: seconds that making a session may take, retries included, and after which others stop waiting for a
            process that died over it; default 15.
        sessions_per_minute: how many sessions a user may have made in a minute, on all devices; None for any number;
            default 30.

    Raises:
        ParamsValidationError: settings of the sessions that the API would refuse.
        ConfigurationError: settings of the broker that cannot work.
    """

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
        share_secrets = hidden_keys(share_secrets)  # what is wrong with one setting must not show another
        store = store_or_hidden(store)
        self._template = Template(workflow, chatkit_configuration, expires_after, rate_limits)
        self._client = checked_client(client)
        self._ledger = Ledger(checked_store(store), partial(ended, self._client))
        margin_s, lease_s = checked_margin(margin_s, self._template.lives_s), checked_lease(lease_s)
        self._live = Live(shelf_for(share_secrets), ApiClock(self._template.lives_s), margin_s)
        limit = checked_limit(sessions_per_minute)
        minting = Minting(client=client, ledger=self._ledger, live=self._live, lease_s=lease_s, per_minute=limit)
        self._creation = Creation(self._ledger, self._live, minting, lease_s)
        self._is_closed = False

    async def secret_for(
        self,
        user: str,
        *,
        device: str | None = None,
        current: str | None = None,
        state_variables: StateVariables | None = None,
    ) -> LiveSecret:
        """The client secret a browser shall use now: the live one, or that of a new session.

        A live session is handed out while it has more than `margin_s` left. While one is being made for a user and
        device, all who ask for it wait and get the same session, or the same error.

        Wire form: none, or `POST /chatkit/sessions`.

        Example:
            live = await broker.secret_for("user_123", current=body.get("currentClientSecret"))

        Args:
            user: who the session is for, by your own sign-in: never what a browser says; 1 to 512 characters.
            device: tells apart what shall not share a session, and its rate limit; 1 to 512 characters; default: all
                share one.
            current: the secret the browser has. If it is the live one, the browser wants another: a session is made,
                and the old one left to expire.
            state_variables: added to those of the broker's workflow. A live session that was made with others is not
                handed out: a new one is made. Default: a new session gets the workflow's, and any live one will do.

        Returns:
            The secret, until when it works, and the session's id.

        Raises:
            ParamsValidationError: a user, device or state variables that the API would refuse; nothing was sent.
            MintingLimitError: too many sessions were made for this user; nothing was sent.
            SessionRevokedError: the user was revoked meanwhile; what was made has been cancelled.
            ClientClosedError: the broker or its client is closed.
            APIError, ConfigurationError: as for `client.sessions.create`.

        Source: ChatKit REST API, CreateChatSessionMethod.
        """
        current = as_secret(current)
        asked = self._asked(user, device, state_variables, current)
        seen = await self._ledger.read(asked.place)
        began = seen.generations
        while (record := self._live.found(asked, seen, began)) is None:
            record = await self._creation.made(asked, began)
            if asked.suits(record):
                break
            seen = await self._ledger.read(asked.place)
        return record.live

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
        asked = self._asked(user, device, state_variables)
        began = (await self._ledger.read(asked.place)).generations
        return (await self._creation.renewed(asked, began)).live

    async def revoke(self, user: str) -> Revocation:
        """Cancel every live session of a user, on all devices: for a logout.

        A session that is being made meanwhile is cancelled as well, and the call that made it ends with
        `SessionRevokedError`. Calls after this one may make new sessions: it ends access, it does not forbid it.

        Wire form: `POST /chatkit/sessions/{session_id}/cancel` for each.

        Example:
            revocation = await broker.revoke("user_123")
            if not revocation.is_complete: ...  # again later

        Args:
            user: as for `secret_for`.

        Returns:
            A result for each session, and whether all ended; one that is gone already (404) has ended.

        Raises:
            ParamsValidationError: a user that cannot be; nothing was sent.
            ClientClosedError: the broker or its client is closed.

        Source: ChatKit REST API, CancelChatSessionMethod.
        """
        self._check_open()
        key = self._template.user_key(user)
        known = await self._ledger.revoke(key)
        self._client._caller.shared.transport()  # a closed client is told of, also where there is nothing to cancel
        results = await cancel_all(self._client, known.sessions)
        gone = [result.session_id for result in results if result.error is None]
        await self._ledger.forget(key, gone)
        return Revocation(results, known.is_whole and len(gone) == len(results))

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
            ParamsValidationError: a user that cannot be, or an id that is no string.
            ClientClosedError: the broker is closed.
        """
        self._check_open()
        return checked_id(session_id) in await self._ledger.sessions(self._template.user_key(user))

    async def aclose(self) -> None:
        """Write what the store has still to be told, for 5 s at most, and close the store's connections.

        The client stays open, and live sessions live on.
        """
        if not self._is_closed:
            self._is_closed = True
            await self._ledger.aclose()

    async def __aenter__(self) -> Self:
        """The broker itself."""
        return self

    async def __aexit__(
        self, error_class: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the broker."""
        await self.aclose()

    def __repr__(self) -> str:
        template: Template | None = getattr(self, "_template", None)  # a traceback shows also what could not be made
        return f"{type(self).__name__}({template})" if template else f"{type(self).__name__}()"

    def _asked(
        self, user: str, device: str | None, state_variables: StateVariables | None, current: str | None = None
    ) -> Asked:
        self._check_open()
        return self._template.asked(user, device, state_variables, current)

    def _check_open(self) -> None:
        if self._is_closed:
            raise ClientClosedError("This broker is closed: make a new one")
