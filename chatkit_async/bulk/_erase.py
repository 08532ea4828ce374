"""`erase`, `retain` and `erase_user`: delete threads, and prove that they are gone."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Never

from .._async.client import AsyncChatKit
from .._core.options import wrong_method_call
from ..errors import APIError
from ._erase_plan import before_age, choice_of, list_threads, opened_archive
from ._erase_run import EraseRun
from ._job import check_async, check_flag, checked_options, checked_users
from ._reports import EraseReport, EraseUserReport, Progress
from ._requests import JobRequests, Limiter

if TYPE_CHECKING:
    from ..broker import AsyncSessionBroker

ERASE_USER_ROUNDS = 3  # A user who keeps making sessions and threads must not keep the job running.


async def erase(
    client: AsyncChatKit,
    *,
    user: str | None = None,
    users: Iterable[str] | None = None,
    thread_ids: Iterable[str] | None = None,
    all_users: bool = False,
    created_before: float | datetime | None = None,
    archived_in: str | os.PathLike[str] | None = None,
    dry_run: bool = False,
    concurrency: int = 8,
    requests_per_second: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    **unexpected: Never,
) -> EraseReport:
    """Delete threads with all their items, for good, and prove that they are gone.

    All ids are collected before the first thread is deleted; then the listing is read again until it shows none of
    them, five times at most; a thread that is left then is "failed" in the report. Threads made after the job began are
    not touched. Run it again after an interruption: what is gone stays gone.

    Wire form: `GET /chatkit/threads`, `DELETE /chatkit/threads/{thread_id}`; with `thread_ids` also
    `GET /chatkit/threads/{thread_id}`, with `archived_in` `GET /chatkit/threads/{thread_id}/items`.

    Example:
        plan = await erase(client, user="user_123", dry_run=True)
        report = await erase(client, user="user_123", archived_in="threads.chatkit")

    Args:
        client: lists and deletes. Its `timeout` holds for each request; retries are the job's, at least five.
        user: the threads of this user, 1 to 512 characters.
        users: the threads of these users.
        thread_ids: these threads; one request each checks that they are gone.
        all_users: True for the threads of all users of the project. Exactly one of these four must be given.
        created_before: only threads created before this time: Unix seconds, or a datetime with a time zone; default:
            of any age. A thread without `created_at` is kept, and named.
        archived_in: an archive of the same API and project; a thread is deleted only if it holds it whole and
            unchanged, others are kept, and named. Default: delete in any case.
        dry_run: delete nothing, and report what would be deleted; default False.
        concurrency: threads deleted at the same time, 1 to 100; default 8.
        requests_per_second: at most so many requests are sent, above 0; default: as fast as responses come. When the
            API asks to wait (429, 503), all requests of the job wait in any case.
        on_progress: called with a `Progress` after each page and thread; what it raises ends the job.
        unexpected: refused with a `TypeError` that names the right keyword.

    Returns:
        A report with a result for each thread. Failures of the API are in it, they raise nothing.

    Raises:
        ParamsValidationError: no choice, more than one, or arguments that cannot work; nothing was sent.
        ArchiveError: the archive cannot be read, or is of another API or project; nothing was sent.
        ConfigurationError, ClientClosedError: the client cannot send anything.

    Source: ChatKit REST API, DeleteThreadMethod.
    """
    if unexpected:
        raise wrong_method_call(erase, unexpected, {})
    options = checked_options("erase", client, concurrency, requests_per_second, on_progress)
    check_flag("erase", "dry_run", dry_run)
    choice = choice_of("erase", user, users, thread_ids, all_users, created_before)
    with ExitStack() as stack:
        archive = opened_archive(client, archived_in, stack)
        return await EraseRun(options, choice, archive, dry_run=dry_run).result()


async def retain(
    client: AsyncChatKit,
    *,
    older_than: float | timedelta,
    user: str | None = None,
    users: Iterable[str] | None = None,
    all_users: bool | None = None,
    archived_in: str | os.PathLike[str] | None = None,
    dry_run: bool = False,
    concurrency: int = 8,
    requests_per_second: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    **unexpected: Never,
) -> EraseReport:
    """Delete the threads that are older than an age, as a nightly job does; the others are retained.

    It is `erase(created_before=...)`; the age counts from a thread's creation, by this machine's clock.

    Wire form: as for `erase`.

    Example:
        report = await retain(client, older_than=timedelta(days=90), archived_in="threads.chatkit")

    Args:
        client, user, users, archived_in, dry_run, concurrency, requests_per_second, on_progress, unexpected: as for
            `erase`.
        older_than: the age: a timedelta, or seconds above 0.
        all_users: the threads of all users; default: True unless `user` or `users` is given.

    Returns:
        A report with a result for each thread that is old enough.

    Raises:
        ParamsValidationError, ArchiveError, ConfigurationError, ClientClosedError: as for `erase`.

    Source: ChatKit REST API, DeleteThreadMethod.
    """
    if unexpected:
        raise wrong_method_call(retain, unexpected, {})
    options = checked_options("retain", client, concurrency, requests_per_second, on_progress)
    check_flag("retain", "dry_run", dry_run)
    created_before = before_age(older_than)
    is_all = (user is None and users is None) if all_users is None else all_users
    choice = choice_of("retain", user, users, None, is_all, created_before)
    with ExitStack() as stack:
        archive = opened_archive(client, archived_in, stack)
        return await EraseRun(options, choice, archive, dry_run=dry_run).result()


async def erase_user(
    broker: AsyncSessionBroker,
    client: AsyncChatKit,
    user: str,
    *,
    archived_in: str | os.PathLike[str] | None = None,
    concurrency: int = 8,
    requests_per_second: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    **unexpected: Never,
) -> EraseUserReport:
    """Delete everything that the API keeps of one user: revoke the live sessions, erase the threads, list them again.

    It cannot forbid new sessions, since your app decides who gets one: block the account first, in whatever `identify`
    checks, and sign the user out. If a session is made during the run all the same, it revokes again and erases again,
    three rounds at most; what is left then is in the report, and `is_complete` is False.

    Wire form: `POST /chatkit/sessions/{session_id}/cancel`, then as for `erase`.

    Example:
        report = await erase_user(broker, client, "user_123")
        if not report.is_complete:
            print(report.left, report.failed_sessions)

    Args:
        broker: knows the user's sessions.
        client: lists and deletes the threads.
        user: the user, 1 to 512 characters.
        archived_in, concurrency, requests_per_second, on_progress, unexpected: as for `erase`.

    Returns:
        One report. Failures of the API are in it, they raise nothing.

    Raises:
        ParamsValidationError, ArchiveError, ConfigurationError, ClientClosedError: as for `erase`.

    Source: ChatKit REST API, CancelChatSessionMethod and DeleteThreadMethod.
    """
    if unexpected:
        raise wrong_method_call(erase_user, unexpected, {})
    from ..broker import AsyncSessionBroker  # noqa: PLC0415 - the other jobs need none

    check_async("erase_user", broker, AsyncSessionBroker)
    checked_users("erase_user", user, None)
    checked_options("erase_user", client, concurrency, requests_per_second, on_progress)
    erasure = partial(
        erase,
        client,
        user=user,
        archived_in=archived_in,
        concurrency=concurrency,
        requests_per_second=requests_per_second,
        on_progress=on_progress,
    )
    return await _UserErasure(broker, client, user, erasure).report()


class _UserErasure:
    """Revokes and erases in rounds, until a listing shows nothing of the user, or a round can do no more."""

    def __init__(
        self, broker: AsyncSessionBroker, client: AsyncChatKit, user: str, erasure: Callable[[], Awaitable[EraseReport]]
    ) -> None:
        self._broker = broker
        self._client = client
        self._user = user
        self._erasure = erasure
        self._sessions: dict[str, bool] = {}  # whether each has ended
        self._is_known = False
        self._erasures: list[EraseReport] = []
        self._left: tuple[str, ...] | None = None

    async def report(self) -> EraseUserReport:
        """Does it."""
        await self._revoke()
        for _ in range(ERASE_USER_ROUNDS):
            if await self._ends_in_this_round():
                break
        failed = tuple(session_id for session_id, has_ended in self._sessions.items() if not has_ended)
        return EraseUserReport(
            user=self._user,
            is_complete=self._erasures[-1].is_complete and self._left == () and not failed and self._is_known,
            sessions=tuple(session_id for session_id, has_ended in self._sessions.items() if has_ended),
            failed_sessions=failed,
            is_revocation_complete=self._is_known,
            erasures=tuple(self._erasures),
            left=self._left or (),
        )

    async def _ends_in_this_round(self) -> bool:
        erasure, before = await self._erasure(), len(self._sessions)
        self._erasures.append(erasure)
        await self._revoke()
        self._left = await self._listed()
        tried = {one.thread_id for one in erasure.threads}
        is_quiet = len(self._sessions) == before and tried.issuperset(self._left or ())
        return is_quiet or erasure.stopped is not None

    async def _revoke(self) -> None:
        """Notes the sessions that ended, those that did not, and whether the broker knew all."""
        revocation = await self._broker.revoke(self._user)
        self._sessions.update((session.session_id, session.error is None) for session in revocation.sessions)
        self._is_known = revocation.is_complete

    async def _listed(self) -> tuple[str, ...] | None:
        """The ids of all threads of the user that a listing still shows; None if it failed."""
        requests = JobRequests(self._client, Limiter(None, lambda _: None))
        try:
            return tuple(one.thread_id for one in await list_threads(requests, self._user, lambda _: None))
        except APIError:
            return None
