"""Listings among tasks and event loops: shared, cancelled, prefetched; nothing is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chatkit_async import AsyncChatKit, AsyncListing, ChatKitThreadItem, InternalServerError, RetryPolicy
from chatkit_async.emulator import Emulator, Fault

from ..conftest import KEY
from .seeding import item, thread

IDS = [f"cthi_{number}" for number in range(25)]


@pytest.fixture(autouse=True)
def _seeded(emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(1), "items": [item(number) for number in range(25)]}])


@pytest.fixture(autouse=True)
async def _nothing_untold() -> AsyncIterator[None]:
    """No task is left, and none ends with an error that is never retrieved."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    yield
    for _ in range(20):
        await asyncio.sleep(0)
    gc.collect()
    assert told == []


def listed(client: AsyncChatKit, **how: Any) -> AsyncListing[ChatKitThreadItem]:
    return client.threads.list_items("cthr_1", order="asc", limit=4, **how)


async def ids(listing: AsyncListing[ChatKitThreadItem]) -> list[str]:
    return [step.id async for step in listing]


async def until_pending(emulator: Emulator, count: int) -> None:
    """Returns when this many requests have come and the last waits for its response."""
    while len(emulator.requests()) < count or emulator.requests()[count - 1].ended != "pending":
        await asyncio.sleep(0.005)


async def until_gone(emulator: Emulator) -> None:
    while any(request.ended == "pending" for request in emulator.requests()):
        await asyncio.sleep(0.005)


def others() -> set[asyncio.Task[Any]]:
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


@pytest.mark.parametrize("prefetch", [False, True])
async def test_one_listing_used_by_many_tasks_gives_each_all_of_it(client: AsyncChatKit, prefetch: bool) -> None:
    listing = listed(client, prefetch=prefetch)
    assert await asyncio.gather(*(ids(listing) for _ in range(8))) == [IDS] * 8


@pytest.mark.parametrize("prefetch", [False, True])
def test_one_listing_is_used_in_two_event_loops_one_after_the_other(emulator: Emulator, prefetch: bool) -> None:
    client = AsyncChatKit(KEY, base_url=emulator.base_url)
    listing = listed(client, prefetch=prefetch)
    assert [asyncio.run(ids(listing)) for _ in range(2)] == [IDS] * 2


def test_a_walk_with_a_page_ahead_goes_on_in_another_loop(emulator: Emulator) -> None:
    client = AsyncChatKit(KEY, base_url=emulator.base_url)
    walk = listed(client, prefetch=True)._walk_pages()
    found: list[str] = []

    async def step() -> bool:
        page = await walk.next_page()
        found.extend(thing.id for thing in page or ())
        return page is not None

    while asyncio.run(step()):
        pass
    walk.drop()
    assert found == IDS


