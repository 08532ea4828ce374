"""Walking 10,000 items, beside asking for the same pages one by one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from ..cases import LONG_THREAD_ID, PAGE_SIZE
from ..contenders import API_KEY
from ..method.effort import Effort
from ..method.figure import Figures
from ..method.slices import Contender, compare
from ..servers.running import running


def measure(effort: Effort, variant: str) -> Figures:
    """CPU of the walk over that of its pages."""
    from chatkit_async import AsyncChatKit

    with asyncio.Runner() as runner, running("stub") as stub:
        client = AsyncChatKit(API_KEY, base_url=stub.base_url)
        contenders = [
            walking(name, walk, client, runner, effort.pages)
            for name, walk in (("walk", walk_items), ("pages", ask_for_pages))
        ]
        samples = compare(contenders, effort)
        runner.run(client.aclose())
    return {"walk / its pages": samples.ratio("walk", "pages"), "page of a walk, CPU": samples.cpu("walk")}


def walking(
    name: str, walk: Callable[[Any, int], Awaitable[None]], client: Any, runner: asyncio.Runner, pages: int
) -> Contender:
    """A contender for which a call is a page, and a slice one walk."""

    async def run(count: int) -> None:
        await walk(client, count)

    return Contender(name, lambda count: runner.run(run(count)), least=pages, most=pages)


async def walk_items(client: Any, pages: int) -> None:
    """All items of so many pages by `async for`."""
    seen = 0
    async for _ in client.threads.list_items(LONG_THREAD_ID, limit=PAGE_SIZE):
        seen += 1
        if seen == pages * PAGE_SIZE:
            break


async def ask_for_pages(client: Any, pages: int) -> None:
    """As many pages, each asked for by the cursor of the one before, and their items looked at."""
    cursor = None
    for _ in range(pages):
        page = await client.threads.list_items(LONG_THREAD_ID, limit=PAGE_SIZE, after=cursor)
        cursor = page.next_cursor
        for _ in page.data:
            pass
