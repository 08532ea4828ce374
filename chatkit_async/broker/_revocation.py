"""Cancelling many sessions at once, a result for each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import attrs

from .._async.client import AsyncChatKit
from ..errors import APIError, NotFoundError, ParamsValidationError

AT_ONCE = 8  # a user has few sessions; the API's own limits are unknown


@attrs.frozen
class RevokedSession:
    """What came of cancelling one session.

    Attributes:
        session_id: its id, `cksess_...`.
        error: why it may still live; None if it was cancelled, or is gone.
    """

    session_id: str
    error: APIError | None = None


@attrs.frozen
class Revocation:
    """What came of revoking a user or one device.

    It is complete if every session ended, and the store knows that there are no others. That is not so

    - if a session could not be cancelled;
    - while the store is down, and for ten minutes after it was down, lost its data, went back to an older state, or
      evicted keys;
    - for ten minutes after a create for this user whose response was lost, or whose process stopped: then from the end
      of its lease (`lease_s`);
    - with a `MemoryStore` where several workers are evident, or in a child that was forked after its first use.

    Four things cannot be known. A process that stops during a create is noticed only when the lease ends. Where all
    processes start anew with an empty Redis, none knows what it held. The loss of a single user's key is not noticed.
    And another process alone may be cut off from Redis: a session that was being made there is cancelled with the first
    call to its broker after Redis is back; sessions that it makes meanwhile live until they expire.

    Attributes:
        sessions: a result for each session that was remembered.
        is_complete: whether it is complete. If not, revoke again.
    """

    sessions: tuple[RevokedSession, ...]
    is_complete: bool


async def cancel_all(client: AsyncChatKit, session_ids: Iterable[str]) -> tuple[RevokedSession, ...]:
    """Cancels sessions, some at once.

    Raises:
        ChatKitError: no call can succeed, as without a key.
    """
    gate = asyncio.Semaphore(AT_ONCE)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_cancelled(client, session_id, gate)) for session_id in session_ids]
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    return tuple(task.result() for task in tasks)


async def _cancelled(client: AsyncChatKit, session_id: str, gate: asyncio.Semaphore) -> RevokedSession:
    async with gate:
        try:
            await client.sessions.cancel(session_id)
        except (NotFoundError, ParamsValidationError):  # gone, or no id that a session could have
            return RevokedSession(session_id)
        except APIError as error:
            return RevokedSession(session_id, error)
    return RevokedSession(session_id)
