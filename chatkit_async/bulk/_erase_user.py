"""`erase_user`: what a person's request for erasure needs, in the right order."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from .._async.client import AsyncChatKit
from ..errors import APIError
from ._choices import checked_pace, checked_users
from ._erase import erase
from ._erase_plan import list_threads
from ._erase_reports import EraseReport, EraseUserReport
from ._reports import Progress
from ._requests import JobRequests, Limiter

if TYPE_CHECKING:
    from ..broker import AsyncSessionBroker

MOST_ROUNDS = 3


async def erase_user(
    broker: AsyncSessionBroker,
    client: AsyncChatKit,
    user: str,
    *,
    archived_in: str | os.PathLike[str] | None = None,
    concurrency: int = 8,
    requests_per_second: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> EraseUserReport:
    """Delete everything that the API keeps of one user: revoke the live sessions, erase the threads, look again.

    Sign the user out of your app first, so that it asks the broker for no new session. If one is made all the same,
    it is revoked, and the threads are erased once more, three rounds at most.

    Wire form: `POST /chatkit/sessions/{session_id}/cancel`, then as for `erase`.

    Example:
        report = await erase_user(broker, client, "user_123")
        if not report.is_complete:
            print(report.left, report.failed_sessions)

    Args:
        broker: knows the user's sessions.
        client: lists and deletes the threads.
        user: the user, 1 to 512 characters.
        archived_in, concurrency, requests_per_second, on_progress: as for `erase`.

    Returns:
        One report. Failures of the API are in it, they raise nothing.

    Raises:
        ParamsValidationError, ArchiveError, ConfigurationError, ClientClosedError: as for `erase`.

    Source: ChatKit REST API, CancelChatSessionMethod and DeleteThreadMethod.
    """
    checked_users("erase_user", user, None)
    checked_pace("erase_user", concurrency, requests_per_second)
    sessions: dict[str, bool] = {}
    erasures: list[EraseReport] = []
    is_known = await _revoke(broker, user, sessions)
    left: tuple[str, ...] | None = None
    for _ in range(MOST_ROUNDS):
        erasures.append(
            await erase(
                client,
                user=user,
                archived_in=archived_in,
                concurrency=concurrency,
                requests_per_second=requests_per_second,
                on_progress=on_progress,
            )
        )
        before = len(sessions)
        is_known = await _revoke(broker, user, sessions)
        left = await _left(client, user)
        tried = {one.thread_id for one in erasures[-1].threads}
        if erasures[-1].stopped is not None or (len(sessions) == before and tried.issuperset(left or ())):
            break
    failed = tuple(session_id for session_id, has_ended in sessions.items() if not has_ended)
    return EraseUserReport(
        user=user,
        is_complete=erasures[-1].is_complete and left == () and not failed and is_known,
        sessions=tuple(session_id for session_id, has_ended in sessions.items() if has_ended),
        failed_sessions=failed,
        is_revocation_complete=is_known,
        erasures=tuple(erasures),
        left=left or (),
    )


async def _revoke(broker: AsyncSessionBroker, user: str, sessions: dict[str, bool]) -> bool:
    """Notes the sessions that ended, and those that did not; whether the broker knew all."""
    revocation = await broker.revoke(user)
    for session in revocation.sessions:
        sessions[session.session_id] = session.error is None
    return revocation.is_complete


async def _left(client: AsyncChatKit, user: str) -> tuple[str, ...] | None:
    """What a listing still shows, threads made meanwhile included; None if it failed."""
    requests = JobRequests(client, Limiter(None, lambda _: None))
    try:
        return tuple(one.thread_id for one in await list_threads(requests, user, lambda _: None))
    except APIError:
        return None
