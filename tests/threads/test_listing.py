"""Listings lose nothing: pages, cursors, directions, prefetching; awaited and blocking."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from chatkit_async import APIResponseValidationError, AsyncChatKit, ChatKit, RetryPolicy
from chatkit_async.emulator import Emulator, Fault

from ..conftest import KEY
from .seeding import item, thread

IDS = [f"cthi_{number}" for number in range(25)]


@pytest.fixture(autouse=True)
def _seeded(emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(1), "items": [item(number) for number in range(25)]}])


@pytest.fixture
def blocking(emulator: Emulator) -> Iterator[ChatKit]:
    with ChatKit(KEY, base_url=emulator.base_url) as made:
        yield made


async def test_iterating_gives_every_item_once_and_in_order(client: AsyncChatKit, emulator: Emulator) -> None:
    found = [item.id async for item in client.threads.list_items("cthr_1", order="asc", limit=10)]
    assert found == IDS
    assert len(emulator.requests()) == 3


async def test_a_listing_sends_nothing_until_it_is_used(client: AsyncChatKit, emulator: Emulator) -> None:
    client.threads.list_items("cthr_1")
    assert emulator.requests() == []


async def test_awaiting_gives_one_page(client: AsyncChatKit, emulator: Emulator) -> None:
    page = await client.threads.list_items("cthr_1", order="asc", limit=10)
    assert [item.id for item in page] == IDS[:10]
    assert (len(page), page.has_more, page.first_id, page.last_id) == (10, True, "cthi_0", "cthi_9")
    assert page.next_cursor == "cthi_9"
    assert page.response.status == 200
    assert len(emulator.requests()) == 1


async def test_a_listing_begins_anew_each_time(client: AsyncChatKit) -> None:
    listing = client.threads.list_items("cthr_1", order="asc")
    assert [item.id async for item in listing] == [item.id async for item in listing] == IDS


async def test_with_before_pages_follow_each_other_backwards(client: AsyncChatKit) -> None:
    pages = [
        [item.id for item in page]
        async for page in client.threads.list_items("cthr_1", order="asc", before="cthi_12", limit=5).pages()
    ]
    assert pages == [IDS[7:12], IDS[2:7], IDS[:2]]


async def test_with_after_and_before_the_window_between_is_walked_forwards(client: AsyncChatKit) -> None:
    listing = client.threads.list_items("cthr_1", order="asc", after="cthi_3", before="cthi_12", limit=3)
    assert [item.id async for item in listing] == IDS[4:12]


async def test_first_and_collect_request_only_the_pages_they_need(client: AsyncChatKit, emulator: Emulator) -> None:
    listing = client.threads.list_items("cthr_1", order="asc", limit=10, prefetch=True)
    first = await listing.first()
    assert first is not None
    assert first.id == "cthi_0"
    assert len(await listing.collect(max_items=10)) == 10
    assert await listing.collect(max_items=0) == []
    assert len(emulator.requests()) == 2
    assert [item.id for item in await listing.collect()] == IDS


async def test_an_empty_page_stops_nothing(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(method="GET", kind="empty_page", times=2))
    assert [item.id async for item in client.threads.list_items("cthr_1", order="asc", limit=10)] == IDS
    assert len(emulator.requests()) == 5


async def test_a_server_that_promises_more_and_gives_nothing_is_an_error(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(method="GET", kind="empty_page", times=1000))
    with pytest.raises(APIResponseValidationError, match="empty pages in a row"):
        await client.threads.list_items("cthr_1").collect()
    assert len(emulator.requests()) == 10


async def test_a_cursor_that_does_not_move_is_an_error_after_the_items_it_came_with(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    found: list[str] = []

    async def take() -> None:
        async for page in client.threads.list_items("cthr_1", order="asc", limit=10).pages():
            found.extend(item.id for item in page)
            emulator.add_faults(Fault(method="GET", kind="stuck_cursor"))

    with pytest.raises(APIResponseValidationError, match="which an earlier page had"):
        await take()
    assert found == IDS[:20]


async def test_more_without_a_cursor_is_an_error(client: AsyncChatKit, emulator: Emulator) -> None:
    body = {"object": "list", "data": [{"type": "chatkit.hologram"}], "has_more": True}
    emulator.add_faults(Fault(method="GET", body=body))
    with pytest.raises(APIResponseValidationError, match="but no cursor"):
        await client.threads.list_items("cthr_1").collect()


async def test_without_last_id_the_last_item_is_the_cursor(client: AsyncChatKit, emulator: Emulator) -> None:
    body = {"object": "list", "data": [item(number) for number in range(5)], "has_more": True}
    emulator.add_faults(Fault(method="GET", body=body))
    assert [item.id async for item in client.threads.list_items("cthr_1", order="asc")] == IDS


@pytest.mark.parametrize("limit", [1, 7, 25, 100])
async def test_prefetching_changes_nothing_but_the_order_of_requests(client: AsyncChatKit, limit: int) -> None:
    listing = client.threads.list_items("cthr_1", order="asc", limit=limit, prefetch=True)
    assert [item.id async for item in listing] == IDS


async def test_a_walk_that_is_left_early_drops_the_prefetched_page(client: AsyncChatKit, emulator: Emulator) -> None:
    async for _ in client.threads.list_items("cthr_1", limit=5, prefetch=True):
        emulator.add_faults(Fault(method="GET", delay=30))
        break
    for _ in range(10):  # the loop ends generators that were left in tasks of their own
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_page_ahead_that_fails_is_an_error_where_it_is_wanted(client: AsyncChatKit, emulator: Emulator) -> None:
    found: list[str] = []

    async def take() -> None:
        async for page in client.threads.list_items("cthr_1", order="asc", limit=10, prefetch=True).pages():
            found.extend(item.id for item in page)
            emulator.add_faults(Fault(method="GET", kind="broken_json", times=1000))

    with pytest.raises(APIResponseValidationError):
        await take()
    assert found in (IDS[:10], IDS[:20])  # the second page may have been under way already


async def test_drops_refusals_and_failures_on_the_way_lose_nothing(emulator: Emulator) -> None:
    emulator.add_faults(
        Fault(method="GET", drop=True),
        Fault(method="GET", status=429, headers={"retry-after-ms": "1"}),
        Fault(method="GET", status=500),
        Fault(method="GET", kind="truncated"),
        Fault(method="GET", kind="empty_page"),
    )
    policy = RetryPolicy(initial_delay_s=0)
    async with AsyncChatKit(KEY, base_url=emulator.base_url, max_retries=9, retry_policy=policy) as client:
        assert [item.id async for item in client.threads.list_items("cthr_1", order="asc", limit=2)] == IDS


def test_blocking_the_first_page_is_requested_at_the_call(blocking: ChatKit, emulator: Emulator) -> None:
    listing = blocking.threads.list_items("cthr_1", order="asc", limit=10)
    assert len(emulator.requests()) == 1
    assert [item.id for item in listing.data] == IDS[:10]
    assert (listing.has_more, listing.first_id, listing.last_id, listing.next_cursor) == (
        True,
        "cthi_0",
        "cthi_9",
        "cthi_9",
    )
    assert [item.id for item in listing] == IDS
    assert len(emulator.requests()) == 3
    assert [item.id for item in listing] == IDS


@pytest.mark.parametrize("prefetch", [False, True])
def test_blocking_pages_first_and_collect(blocking: ChatKit, prefetch: bool) -> None:
    listing = blocking.threads.list_items("cthr_1", order="asc", limit=10, prefetch=prefetch)
    assert [len(page) for page in listing.pages()] == [10, 10, 5]
    first = listing.first()
    assert first is not None
    assert first.id == "cthi_0"
    assert [item.id for item in listing.collect()] == IDS
    assert [item.id for item in listing.collect(max_items=12)] == IDS[:12]


def test_blocking_errors_of_the_first_page_are_raised_at_the_call(blocking: ChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(method="GET", kind="broken_json"))
    with pytest.raises(APIResponseValidationError):
        blocking.threads.list_items("cthr_1")


def test_blocking_a_page_is_one_hand_over(blocking: ChatKit, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    call = type(blocking._channel).call

    def counted(channel: object, function: object, /, *args: object, **kwargs: object) -> object:
        calls.append(function)
        return call(channel, function, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(type(blocking._channel), "call", counted)
    assert [item.id for item in blocking.threads.list_items("cthr_1", order="asc", limit=10)] == IDS
    assert len(calls) == 3


def test_blocking_a_listing_left_early_with_a_page_ahead_closes_quietly(blocking: ChatKit, emulator: Emulator) -> None:
    for _ in blocking.threads.list_items("cthr_1", limit=5, prefetch=True):
        emulator.add_faults(Fault(method="GET", delay=30))
        break


@pytest.mark.parametrize("query", [{"order": "asc"}, {"order": "asc", "before": "cthi_20"}])
async def test_a_cursor_in_the_midst_of_a_page_is_an_error_and_gives_nothing_twice(
    client: AsyncChatKit, emulator: Emulator, query: dict[str, str]
) -> None:
    inside = {"first_id": "cthi_2", "last_id": "cthi_2"}
    page = {"object": "list", "data": [item(number) for number in range(5)], "has_more": True, **inside}
    emulator.add_faults(Fault(method="GET", body=page))
    walk = client.threads.list_items("cthr_1", **query).pages()  # type: ignore[arg-type]
    assert [step.id for step in await anext(walk)] == IDS[:5]
    with pytest.raises(APIResponseValidationError, match="which is not its last item"):
        await anext(walk)


@pytest.mark.parametrize("name", ["data", "has_more", "next_cursor"])
def test_reading_a_page_of_a_listing_that_was_not_awaited_says_to_await_it(name: str) -> None:
    with pytest.raises(AttributeError, match=rf"AsyncListing\.{name}: await the listing for a page"):
        getattr(AsyncChatKit("sk-test").threads.list(), name)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = AsyncChatKit("sk-test").threads.list().nonsense
