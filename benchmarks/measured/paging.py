"""Walking 10,000 items: beside asking for the same pages one by one, and with `prefetch` on a slow network.

Whoever walks works on each page for half as long as the network takes: with `prefetch` that work hides behind it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from ..cases import LONG_THREAD, LONG_THREAD_ID, PAGE_SIZE
from ..contenders import API_KEY
from ..contenders.floor import Connections
from ..method.effort import Effort
from ..method.figure import Figures, figure_of
from ..method.slices import Contender, Samples, compare
from ..servers.running import RunningServer, running

LATENCY_MS = 20
WORK_S = 0.010


def measure(effort: Effort, variant: str) -> Figures:
    """CPU of the walk over that of its pages; clock time with `prefetch` over the slower of network and CPU."""
    from chatkit_async import AsyncChatKit

    loop = asyncio.new_event_loop()
    with running("stub") as stub:
        near = AsyncChatKit(API_KEY, base_url=stub.base_url)
        far = AsyncChatKit(API_KEY, base_url=stub.after(LATENCY_MS))
        samples = walks_beside_pages(loop, near, effort)
        figures = {"walk / its pages": samples.ratio("walk", "pages"), "page of a walk, CPU": samples.cpu("walk")}
        prefetched = [prefetch_ratio(loop, far, stub, effort.pages) for _ in range(max(2, effort.processes // 4))]
        loop.run_until_complete(near.aclose())
        loop.run_until_complete(far.aclose())
    loop.run_until_complete(asyncio.sleep(0))  # transports close in a turn of their own
    loop.close()
    return figures | {"with prefetch: clock / slower of network and CPU": figure_of(prefetched, "x")}


def walks_beside_pages(loop: asyncio.AbstractEventLoop, client: Any, effort: Effort) -> Samples:
    """The two, in turns; a slice is one walk."""

    def contender(name: str, walk: Callable[[Any, int], Awaitable[None]]) -> Contender:
        run: Callable[[int], object] = lambda pages: loop.run_until_complete(walk(client, pages))  # noqa: E731
        return Contender(name, run, least=effort.pages, most=effort.pages)

    return compare([contender("walk", walk_items), contender("pages", ask_for_pages)], effort)


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


def prefetch_ratio(loop: asyncio.AbstractEventLoop, client: Any, stub: RunningServer, pages: int) -> float:
    """Clock time of a walk with `prefetch` over what the network alone takes, or the CPU if that is more."""
    network_s, _ = timed(loop, partial(fetch_raw, stub.after(LATENCY_MS), pages))
    took_s, cpu_s = timed(loop, partial(walk_and_work, client, pages))
    return took_s / max(network_s, cpu_s)


async def walk_and_work(client: Any, pages: int) -> None:
    """So many pages with `prefetch`, and work on each."""
    listing = client.threads.list_items(LONG_THREAD_ID, limit=PAGE_SIZE, prefetch=True)
    seen = 0
    async for _ in listing.pages():
        seen += 1
        work_until_s = time.process_time() + WORK_S
        while time.process_time() < work_until_s:
            pass
        if seen == pages:
            break


async def fetch_raw(base_url: str, pages: int) -> None:
    """The same pages, one after the other, as bytes."""
    connections = Connections(base_url)
    for page in range(pages):
        cursor = f"&after=cthi_{page * PAGE_SIZE - 1}" if page else ""
        await connections.body(connections.request(LONG_THREAD, f"?limit={PAGE_SIZE}{cursor}"))
    connections.close()


def timed(loop: asyncio.AbstractEventLoop, work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Seconds on the clock and of CPU."""

    async def run() -> None:
        await work()

    began_s, cpu_began_s = time.perf_counter(), time.process_time()
    loop.run_until_complete(run())
    return time.perf_counter() - began_s, time.process_time() - cpu_began_s