@pytest.mark.parametrize("prefetch", [False, True])
async def test_a_walk_cancelled_in_the_middle_of_a_page_leaves_no_task_and_no_request(
    client: AsyncChatKit, emulator: Emulator, prefetch: bool
) -> None:
    pages = listed(client, prefetch=prefetch).pages()
    if prefetch:  # the page in flight is the prefetched one
        emulator.add_faults(Fault(method="GET"), Fault(method="GET", delay=300))
        await anext(pages)
    else:
        emulator.add_faults(Fault(method="GET", delay=300))
    waiting = asyncio.ensure_future(anext(pages))
    await until_pending(emulator, 2 if prefetch else 1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await until_gone(emulator)
    assert others() == set()
    assert await ids(listed(client)) == IDS


async def test_a_prefetched_page_that_fails_after_the_walk_was_left_prints_nothing(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    hasty = client.with_options(max_retries=0)
    emulator.add_faults(Fault(method="GET"), Fault(method="GET", status=500))
    pages = listed(hasty, prefetch=True).pages()
    await anext(pages)
    while len(emulator.requests()) < 2 or others():
        await asyncio.sleep(0.005)
    await pages.aclose()


async def test_a_prefetched_page_that_fails_in_a_dropped_walk_prints_nothing(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(method="GET"), Fault(method="GET", status=500))
    walk = listed(client.with_options(max_retries=0), prefetch=True)._walk_pages()
    await walk.next_page()
    while len(emulator.requests()) < 2 or others():
        await asyncio.sleep(0.005)
    del walk


async def test_a_walk_goes_on_in_a_second_loop_while_the_first_still_runs(emulator: Emulator) -> None:
    emulator.add_faults(Fault(method="GET"), Fault(method="GET", delay=300))
    async with AsyncChatKit(KEY, base_url=emulator.base_url) as client:
        walk = listed(client, prefetch=True)._walk_pages()
        first = await walk.next_page()
        await until_pending(emulator, 2)
        second = await asyncio.to_thread(asyncio.run, walk.next_page())
        assert [len(page or ()) for page in (first, second)] == [4, 4]
    walk.drop()


async def test_a_prefetched_page_that_fails_raises_once_where_it_is_used(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    hasty = client.with_options(max_retries=0, retry_policy=RetryPolicy(initial_delay_s=0))
    emulator.add_faults(Fault(method="GET"), Fault(method="GET", status=500))
    pages = listed(hasty, prefetch=True).pages()
    await anext(pages)
    with pytest.raises(InternalServerError):
        await anext(pages)
    with pytest.raises(StopAsyncIteration):
        await anext(pages)


async def test_a_walk_that_is_left_with_a_page_ahead_gives_its_connection_back(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(method="GET"), Fault(method="GET", delay=300))
    async with contextlib.aclosing(listed(client, prefetch=True).pages()) as pages:
        await anext(pages)
        await until_pending(emulator, 2)
    await until_gone(emulator)
    assert others() == set()


async def test_closing_the_client_ends_the_page_ahead(emulator: Emulator) -> None:
    emulator.add_faults(Fault(method="GET"), Fault(method="GET", delay=300))
    async with AsyncChatKit(KEY, base_url=emulator.base_url) as client:
        pages = listed(client, prefetch=True).pages()
        await anext(pages)
        await until_pending(emulator, 2)
    await until_gone(emulator)
    await pages.aclose()


def test_a_loop_that_ends_with_a_walk_and_a_page_ahead_is_quiet(emulator: Emulator) -> None:
    emulator.add_faults(Fault(method="GET"), Fault(method="GET", delay=300))
    client = AsyncChatKit(KEY, base_url=emulator.base_url)
    kept: list[Any] = []

    async def begin() -> None:
        pages = listed(client, prefetch=True).pages()
        kept.append(pages)
        await anext(pages)
        await until_pending(emulator, 2)

    asyncio.run(begin())
    kept.clear()
    gc.collect()
    assert asyncio.run(ids(listed(client))) == IDS


@pytest.mark.usefixtures("fast_path")  # aiohttp's own way needs another turn of the loop to send it
async def test_the_next_page_is_requested_even_if_the_reader_never_lets_the_loop_run(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    walk = listed(client, prefetch=True)._walk_pages()
    for pages in (1, 2, 3):
        await walk.next_page()
        give_up_s = time.monotonic() + 10
        while len(emulator.requests()) <= pages and time.monotonic() < give_up_s:
            time.sleep(0.001)
        assert len(emulator.requests()) == pages + 1


async def test_a_walk_cancelled_while_it_asks_for_the_page_ahead_loses_no_page(client: AsyncChatKit) -> None:
    walk = listed(client, prefetch=True)._walk_pages()
    fetch, reading, requested = walk._fetch, asyncio.ensure_future(walk.next_page()), 0

    async def cancel_at_the_second(params: Any) -> Any:
        nonlocal requested
        requested += 1
        if requested == 2:
            reading.cancel()
        return await fetch(params)

    walk._fetch = cancel_at_the_second
    with pytest.raises(asyncio.CancelledError):
        await reading
    found: list[str] = []
    while (page := await walk.next_page()) is not None:
        found += [step.id for step in page.data]
    assert found == IDS
