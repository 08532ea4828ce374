"""What walking a listing costs beside its pages: one function call for each item, awaited or blocking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chatkit_async import ChatKit, ChatKitThreadItem, Page
from chatkit_async._async.listing import AsyncListing
from chatkit_async._core.codec import structure
from chatkit_async._sync.listing import Listing
from chatkit_async.types.thread_operations import ThreadListItemsParams

from ..counting import python_calls
from .seeding import item

PAGES = 20


def pages(size: int) -> Iterator[Page[ChatKitThreadItem]]:
    """Pages of so many items each."""
    for first in range(0, PAGES * size, size):
        data: Any = [item(number) for number in range(first, first + size)]
        last = data[-1]["id"]
        edges = {"first_id": data[0]["id"], "last_id": last, "has_more": first < (PAGES - 1) * size}
        yield structure({"object": "list", "data": data, **edges}, Page[ChatKitThreadItem])


def listing(size: int) -> AsyncListing[ChatKitThreadItem]:
    """A listing of pages that are there already."""
    ready = pages(size)
    held = [next(ready) for _ in range(PAGES)]

    async def fetch(params: ThreadListItemsParams) -> Page[ChatKitThreadItem]:
        return held.pop(0)

    return AsyncListing(fetch, ThreadListItemsParams(thread_id="cthr_1"), operation="threads.list_items")


def calls_to_walk(size: int) -> int:
    async def walk(walked: AsyncListing[ChatKitThreadItem]) -> None:
        assert len([found async for found in walked]) == PAGES * size

    with asyncio.Runner() as runner:
        ready = listing(size)
        return python_calls(lambda: runner.run(walk(ready)))


def calls_to_walk_blocking(size: int) -> int:
    with ChatKit("sk-test") as client:
        walked = Listing(client._channel, lambda: listing(size))
        counted: list[object] = []
        calls = python_calls(lambda: counted.extend(walked))
        assert len(counted) == PAGES * size
        return calls


@pytest.mark.parametrize("calls", [calls_to_walk, calls_to_walk_blocking], ids=["awaited", "blocking"])
def test_each_item_of_a_page_costs_one_function_call(calls: Callable[[int], int]) -> None:
    calls(1)
    assert calls(100) - calls(1) <= PAGES * 99 + PAGES  # what the loop or the lock does by the way varies a little


def test_each_page_costs_at_most_fifty_function_calls_beside_its_request() -> None:
    calls_to_walk(1)
    assert calls_to_walk(1) <= PAGES * 50
