"""`archive`: copies threads and their items into a file, exactly and resumably."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import aclosing, suppress
from functools import partial
from typing import Never

import anyio

from .._async.client import AsyncChatKit
from .._core.options import wrong_method_call
from .._core.thread_rows import LIST_THREADS
from ..errors import APIError, ChatKitError, ParamsValidationError
from ..types.thread_operations import MAX_PAGE_SIZE, ThreadListParams
from ._file import database_path
from ._job import (
    HandOut,
    Job,
    JobOptions,
    checked_options,
    checked_users,
    first_error_raised,
    in_thread,
    settings_of,
    workers,
)
from ._pages import RawPage
from ._reports import ArchiveReport, Progress, Stage, ThreadFailure
from ._requests import LISTING_ATTEMPTS, ListingLostError, list_pages, unreadable
from ._saving import Writer, opened_writer, read_items
from ._statements import (
    Found,
    HeldThread,
    Saved,
    ThreadPositions,
    begin_run,
    end_run,
    mark_gone,
    mark_listed,
    save_listed,
    unlisted_threads,
)

LISTING_ROUNDS = 5  # An undisturbed run needs two; new threads and failures need more.
ROUNDS_FOR_FAILED = 3  # A thread that failed in so many rounds fails the run.


async def archive(
    client: AsyncChatKit,
    path: str | os.PathLike[str],
    *,
    user: str | None = None,
    users: Iterable[str] | None = None,
    concurrency: int = 8,
    requests_per_second: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    **unexpected: Never,
) -> ArchiveReport:
    """Copy threads and their items into one SQLite file, or bring such a file up to date.

    The JSON is stored as it comes, unknown kinds and fields included. A thread is written whole or not at all (one of
    more than 1,000 items in parts): a run that is killed, interrupted or cancelled loses at most the threads under way,
    and the next run does the rest. A later run sends one request for a thread that is unchanged and reads only the new
    items of others; a thread that is gone is kept, and marked. At its end a run lists all threads again, until a
    listing shows none that it has not read, five listings at most; if the last shows that the one before left some out,
    `is_complete` is False.

    Wire form: `GET /chatkit/threads`, `GET /chatkit/threads/{thread_id}/items`; `GET /chatkit/threads/{thread_id}` for
    threads that are no longer listed.

    Example:
        report = await archive(client, "threads.chatkit")
        if not report.is_complete:
            print(report.failures, report.stopped)

    Args:
        client: reads the threads. Its `timeout` holds for each request; retries are the job's, at least five.
        path: the file to make or to continue; its mode is 0600.
        user: only threads of this user, 1 to 512 characters; default: all users of the project.
        users: only threads of these users.
        concurrency: threads read at the same time, 1 to 100; default 8.
        requests_per_second: at most so many requests are sent, above 0; default: as fast as responses come. When the
            API asks to wait (429, 503), all requests of the job wait in any case.
        on_progress: called with a `Progress` after each page and thread; what it raises ends the run.
        unexpected: refused with a `TypeError` that names the right keyword.

    Returns:
        A report. Failures of the API are in it, they raise nothing.

    Raises:
        ParamsValidationError: arguments that cannot work; nothing was sent.
        ArchiveError: the file cannot be used, another process uses it, or it was made with other settings.
        ConfigurationError, ClientClosedError: the client cannot send anything.

    Source: ChatKit REST API, ListThreadsMethod and ListThreadItemsMethod.
    """
    if unexpected:
        raise wrong_method_call(archive, unexpected, {})
    chosen = checked_users("archive", user, users)
    options = checked_options("archive", client, concurrency, requests_per_second, on_progress)
    file = database_path(path)
    async with opened_writer(file, settings_of(client, chosen)) as writer:
        return await ArchiveRun(options, writer, str(file), chosen).result()


class ArchiveRun(Job):
    """One run of `archive`: lists all threads in rounds, until a round shows none that was not read."""

    def __init__(self, options: JobOptions, writer: Writer, path: str, users: tuple[str, ...] | None) -> None:
        super().__init__(options)
        self._writer = writer
        self._path = path
        self._requests_per_second = options.requests_per_second
        self._users: tuple[str | None, ...] = users or (None,)
        self._run = self._first_listing = self._listing_number = 0
        self._under_way: set[str] = set()
        self._new_unread: set[str] = set()
        # The keys: a thread's id, its position if it has no id, None for a listing.
        self._failures: dict[str | int | None, ThreadFailure] = {}
        self._new = self._changed = self._unchanged = self._gone = self._items = 0

    async def result(self) -> ArchiveReport:
        """The report; the run's state is in the file however it ends."""
        try:
            with first_error_raised():
                async with self._writer.running():
                    return await self._result()
        except BaseException:
            end = partial(end_run, run=self._run, state="interrupted", now_s=_now_s(), report=None)
            with anyio.CancelScope(shield=True), suppress(sqlite3.Error):  # the error under way says more
                await in_thread(partial(self._writer.run_now, end))
            raise

    async def _result(self) -> ArchiveReport:
        begin = partial(begin_run, now_s=_now_s(), pace=self._requests_per_second)
        self._run, self._first_listing = await self._writer.run(begin)
        self._listing_number = self._first_listing - 1
        report = self._report(is_proved=await self._list_until_proved())
        state, text = "complete" if report.is_complete else "incomplete", json.dumps(report.to_dict())
        self._report_progress("done")
        await self._writer.run(partial(end_run, run=self._run, state=state, now_s=_now_s(), report=text))
        return report

    async def _list_until_proved(self) -> bool:
        """Whether the last round showed nothing that an earlier one had missed."""
        first_of_round, found = 0, Found(self._first_listing)
        for number in range(1, LISTING_ROUNDS + 1):
            first_of_round, found = self._listing_number + 1, Found(self._first_listing)
            self._failures.pop(None, None)
            self._listed = 0
            async with workers(self._concurrency, self._read) as hand_out:
                for user in self._users:
                    await self._list(user, found, hand_out, "listing" if number == 1 else "checking")
            await self._writer.flush()
            if self._stopped is not None:
                return False
            if number > 1 and not found.new and not (self._failures and number < ROUNDS_FOR_FAILED):
                break
        if None in self._failures:
            return False
        unlisted = await self._writer.run(partial(unlisted_threads, run=self._run, first_listing=first_of_round))
        async with workers(min(self._concurrency, len(unlisted)), self._check_unlisted) as hand_out:
            await hand_out(unlisted)
        return found.missed == 0 and self._stopped is None

    async def _list(self, user: str | None, found: Found, hand_out: HandOut[HeldThread], stage: Stage) -> None:
        lost: ListingLostError | None = None
        for number in range(1, LISTING_ATTEMPTS + 1):
            self._listing_number += 1
            params = ThreadListParams(user=user, limit=MAX_PAGE_SIZE, order="asc")
            pages = list_pages(self._requests, LIST_THREADS, params, trusts_end=number == LISTING_ATTEMPTS)
            place = ThreadPositions(user)
            try:
                async with aclosing(pages):
                    async for page in pages:
                        await self._take_page(page, place, found, hand_out)
                        self._report_progress(stage)
                        if self._stopped is not None:
                            break
            except ListingLostError as error:
                lost = error
                self._listed -= place.count
            except APIError as error:
                return self._failures.update({None: self._failed_listing(error)})
            else:
                return None
        broken = unreadable(LIST_THREADS.name, f"the listing is broken: {lost}")
        return self._failures.update({None: self._failed_listing(broken)})

    async def _take_page(
        self, page: RawPage, place: ThreadPositions, found: Found, hand_out: HandOut[HeldThread]
    ) -> None:
        self._listed += len(page.ids)
        if found.new == 0 and await self._is_all_read(page, place):
            return
        listed = place.listed(page)
        for position in place.without_id:
            reason = f"thread {position} of the listing has no id, so its items cannot be read"
            self._failures[position] = ThreadFailure(thread_id=None, reason=reason)
        # Taken before the save: a thread that finishes during it may look unread, and would be read twice.
        under_way = frozenset(self._under_way)
        held = await self._writer.run(partial(save_listed, run=self._run, listing=self._listing_number, listed=listed))
        if any(thread.last_listing == self._listing_number for thread in held):
            raise ListingLostError("threads came twice")
        for thread in held:
            found.add(thread)
            if thread.is_new and thread.thread_id not in self._new_unread:
                self._new += 1
                self._new_unread.add(thread.thread_id)
        due = [thread for thread in held if not thread.is_read and thread.thread_id not in under_way]
        self._under_way.update(thread.thread_id for thread in due)
        await hand_out(due)

    async def _is_all_read(self, page: RawPage, place: ThreadPositions) -> bool:
        """Whether this run has read all threads of the page: a round that only proves that is cheap."""
        mark = partial(mark_listed, run=self._run, listing=self._listing_number, thread_ids=page.ids)
        sort_at = None if self._listing_number == self._first_listing else await self._writer.run(mark)
        if sort_at is None:
            return False
        place.skip(len(page.ids), sort_at)
        return True

    async def _read(self, thread: HeldThread) -> None:
        if self._stopped is not None:
            return
        try:
            await read_items(self._requests, self._writer, self._run, thread, partial(self._finished, thread))
        except (APIError, ParamsValidationError) as error:
            self._failed(thread.thread_id, error)

    async def _check_unlisted(self, thread: HeldThread) -> None:
        """A thread that the last round did not show is gone, or was left out by mistake."""
        try:
            is_gone = await self._requests.retrieve(thread.thread_id) is None
        except (APIError, ParamsValidationError) as error:
            return self._failed(thread.thread_id, error)
        if not is_gone:
            return None if thread.is_read else await self._read(thread)
        self._gone += 1
        self._failures.pop(thread.thread_id, None)
        return await self._writer.run(partial(mark_gone, key=thread.key, now_s=_now_s()))

    def _finished(self, thread: HeldThread, saved: Saved | None) -> None:
        self._failures_in_a_row = 0
        self._under_way.discard(thread.thread_id)
        if saved is None:  # unless it is listed again, it is found to be gone at the end
            reason = "the API lists this thread but responds with 404 for its items"
            self._failures[thread.thread_id] = ThreadFailure(thread_id=thread.thread_id, reason=reason, status=404)
        else:
            self._failures.pop(thread.thread_id, None)
            self._items += saved.added
            is_new, has_changed = thread.thread_id in self._new_unread, thread.has_changed or any(saved)
            self._changed += has_changed and not is_new
            self._unchanged += not has_changed and not is_new
            self._new_unread.discard(thread.thread_id)
        self._report_progress("reading")

    def _failed(self, thread_id: str, error: ChatKitError) -> None:
        self._failures[thread_id] = ThreadFailure.of(thread_id, error)
        self._under_way.discard(thread_id)
        self._stop_in_outage(error)
        self._report_progress("reading")

    def _report(self, *, is_proved: bool) -> ArchiveReport:
        return ArchiveReport(
            path=self._path,
            is_complete=is_proved and not self._failures,
            threads=self._listed,
            new=self._new,
            changed=self._changed,
            unchanged=self._unchanged,
            gone=self._gone,
            items=self._items,
            failures=tuple(self._failures.values()),
            stopped=self._stopped,
            requests=self._requests.sent,
            elapsed_s=self._elapsed_s,
        )

    def _counts(self) -> tuple[int, int, int]:
        done = self._new + self._changed + self._unchanged - len(self._new_unread)
        return done, len(self._failures), self._items


def _now_s() -> int:
    return int(time.time())
