"""A session for the length of a block: `client.sessions.open`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import attrs

from .._core.options import RequestOptions
from ..errors import ChatKitError
from ..types.session import ChatSession
from ..types.session_operations import SessionCreateParams

if TYPE_CHECKING:
    from .sessions import AsyncSessions

log = logging.getLogger("chatkit_async")


@asynccontextmanager
async def open_session(
    sessions: AsyncSessions, params: SessionCreateParams, options: RequestOptions | None
) -> AsyncGenerator[ChatSession, None]:
    """Create, hand over, cancel; whatever happens in between."""
    session = await sessions.create(params, options=options)
    cancel_options = None if options is None else attrs.evolve(options, body={})
    try:
        yield session
    except BaseException:
        try:
            await _cancelled_for_sure(sessions, session, cancel_options)
        except ChatKitError as error:
            log.warning("sessions.open: the session could not be cancelled and expires by itself: %s", error)
        raise
    await _cancelled_for_sure(sessions, session, cancel_options)


async def _cancelled_for_sure(sessions: AsyncSessions, session: ChatSession, options: RequestOptions | None) -> None:
    """Cancel in a task of its own, which the end of the caller does not touch."""
    from anyio import CancelScope  # noqa: PLC0415 - an import that most calls need not pay

    with CancelScope(shield=True):
        await asyncio.shield(sessions.cancel(session.id, options=options))
