"""A session for the length of a block: `client.sessions.open`."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AbstractAsyncContextManager
from types import TracebackType

import attrs

from .._core.forgotten_async import AsyncOnly
from .._core.options import RequestOptions
from .._core.session_rows import CANCEL_SESSION, CREATE_SESSION
from ..errors import ChatKitError
from ..types.session import ChatSession
from ..types.session_operations import SessionCancelParams, SessionCreateParams
from .caller import Caller

log = logging.getLogger("chatkit_async")


class OpenSession(AsyncOnly, AbstractAsyncContextManager[ChatSession]):
    """Creates a session on entry and cancels it on exit.

    A class rather than an async generator, which a loop that ends would finish while other generators still use it.
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
