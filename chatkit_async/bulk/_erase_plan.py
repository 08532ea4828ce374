"""Which threads to erase: collected before anything is deleted, since deleting moves the pages."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing

import attrs

from .._core.thread_rows import LIST_THREADS
from ..types.thread_operations import ThreadListParams
from ._listing import MOST_WALKS, PAGE_SIZE, ListingLostError, walk
from ._pages import Element, elements_of, text_field, time_field
from ._requests import JobRequests, unreadable

MOST_LOOKS = 5


@attrs.frozen
class Candidate:
    """A thread to erase: its id, whose it is, when it was created (Unix seconds), and its JSON as the API sent it."""

    thread_id: str
    user: str | None
    created_at: int | None
    text: str


def candidate(element: Element) -> Candidate | None:
    """The thread of a page or response; None if it has no usable id."""
    if element.id is None:
        return None
    user, created_at = text_field(element.value, "user"), time_field(element.value, "created_at")
    return Candidate(element.id, user, created_at, element.text)


async def list_threads(requests: JobRequests, user: str | None, on_page: Callable[[int], None]) -> list[Candidate]:
    """All threads as one walk over the listing shows them, newest first, so that younger ones do not come into it.

    Raises:
        APIError: it cannot be listed.
    """
    lost: ListingLostError | None = None
    for number in range(1, MOST_WALKS + 1):
        params = ThreadListParams(user=user, limit=PAGE_SIZE, order="desc")
        pages = walk(requests, LIST_THREADS, params, trusts_end=number == MOST_WALKS)
        found: dict[str, Candidate] = {}
        try:
            async with aclosing(pages):
                async for page in pages:
                    for one in map(candidate, elements_of(page.body)):
                        if one is None:
                            raise unreadable(LIST_THREADS.name, "a thread of the listing has no id")
                        if one.thread_id in found:
                            raise ListingLostError("threads came twice")
                        found[one.thread_id] = one
                    on_page(len(page.ids))
        except ListingLostError as error:
            lost = error
        else:
            return [*found.values()]
    raise unreadable(LIST_THREADS.name, f"the listing is broken: {lost}")


async def collect(requests: JobRequests, user: str | None, on_page: Callable[[int], None]) -> dict[str, Candidate]:
    """The threads that exist when the job begins: listed until a listing shows no older one that is new.

    Raises:
        APIError: they cannot be listed.
    """
    known: dict[str, Candidate] = {}
    for number in range(MOST_LOOKS):
        found = await list_threads(requests, user, on_page)
        older = found if number == 0 else without_younger(found, known)
        missed = [one for one in older if one.thread_id not in known]
        known.update((one.thread_id, one) for one in missed)
        if number > 0 and not missed:
            break
    return known


def without_younger(found: list[Candidate], known: dict[str, Candidate]) -> list[Candidate]:
    """The threads from the first known one on: those before it were made since."""
    at = next((index for index, one in enumerate(found) if one.thread_id in known), len(found))
    return found[at:]
