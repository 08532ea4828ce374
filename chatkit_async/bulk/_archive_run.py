"""One run of `archive`: looks over the listing until one shows nothing that was not read."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from functools import partial
from time import monotonic

import anyio

from .._async.client import AsyncChatKit
from .._core.thread_rows import LIST_THREADS
from ..errors import APIError, ChatKitError, ParamsValidationError
from ..types.thread_operations import ThreadListParams
from ._listing import MOST_WALKS, PAGE_SIZE, ListingLostError, walk
from ._pages import RawPage
from ._places import Found, Place
from ._read_items import read_items
from ._reports import ArchiveReport, Progress, Stage, ThreadFailure
from ._requests import JobRequests, Limiter, ends_the_job, is_outage, unreadable
from ._statements import (
    HeldThread,
    Saved,
    begin_run,
    end_run,
    mark_gone,
    mark_listed,
    save_listed,
    unlisted_threads,
)
from ._tasks import HandOut, first_error_raised, in_thread, workers
from ._writer import Writer

MOST_LOOKS = 5  # walks over the whole listing in one run; two where nothing goes wrong
LOOKS_FOR_FAILED = 3  # a thread that failed in so many looks fails the run
OUTAGE_FAILURES = 10  # threads in a row that the API failed on: it is down


class ArchiveRun:
    """One run.

    Args:
        client: reads the threads.
        writer: saves them.
        path: the archive, for the report.
        users: the user filter; None for all users.
        concurrency: threads read at the same time.
        requests_per_second: the pace; None for none.
        on_progress: told of each step.
    """

    def __init__(  # noqa: PLR0917
        self,
        client: AsyncChatKit,
        writer: Writer,
        path: str,
        users: tuple[str, ...] | None,
        concurrency: int,
        requests_per_second: float | None,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._requests = JobRequests(client, Limiter(requests_per_second, lambda wait_s: self._tell("waiting", wait_s)))
        self._writer = writer
        self._path = path
        self._users: tuple[str | None, ...] = users or (None,)
        self._concurrency = concurrency
        self._on_progress = on_progress
        self._began_s = monotonic()
        self._run = self._first_walk = self._walk_number = 0
        self._under_way: set[str] = set()
        self._new_unread: set[str] = set()
        self._failures: dict[str | int | None, ThreadFailure] = {}  # by thread, by place for one without id, by None
        self._failures_in_a_row = 0
        self._stopped: str | None = None
        self._listed = self._new = self._changed = self._unchanged = self._gone = self._items = 0

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
        self._run, self._first_walk = await self._writer.run(partial(begin_run, now_s=_now_s()))
        self._walk_number = self._first_walk - 1
        report = self._report(is_proved=await self._look_until_proved())
        state, text = "complete" if report.is_complete else "incomplete", json.dumps(report.to_dict())
        self._tell("done")
        await self._writer.run(partial(end_run, run=self._run, state=state, now_s=_now_s(), report=text))
        return report

    async def _look_until_proved(self) -> bool:
        """Whether the last look found nothing that an earlier one had missed."""
        last_look, found = 0, Found(self._first_walk)
        for number in range(1, MOST_LOOKS + 1):
            last_look, found = self._walk_number + 1, Found(self._first_walk)
            self._failures.pop(None, None)
            self._listed = 0
            async with workers(self._concurrency, self._read) as hand_out:
                for user in self._users:
                    await self._list(user, found, hand_out, "listing" if number == 1 else "checking")
            await self._writer.flush()
            if self._stopped is not None:
                return False
            if number > 1 and not found.new and not (self._failures and number < LOOKS_FOR_FAILED):
                break
        if None in self._failures:
            return False
        async with workers(self._concurrency, self._check_unlisted) as hand_out:
            await hand_out(await self._writer.run(partial(unlisted_threads, run=self._run, first_walk=last_look)))
        return found.missed == 0 and self._stopped is None

    async def _list(self, user: str | None, found: Found, hand_out: HandOut[HeldThread], stage: Stage) -> None:
        lost: ListingLostError | None = None
        for number in range(1, MOST_WALKS + 1):
            self._walk_number += 1
            params = ThreadListParams(user=user, limit=PAGE_SIZE, order="asc")
            pages = walk(self._requests, LIST_THREADS, params, trusts_end=number == MOST_WALKS)
            place = Place(user)
            try:
                async with aclosing(pages):
                    async for page in pages:
                        await self._take_page(page, place, found, hand_out)
                        self._tell(stage)
                        if self._stopped is not None:
                            break
            except ListingLostError as error:
                lost = error
                self._listed -= place.count
            except APIError as error:
                return self._listing_failed(error)
            else:
                return None
        return self._listing_failed(unreadable(LIST_THREADS.name, f"the listing is broken: {lost}"))

    async def _take_page(self, page: RawPage, place: Place, found: Found, hand_out: HandOut[HeldThread]) -> None:
        self._listed += len(page.ids)
        if found.new == 0 and await self._is_all_read(page, place):
            return
        listed = place.listed(page)
        for position in place.without_id:
            reason = f"thread {position} of the listing has no id, so its items cannot be read"
            self._failures[position] = ThreadFailure(thread_id=None, reason=reason)
        under_way = frozenset(self._under_way)  # what ends while the page is saved is not seen as read by it
        held = await self._writer.run(partial(save_listed, run=self._run, walk=self._walk_number, listed=listed))
        if any(thread.listed_in_walk == self._walk_number for thread in held):
            raise ListingLostError("threads came twice")
        for thread in held:
            found.add(thread)
            if thread.is_new:
                self._new += 1
                self._new_unread.add(thread.thread_id)
        due = [thread for thread in held if not thread.is_read and thread.thread_id not in under_way]
        self._under_way.update(thread.thread_id for thread in due)
        await hand_out(due)

    async def _is_all_read(self, page: RawPage, place: Place) -> bool:
        """Whether this run has read all threads of the page: a look that only proves that is cheap."""
        mark = partial(mark_listed, run=self._run, walk=self._walk_number, thread_ids=page.ids)
        sort_at = None if self._walk_number == self._first_walk else await self._writer.run(mark)
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
        """A thread that the last look did not show is gone, or was left out by mistake."""
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
            reason = "the API says that there is no such thread, and lists it"
            self._failures[thread.thread_id] = ThreadFailure(thread_id=thread.thread_id, reason=reason, status=404)
        else:
            self._failures.pop(thread.thread_id, None)
            self._items += saved.added
            is_new, has_changed = thread.thread_id in self._new_unread, thread.has_changed or any(saved)
            self._changed += has_changed and not is_new
            self._unchanged += not has_changed and not is_new
            self._new_unread.discard(thread.thread_id)
        self._tell("reading")

    def _failed(self, thread_id: str, error: ChatKitError) -> None:
        self._failures[thread_id] = ThreadFailure.of(thread_id, error)
        self._under_way.discard(thread_id)
        if isinstance(error, APIError):
            self._failures_in_a_row = self._failures_in_a_row + 1 if is_outage(error) else 0
            if ends_the_job(error) or self._failures_in_a_row >= OUTAGE_FAILURES:
                self._stopped = str(error)
        self._tell("reading")

    def _listing_failed(self, error: APIError) -> None:
        self._failures[None] = ThreadFailure.of(None, error)
        if ends_the_job(error) or is_outage(error):
            self._stopped = f"the threads cannot be listed: {error}"

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
            elapsed_s=round(monotonic() - self._began_s, 3),
        )

    def _tell(self, stage: Stage, wait_s: float = 0.0) -> None:
        if self._on_progress is None:
            return
        self._on_progress(
            Progress(
                job="archive",
                stage=stage,
                listed=self._listed,
                done=self._new + self._changed + self._unchanged - len(self._new_unread),
                failed=len(self._failures),
                items=self._items,
                requests=self._requests.sent,
                elapsed_s=round(monotonic() - self._began_s, 3),
                wait_s=wait_s,
            )
        )


def _now_s() -> int:
    return int(time.time())
