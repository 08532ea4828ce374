"""Reads the items of one thread into the archive."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from functools import partial

from .._core.thread_rows import LIST_THREAD_ITEMS
from ..errors import NotFoundError
from ..types.thread_operations import ThreadListItemsParams
from ._listing import MOST_WALKS, PAGE_SIZE, ListingLostError, walk
from ._pages import Element, RawPage, elements_of, page_of
from ._requests import JobRequests, unreadable
from ._statements import START, Anchor, HeldThread, Saved, save_pages
from ._writer import Writer

CHUNK = 1000  # items of a long thread that are saved together, so that memory is bounded

Then = Callable[[Saved | None], None]


async def read_items(requests: JobRequests, writer: Writer, run: int, thread: HeldThread, then: Then) -> None:
    """Reads a thread and saves it; `then` is told what the archive gained, or None if the thread is gone.

    Reading begins at the last item held, so one request tells whether the thread is unchanged. If the item there is
    another one, the API does not know the cursor any more, and the thread is read from its start.

    Raises:
        APIError: it cannot be read.
    """
    lost: ListingLostError | None = None
    for number in range(1, MOST_WALKS + 1):
        reading = _Reading(requests, writer, run, thread, is_patient=number == MOST_WALKS)
        try:
            return await reading.read(then)
        except ListingLostError as error:
            lost = error
            thread = thread._replace(anchor=START, held=max(thread.held, reading.saved_until))
    raise unreadable(LIST_THREAD_ITEMS.name, f"the listing is broken: {lost}")


class _Reading:
    """One walk over the items.

    Args:
        requests: reads the pages.
        writer: saves the items.
        run: this run's number.
        thread: what is held, and where to begin.
        is_patient: items that come twice are passed over, an end against the promise is believed.
    """

    def __init__(
        self, requests: JobRequests, writer: Writer, run: int, thread: HeldThread, *, is_patient: bool
    ) -> None:
        self._requests = requests
        self._writer = writer
        self._run = run
        self._thread = thread
        self._is_patient = is_patient
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
            thread_id=self._thread.thread_id, after=anchor.cursor, limit=PAGE_SIZE, order="asc"
        )
        pages, is_whole = walk(self._requests, LIST_THREAD_ITEMS, params, trusts_end=self._is_patient), True
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
        new = {item_id for item_id in page.ids if item_id is not None}
        if len(new) + page.ids.count(None) < len(page.ids) or not self._seen.isdisjoint(new):
            if not self._is_patient:
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
