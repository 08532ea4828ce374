"""Uses of threads that must type, with the types they must have. Checked by mypy and pyright, never run."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Literal, assert_never, assert_type

from chatkit_async import (
    AsyncChatKit,
    AsyncListing,
    ChatKit,
    ChatKitClientToolCallItem,
    ChatKitTaskGroupItem,
    ChatKitTaskItem,
    ChatKitThread,
    ChatKitThreadAssistantMessageItem,
    ChatKitThreadItem,
    ChatKitThreadStatus,
    ChatKitThreadStatusActive,
    ChatKitThreadStatusClosed,
    ChatKitThreadStatusLocked,
    ChatKitThreadUserMessageItem,
    ChatKitWidgetItem,
    Listing,
    Page,
    RequestOptions,
    ThreadDeleteResponse,
    UnknownThreadItem,
    UnknownThreadStatus,
    transcript,
)


async def list_awaited(client: AsyncChatKit) -> None:
    """A listing is awaited for a page, and iterated for all."""
    listing = client.threads.list(user="u1", limit=50, order="asc", prefetch=True, options=RequestOptions(timeout=5))
    assert_type(listing, AsyncListing[ChatKitThread])
    page = await listing
    assert_type(page, Page[ChatKitThread])
    assert_type(page.data, tuple[ChatKitThread, ...])
    assert_type(iter(page), Iterator[ChatKitThread])
    assert_type(page.next_cursor, str | None)
    assert_type(len(page), int)
    async for thread in listing:
        assert_type(thread, ChatKitThread)
    async for each in listing.pages(prefetch=False):
        assert_type(each, Page[ChatKitThread])
    assert_type(await listing.first(), ChatKitThread | None)
    assert_type(await listing.collect(max_items=5), list[ChatKitThread])
    assert_type(await asyncio.create_task(listing.first_page()), Page[ChatKitThread])
    first, second = await asyncio.gather(client.threads.list(), client.threads.list_items("cthr_1"))
    assert_type(first, Page[ChatKitThread])
    assert_type(second, Page[ChatKitThreadItem])
    await client.threads.list(after=page.next_cursor, before=None)


async def call_the_rest_awaited(client: AsyncChatKit) -> None:
    """Retrieving, deleting, items, and what the package does not know."""
    assert_type(await client.threads.retrieve("cthr_1"), ChatKitThread)
    assert_type(await client.threads.delete("cthr_1", missing_ok=True), ThreadDeleteResponse)
    assert_type(await client.threads.list_items("cthr_1").collect(), list[ChatKitThreadItem])
    found = await client.request("GET", "/chatkit/threads", query={"limit": 5})
    if isinstance(found, dict):
        print(found["data"])


def call_blocking(client: ChatKit) -> None:
    """The same uses of the twin, without await."""
    listing = client.threads.list(user="u1", limit=50, order="desc", prefetch=True)
    assert_type(listing, Listing[ChatKitThread])
    assert_type(listing.data, tuple[ChatKitThread, ...])
    assert_type(listing.next_cursor, str | None)
    for thread in listing:
        assert_type(thread, ChatKitThread)
    for page in listing.pages():
        assert_type(page, Page[ChatKitThread])
    assert_type(listing.first(), ChatKitThread | None)
    assert_type(client.threads.list_items("cthr_1").collect(max_items=5), list[ChatKitThreadItem])
    assert_type(client.threads.retrieve("cthr_1"), ChatKitThread)
    assert_type(client.threads.delete("cthr_1", missing_ok=True), ThreadDeleteResponse)


def match_items(item: ChatKitThreadItem) -> str:
    """`match` narrows the union, and knows when every kind is handled."""
    match item:
        case ChatKitThreadUserMessageItem():
            assert_type(item.text, str)
            return item.text
        case ChatKitThreadAssistantMessageItem():
            return item.text
        case ChatKitWidgetItem(widget=widget):
            assert_type(widget, str)
            return widget
        case ChatKitClientToolCallItem():
            assert_type(item.output, str | None)
            return item.name
        case ChatKitTaskItem(heading=heading):
            return heading or ""
        case ChatKitTaskGroupItem(tasks=tasks):
            return ", ".join(task.heading or "" for task in tasks)
        case UnknownThreadItem():
            return item.type
        case _:
            assert_never(item)


def match_status(status: ChatKitThreadStatus) -> str | None:
    """The same for statuses."""
    match status:
        case ChatKitThreadStatusLocked(reason=reason) | ChatKitThreadStatusClosed(reason=reason):
            return reason
        case ChatKitThreadStatusActive() | UnknownThreadStatus():
            return status.type
        case _:
            assert_never(status)


def read(thread: ChatKitThread, item: ChatKitThreadItem, items: list[ChatKitThreadItem]) -> None:
    """Fields, helpers, and what every item has."""
    assert_type(thread.title, str | None)
    assert_type(thread.created_at_utc, datetime)
    assert_type(thread.is_active, bool)
    identifier: str = item.id
    assert_type(item.created_at, int)
    assert_type(item.created_at_utc, datetime)
    assert_type(transcript(items), str)
    form: Literal["text", "markdown", "json"] = "markdown"
    print(identifier, transcript(iter(items), form), transcript(tuple(items), format="json"))
