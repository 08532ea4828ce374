"""`client.sessions`: mint and cancel ChatKit sessions, or hold one for a block."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Never, overload

import attrs

from .._core.options import OPTION_MISTAKES, RequestOptions, wrong_method_call
from .._core.session_rows import CANCEL_SESSION, CREATE_SESSION
from ..errors import ChatKitError
from ..types.misuse import AsyncOnly, Guiding, answering
from ..types.session import ChatSession
from ..types.session_operations import (
    ChatKitConfigurationLike,
    ExpiresAfterLike,
    RateLimitsLike,
    SessionCancelParams,
    SessionCreateParams,
    WorkflowLike,
    as_create_params,
)
from .caller import Caller

CREATE_MISTAKES = {**OPTION_MISTAKES, **SessionCreateParams._KNOWN_MISTAKES}


class AsyncSessions(Guiding):
    """Mint and cancel ChatKit sessions. Reached as `client.sessions`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @overload
    async def create(
        self, params: SessionCreateParams | Mapping[str, object], /, *, options: RequestOptions | None = None
    ) -> ChatSession: ...

    @overload
    async def create(
        self,
        /,
        *,
        user: str,
        workflow: WorkflowLike,
        chatkit_configuration: ChatKitConfigurationLike | None = None,
        expires_after: ExpiresAfterLike | None = None,
        rate_limits: RateLimitsLike | None = None,
        options: RequestOptions | None = None,
    ) -> ChatSession: ...

    async def create(
        self,
        params: SessionCreateParams | Mapping[str, object] | None = None,
        /,
        *positional: Never,
        user: str | None = None,
        workflow: WorkflowLike | None = None,
        chatkit_configuration: ChatKitConfigurationLike | None = None,
        expires_after: ExpiresAfterLike | None = None,
        rate_limits: RateLimitsLike | None = None,
        options: RequestOptions | None = None,
        **unexpected: Never,
    ) -> ChatSession:
        """Create a session, and with it a client secret for a browser.

        After a 408, or a 5xx except 503, the call is sent again, and each attempt may leave an unused session, which
        expires by itself. After a lost response it is not, unless `RequestOptions(retry_ambiguous=True)` says so.

        Wire form: `POST /chatkit/sessions`.

        Example:
            session = await client.sessions.create(user="user_123", workflow="wf_abc", expires_after=300)
            return session.for_browser()

        Args:
            params: all of it as one object or mapping, instead of keywords.
            positional: refused with a `TypeError` that names the keywords.
            user: your own stable id of the user, 1 to 512 characters.
            workflow: the workflow's id (`wf_...`), a `ChatSessionWorkflowParam`, or a mapping in the API's spelling.
            chatkit_configuration: titling, uploads and history; default: the API's (on, off, on).
            expires_after: seconds from now, 1 to 600, or a `timedelta` of whole seconds; default: the API's, 600.
            rate_limits: `{"max_requests_per_1_minute": N}`, at least 1; default: the API's, 10.
            options: settings of this call alone.
            unexpected: refused with a `TypeError` that names the right keyword.

        Returns:
            The session; `client_secret` and `expires_at` are what a browser needs.

        Raises:
            ParamsValidationError: what the API would refuse, all at once; nothing was sent.
            ConfigurationError: no key, or a client that cannot work; nothing was sent.
            AuthenticationError (401), BadRequestError (400), NotFoundError (404: workflow), RateLimitError (429),
            InternalServerError (5xx): the API refused, or failed more often than `max_retries` allows.
            APITimeoutError, APIConnectionError: no response came; `outcome` tells whether the session may exist.
            APIResponseValidationError: the response was not a session.

        Source: ChatKit REST API, CreateChatSessionMethod.
        """
        if positional or unexpected:
            del positional  # a traceback may show it, and it may hold a key
            raise wrong_method_call(self.create, unexpected, CREATE_MISTAKES)
        return await self._caller.send(
            CREATE_SESSION,
            as_create_params(params, user, workflow, chatkit_configuration, expires_after, rate_limits),
            options,
        )

    async def cancel(
        self, session_id: str, *, options: RequestOptions | None = None, **unexpected: Never
    ) -> ChatSession:
        """Cancel a session: its client secret stops working.

        Cancelling a session that is cancelled or expired changes nothing, so the call is also sent again if its
        response is lost.

        Wire form: `POST /chatkit/sessions/{session_id}/cancel`, no body.

        Example:
            session = await client.sessions.cancel("cksess_123")

        Args:
            session_id: the session's id, `cksess_...`.
            options: settings of this call alone.
            unexpected: as for `create`.

        Returns:
            The session, its status now `cancelled`, or what it was if it had ended before.

        Raises:
            ParamsValidationError: an empty id, `.` or `..`; nothing was sent.
            NotFoundError (404): no such session in the project of this key.
            AuthenticationError (401), RateLimitError (429), InternalServerError (5xx), APITimeoutError,
            APIConnectionError, APIResponseValidationError: as for `create`.

        Source: ChatKit REST API, CancelChatSessionMethod.
        """
        if unexpected:
            raise wrong_method_call(self.cancel, unexpected)
        return await self._caller.send(CANCEL_SESSION, SessionCancelParams(session_id), options)

    @overload
    def open(
        self, params: SessionCreateParams | Mapping[str, object], /, *, options: RequestOptions | None = None
    ) -> AbstractAsyncContextManager[ChatSession]: ...

    @overload
    def open(
        self,
        /,
        *,
        user: str,
        workflow: WorkflowLike,
        chatkit_configuration: ChatKitConfigurationLike | None = None,
        expires_after: ExpiresAfterLike | None = None,
        rate_limits: RateLimitsLike | None = None,
        options: RequestOptions | None = None,
    ) -> AbstractAsyncContextManager[ChatSession]: ...

    @answering(CREATE_MISTAKES)
    def open(
        self,
        params: SessionCreateParams | Mapping[str, object] | None = None,
        /,
        *,
        user: str | None = None,
        workflow: WorkflowLike | None = None,
        chatkit_configuration: ChatKitConfigurationLike | None = None,
        expires_after: ExpiresAfterLike | None = None,
        rate_limits: RateLimitsLike | None = None,
        options: RequestOptions | None = None,
    ) -> AbstractAsyncContextManager[ChatSession]:
        """A session for as long as a block runs: created on entry, cancelled on exit.

        It is cancelled also when the block raises or is itself cancelled. If the cancel then fails, the block's own
        error goes on and the failure is logged; after a block that ended well it is raised.

        Wire form: `POST /chatkit/sessions`, later `POST /chatkit/sessions/{session_id}/cancel`.

        Example:
            async with client.sessions.open(user="user_123", workflow="wf_abc") as session:
                print(session.expires_in())

        Args:
            params, user, workflow, chatkit_configuration, expires_after, rate_limits: as for `create`.
            options: settings of both calls; `body` goes with the first alone.

        Returns:
            A context manager that gives the session.

        Raises:
            As `create` on entry and `cancel` on exit.

        Source: ChatKit REST API, CreateChatSessionMethod and CancelChatSessionMethod.
        """
        given = as_create_params(params, user, workflow, chatkit_configuration, expires_after, rate_limits)
        return OpenSession(self._caller, given, options)


