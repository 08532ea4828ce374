"""Reads the items of a thread, and hands all steps to the archive off the event loop, many in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import ExitStack, aclosing, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
from anyio import to_thread

from .._core.thread_rows import LIST_THREAD_ITEMS
from ..errors import NotFoundError
from ..types.thread_operations import MAX_PAGE_SIZE, ThreadListItemsParams
from ._file import ArchiveSettings, explained, opened_for_writing
from ._job import in_thread
from ._pages import Element, RawPage, elements_of, page_of
from ._requests import LISTING_ATTEMPTS, JobRequests, ListingLostError, list_pages, unreadable
from ._statements import START, Anchor, HeldThread, Saved, save_pages

T = TypeVar("T")
DatabaseWork = Callable[[sqlite3.Connection], T]

LINGER_S = 0.1  # Threads read within it share a transaction; after a kill, the next run reads them again.
MOST_WAITING = 128  # steps, before those who add more wait
CHUNK = 1000  # items of a long thread that are saved together, so that memory is bounded
Then = Callable[[Saved | None], None]


class Writer:
    """The one connection of a job. Use it inside `running()`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._steps: list[_DatabaseStep] = []
        self._has_steps = anyio.Event()
        self._is_urgent = anyio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Writes as long as it is open; what was added before its end is written."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._write)
            yield
            await self.flush()
            tasks.cancel_scope.cancel()

    async def run(self, work: DatabaseWork[T]) -> T:
        """What the work returns, after all that was added before; its error, if it raises one."""
        step = _DatabaseStep(work, None)
        await self._until_done(step)
        result: T = step.result
        return result

    async def add(self, work: DatabaseWork[T], then: Callable[[T], None]) -> None:
        """Does the work soon, and calls `then` with its result; its error ends the job."""
        step = _DatabaseStep(work, then)
        if len(self._steps) < MOST_WAITING:
            self._append(step)
        else:
            await self._until_done(step)

    async def flush(self) -> None:
        """Returns when all that was added is written, and each `then` was called."""
        await self.run(_nothing)

    def run_now(self, work: DatabaseWork[T]) -> T:
        """The same at once, in the calling thread."""
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:  # commits
            return work(self._database)

    async def _until_done(self, step: _DatabaseStep) -> None:
        is_done = step.is_done = anyio.Event()
        self._append(step)
        self._is_urgent.set()
        await is_done.wait()

    def _append(self, step: _DatabaseStep) -> None:
        self._steps.append(step)
        if len(self._steps) == 1:
            self._has_steps.set()

    async def _write(self) -> None:
        while True:
            await self._has_steps.wait()
            with anyio.move_on_after(LINGER_S):
                await self._is_urgent.wait()
            steps, self._steps = self._steps, []
            self._has_steps, self._is_urgent = anyio.Event(), anyio.Event()
            await to_thread.run_sync(self._do, steps)
            for step in steps:
                if step.then is not None:
                    step.then(step.result)
                if step.is_done is not None:
                    step.is_done.set()

    def _do(self, steps: Sequence[_DatabaseStep]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:  # commits all steps in one transaction
            for step in steps:
                step.result = step.work(self._database)


@asynccontextmanager
async def opened_writer(path: Path, settings: ArchiveSettings) -> AsyncGenerator[Writer]:
    """The writer of an archive, which is opened and closed off the event loop.

    Raises:
        ArchiveError: as `opened_for_writing`; also for what SQLite raises inside the block.
    """
    with explained(path), ExitStack() as file:
        writer = Writer(await in_thread(partial(file.enter_context, opened_for_writing(path, settings))))
        try:
            yield writer
        finally:
            with anyio.CancelScope(shield=True):
                await in_thread(file.close)


class _DatabaseStep:
    __slots__ = ("is_done", "result", "then", "work")

    def __init__(self, work: DatabaseWork[Any], then: Callable[[Any], None] | None) -> None:
        self.work = work
        self.then = then
        self.result: Any = None
        self.is_done: anyio.Event | None = None  # only where the step is waited for


def _nothing(database: sqlite3.Connection) -> None:
    """A step to wait for."""


async def read_items(requests: JobRequests, writer: Writer, run: int, thread: HeldThread, then: Then) -> None:
    """Reads a thread and saves it; calls `then` with what the archive gained, or with None if the thread is gone.

    Reading begins at the last item held, so one request tells whether the thread is unchanged. If the item there is
    another one, the API does not know the cursor any more, and the thread is read from its start.

    Raises:
        APIError: it cannot be read.
    """
    lost: ListingLostError | None = None
    for number in range(1, LISTING_ATTEMPTS + 1):
        reading = _Reading(requests, writer, run, thread, is_last_attempt=number == LISTING_ATTEMPTS)
        try:
            return await reading.read(then)
        except ListingLostError as error:
            lost = error
            thread = thread._replace(anchor=START, held=max(thread.held, reading.saved_until))
    raise unreadable(LIST_THREAD_ITEMS.name, f"the listing is broken: {lost}")


class _Reading:
    """One listing of the items.

    Args:
        requests: reads the pages.
        writer: saves the items.
        run: this run's number.
        thread: what is held, and where to begin.
        is_last_attempt: accepts duplicate items and an early end.
    """

    def __init__(
        self, requests: JobRequests, writer: Writer, run: int, thread: HeldThread, *, is_last_attempt: bool
    ) -> None:
        self._requests = requests
        self._writer = writer
        self._run = run
        self._thread = thread
        self._is_last_attempt = is_last_attempt
        self._pages: list[RawPage] = []
        self._seen: set[str | None] = set()
        self._previous_id = thread.anchor.cursor
        self._end = thread.anchor.position
        self._first_open: Anchor | None = None
        self._last = START
        self._gained = Saved(0, False)
        self.saved_until = thread.anchor.position

    async def read(self, then: Then) -> None:
        anchor = self._thread.anchor
        params = ThreadListItemsParams(
            thread_id=self._thread.thread_id, after=anchor.cursor, limit=MAX_PAGE_SIZE, order="asc"
        )
        pages, is_whole = list_pages(self._requests, LIST_THREAD_ITEMS, params, trusts_end=self._is_last_attempt), True
        try:
            async with aclosing(pages):
                async for page in pages:
                    self._check_start(page)
                    self._add(page)
                    if self._end - self.saved_until >= CHUNK and self._end >= self._thread.held:
                        self._gain(await self._writer.run(self._step(is_last=False)))
        except NotFoundError:
            is_whole = False
        await self._writer.add(
            self._step(is_last=is_whole), lambda saved: then(self._gain(saved) if is_whole else None)
        )

    def _check_start(self, page: RawPage) -> None:
        expected_id = self._thread.anchor.expected_id
        if expected_id is not None and not self._seen and (not page.ids or page.ids[0] != expected_id):
            raise ListingLostError(f"item {expected_id} is not where it was")

    def _add(self, page: RawPage) -> None:
        new = {*page.ids} - {None}
        if len(new) + page.ids.count(None) < len(page.ids) or not self._seen.isdisjoint(new):
            if not self._is_last_attempt:
                raise ListingLostError("items came twice")
            page = self._without_seen(page)
        self._seen |= new
        if not page.ids:
            return
        ids = (self._previous_id, *page.ids)
        if self._first_open is None and page.first_open is not None:
            at = page.first_open
            self._first_open = Anchor(self._end + at, *ids[at : at + 2])
        self._pages.append(page)
        self._end += len(page.ids)
        self._last, self._previous_id = Anchor(self._end - 1, *ids[-2:]), page.ids[-1]

    def _without_seen(self, page: RawPage) -> RawPage:
        fresh: list[Element] = []
        for element in elements_of(page.body):
            if element.id is None or element.id not in self._seen:
                fresh.append(element)
                self._seen.add(element.id)
        return page_of(fresh)

    def _step(self, *, is_last: bool) -> partial[Saved]:
        """Saves the pages read since the last step."""
        first, pages, self._pages, self.saved_until = self.saved_until, self._pages, [], self._end
        anchor = self._first_open or self._last
        if anchor.cursor is None:
            anchor = START
        thread, run = self._thread, self._run
        return partial(save_pages, run=run, thread=thread, first=first, pages=pages, anchor=anchor, is_last=is_last)

    def _gain(self, saved: Saved) -> Saved:
        gained = self._gained
        self._gained = Saved(gained.added + saved.added, gained.has_changed or saved.has_changed)
        return self._gained
