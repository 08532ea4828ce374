"""Whether an archive holds a thread whole and unchanged, as the API has it now."""

from __future__ import annotations

from contextlib import aclosing

from anyio import CapacityLimiter, to_thread

from .._core.thread_rows import LIST_THREAD_ITEMS
from ..types.thread_operations import ThreadListItemsParams
from ._file import explained
from ._listing import PAGE_SIZE, ListingLostError, walk
from ._pages import Element, elements_of
from ._reader import Archive
from ._requests import JobRequests
from ._statements import Anchor, held_items, held_thread, is_same


class ArchivedThreads:
    """Tells of threads whether an archive holds them.

    Args:
        archive: the archive, opened; of the same API and project as the job, or everything is refused.
        requests: reads what the API has.
    """

    def __init__(self, archive: Archive, requests: JobRequests) -> None:
        self._archive = archive
        self._requests = requests
        self._one_at_a_time = CapacityLimiter(1)

    async def why_not(self, thread_id: str, text: str) -> str | None:
        """Why a thread must not be deleted; None if the archive holds it as it is.

        Args:
            thread_id: the thread's id.
            text: its JSON as the API sent it.

        Raises:
            APIError: its items cannot be read.
        """
        held = await to_thread.run_sync(self._held, thread_id, limiter=self._one_at_a_time)
        if held is None:
            return "the archive does not hold it whole: run archive again"
        archived_text, anchor, tail = held
        if is_same(archived_text, text) and await _is_same_tail(self._requests, thread_id, anchor, tail):
            return None
        return "it has changed since it was archived: run archive again"

    def _held(self, thread_id: str) -> tuple[str, Anchor, list[Element]] | None:
        database = self._archive._open()
        with explained(self._archive._path):
            thread = held_thread(database, thread_id)
            if thread is None or not thread.is_complete:
                return None
            return thread.text, thread.anchor, held_items(database, thread)


async def _is_same_tail(requests: JobRequests, thread_id: str, anchor: Anchor, tail: list[Element]) -> bool:
    params = ThreadListItemsParams(thread_id=thread_id, after=anchor.cursor, limit=PAGE_SIZE, order="asc")
    pages, at = walk(requests, LIST_THREAD_ITEMS, params, trusts_end=True), 0
    try:
        async with aclosing(pages):
            async for page in pages:
                found = elements_of(page.body)
                held = tail[at : at + len(found)]
                at += len(found)
                if len(held) < len(found) or not all(map(_are_same, held, found)):
                    return False
    except ListingLostError:
        return False
    return at == len(tail)


def _are_same(one: Element, other: Element) -> bool:
    return is_same(one.text, other.text)
