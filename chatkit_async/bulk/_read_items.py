"""Reads the items of one thread into the archive."""

from __future__ import annotations

from contextlib import aclosing
from functools import partial

from .._core.thread_rows import LIST_THREAD_ITEMS
from ..errors import NotFoundError
from ..types.thread_operations import ThreadListItemsParams
from ._listing import MOST_WALKS, PAGE_SIZE, ListingLostError, walk
from ._pages import Element, RawPage
from ._requests import JobRequests, unreadable
from ._writer import HeldThread, Saved, Writer, save_items

CHUNK = 1000  # items of a long thread that are saved together, so that memory is bounded


async def read_items(requests: JobRequests, writer: Writer, run: int, thread: HeldThread) -> Saved | None:
    """What the archive gained; None if the thread is gone: what was read of it is saved.

    Reading begins at the last item held, so one request tells whether the thread is unchanged. If the item there is
    another one, the API does not know the cursor any more, and the thread is read from its start.

    Raises:
        APIError: it cannot be read.
    """
    lost: ListingLostError | None = None
    for number in range(1, MOST_WALKS + 1):
        reading = _Reading(requests, writer, run, thread, is_patient=number == MOST_WALKS)
        try:
            return await reading.result()
        except ListingLostError as error:
            lost = error
            thread = thread._replace(first=0, cursor=None, expected_id=None, held=max(thread.held, reading.saved_until))
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
        self._elements: list[Element] = []
        self._seen: set[str] = set()
        self._added, self._has_changed = 0, False
        self.saved_until = 0

    async def result(self) -> Saved | None:
        params = ThreadListItemsParams(
            thread_id=self._thread.thread_id, after=self._thread.cursor, limit=PAGE_SIZE, order="asc"
        )
        pages = walk(self._requests, LIST_THREAD_ITEMS, params, trusts_end=self._is_patient)
        is_whole = True
        try:
            async with aclosing(pages):
                async for page in pages:
                    self._add(page)
                    if len(self._elements) >= CHUNK and self._covers_held:
                        await self._save(is_last=False)
        except NotFoundError:
            is_whole = False
        if is_whole or self._elements:
            await self._save(is_last=is_whole)
        return Saved(self._added, self._has_changed) if is_whole else None

    @property
    def _covers_held(self) -> bool:
        """Whether saving takes away no item that is still to come."""
        return self._thread.first + len(self._elements) >= self._thread.held

    def _add(self, page: RawPage) -> None:
        expected_id, self._thread = self._thread.expected_id, self._thread._replace(expected_id=None)
        if expected_id is not None and (not page.elements or page.elements[0].id != expected_id):
            raise ListingLostError(f"item {expected_id} is not where it was")
        for element in page.elements:
            if element.id is None or element.id not in self._seen:
                self._elements.append(element)
            elif not self._is_patient:
                raise ListingLostError(f"item {element.id} came twice")
        self._seen.update(element.id for element in page.elements if element.id is not None)

    async def _save(self, *, is_last: bool) -> None:
        thread, elements = self._thread, self._elements
        saved = await self._writer.run(
            partial(save_items, run=self._run, thread=thread, elements=elements, is_last=is_last)
        )
        self._added, self._has_changed = self._added + saved.added, self._has_changed or saved.has_changed
        self.saved_until = thread.first + len(elements)
        self._thread, self._elements = thread._replace(first=self.saved_until), []