log = logging.getLogger("chatkit_async")


class OpenSession(AsyncOnly, AbstractAsyncContextManager[ChatSession]):
    """Creates a session on entry and cancels it on exit.

    It is no async generator: an ending event loop would close one while other generators still use its session.
    """

    def __init__(self, caller: Caller, params: SessionCreateParams, options: RequestOptions | None) -> None:
        self._caller = caller
        self._params = params
        self._options = options

    async def __aenter__(self) -> ChatSession:
        self._session = await self._caller.send(CREATE_SESSION, self._params, self._options)
        return self._session

    async def __aexit__(
        self, error_class: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await self._cancel()
        except ChatKitError as failure:
            if error is None:
                raise
            _warn(failure)

    async def _cancel(self) -> None:
        """Cancels the session in a task of its own, which goes on when the caller's task is cancelled."""
        options = None if self._options is None else attrs.evolve(self._options, body={})
        cancel = self._caller.send(CANCEL_SESSION, SessionCancelParams(self._session.id), options)
        task = asyncio.ensure_future(cancel)
        try:
            is_interrupted = await _wait_through_cancellation(task)
            if is_interrupted:
                _warn_of(task)
                raise asyncio.CancelledError
            await task
        finally:
            del task  # it holds its error, whose traceback holds this frame


async def _wait_through_cancellation(task: asyncio.Task[ChatSession]) -> bool:
    """Waits until a task is done; returns whether the caller was cancelled meanwhile."""
    from anyio import CancelScope  # noqa: PLC0415 - only sessions.open needs it

    is_interrupted = False
    with CancelScope(shield=True):  # it holds off anyio's cancellation, but not that of asyncio
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                is_interrupted = True
    return is_interrupted and not task.cancelled()


def _warn_of(task: asyncio.Task[ChatSession]) -> None:
    failure = task.exception()
    if isinstance(failure, ChatKitError):
        _warn(failure)


def _warn(failure: ChatKitError) -> None:
    # Without the message of the error, which may quote the API and name the user.
    status, request_id = getattr(failure, "status", None), getattr(failure, "request_id", None)
    log.warning(
        "sessions.open: the session could not be cancelled and expires by itself: %s, status %s, request %s",
        type(failure).__name__,
        status,
        request_id,
    )
