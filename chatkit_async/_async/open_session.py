"""A session for the length of a block: `client.sessions.open`."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING

import attrs

from .._core.options import RequestOptions
from ..errors import ChatKitError
from ..types.session import ChatSession
from ..types.session_operations import SessionCreateParams

if TYPE_CHECKING:
    from .sessions import AsyncSessions

log = logging.getLogger("chatkit_async")


class OpenSession(AbstractAsyncContextManager[ChatSession]):
    """Create, hand over, cancel; whatever happens in between.

    A class and no async generator: a loop that ends closes all of these at once, also one that another still runs.
    """

    def __init__(self, sessions: AsyncSessions, params: SessionCreateParams, options: RequestOptions | None) -> None:
        self._sessions = sessions
        self._params = params
        self._options = options

    async def __aenter__(self) -> ChatSession:
        self._session = await self._sessions.create(self._params, options=self._options)
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
        """Cancel the session, in a task of its own that the end of the caller does not touch."""
        options = None if self._options is None else attrs.evolve(self._options, body={})
        task = asyncio.ensure_future(self._sessions.cancel(self._session.id, options=options))
        try:
            is_interrupted = await _finished(task)
            if is_interrupted:
                _warn_of(task)
                raise asyncio.CancelledError
            await task
        finally:
            del task  # it holds its error, whose traceback holds this frame


def _warn_of(task: asyncio.Task[ChatSession]) -> None:
    failure = task.exception()
    if isinstance(failure, ChatKitError):
        _warn(failure)


async def _finished(task: asyncio.Task[ChatSession]) -> bool:
    """Wait for a task, through cancellation too; whether there was any."""
    from anyio import CancelScope  # noqa: PLC0415 - an import that most calls need not pay

    is_interrupted = False
    with CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                is_interrupted = True
    return is_interrupted and not task.cancelled()


def _warn(failure: ChatKitError) -> None:
    # Not the error's own words, which may be the API's, and name the user.
    status, request_id = getattr(failure, "status", None), getattr(failure, "request_id", None)
    log.warning(
        "sessions.open: the session could not be cancelled and expires by itself: %s, status %s, request %s",
        type(failure).__name__,
        status,
        request_id,
    )
