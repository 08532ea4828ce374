"""Walking 10,000 items with `prefetch` on a network of 20 ms: the slower of network and CPU hides the other.

Whoever walks works on each page for half as long as the network takes, and never lets the loop run meanwhile.
"""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from ..cases import LONG_THREAD, LONG_THREAD_ID, PAGE_SIZE
from ..contenders import API_KEY
from ..contenders.floor import Connections
from ..method.effort import Effort
from ..method.figure import Figures, figure_of
from ..servers.running import running

LATENCY_MS = 20
WORK_S = 0.010


def measure(effort: Effort, variant: str) -> Figures:
    """Clock time of the walk over what the network alone takes, or the CPU if that is more."""
    from chatkit_async import AsyncChatKit

    with asyncio.Runner() as runner, running("stub") as stub:
        base_url = stub.after(LATENCY_MS)
        client = AsyncChatKit(API_KEY, base_url=base_url)
        ratios = [walk_beside(runner, client, base_url, effort.pages) for _ in range(max(2, effort.processes // 4))]
        runner.run(client.aclose())
    return {"clock / slower of network and CPU": figure_of(ratios, "x")}


def walk_beside(runner: asyncio.Runner, client: Any, base_url: str, pages: int) -> float:
    """One walk, just after its pages were fetched as bytes."""
    network_s, _ = timed(runner, fetch_raw(base_url, pages))
    took_s, cpu_s = timed(runner, walk_and_work(client, pages))
    return took_s / max(network_s, cpu_s)


async def walk_and_work(client: Any, pages: int) -> None:
    """So many pages with `prefetch`, and work on each."""
    seen = 0
    async for _ in client.threads.list_items(LONG_THREAD_ID, limit=PAGE_SIZE, prefetch=True).pages():
        seen += 1
        work_until_s = time.perf_counter() + WORK_S
        while time.perf_counter() < work_until_s:
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


def timed(runner: asyncio.Runner, work: Coroutine[Any, Any, None]) -> tuple[float, float]:
    """Seconds on the clock and of CPU."""
    began_s, cpu_began_s = time.perf_counter(), time.process_time()
    runner.run(work)
    return time.perf_counter() - began_s, time.process_time() - cpu_began_s
