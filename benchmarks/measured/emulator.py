"""The emulator's CPU for a create, beside a bare aiohttp.web handler that answers the same bytes."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from ..cases import CREATE
from ..contenders.floor import Connections
from ..method.effort import Effort
from ..method.figure import Figures
from ..method.slices import Contender, compare
from ..servers.running import RunningServer, running

EMULATOR, BARE = "emulator", "aiohttp.web"
IN_FLIGHT = 10


def measure(effort: Effort, variant: str) -> Figures:
    """CPU of the server's process for each, asked by the raw protocol, and their ratio."""
    loop = asyncio.new_event_loop()
    with running("emulators") as server, asked(loop, EMULATOR, server, 0) as one, asked(loop, BARE, server, 1) as two:
        samples = compare([one, two], effort)
    loop.run_until_complete(asyncio.sleep(0))  # transports close in a turn of their own
    loop.close()
    figures = {f"{name}, CPU": samples.cpu(name) for name in (EMULATOR, BARE)}
    return figures | {f"{EMULATOR} / {BARE}": samples.ratio(EMULATOR, BARE)}


@contextmanager
def asked(loop: asyncio.AbstractEventLoop, name: str, server: RunningServer, which: int) -> Iterator[Contender]:
    """One of the two, asked with a few requests in flight."""
    connections = Connections(server.base_urls[which])
    request = connections.request(CREATE)

    async def caller(calls: int) -> None:
        for _ in range(calls):
            await connections.body(request)

    async def callers(calls: int) -> None:
        await asyncio.gather(*(caller(calls // IN_FLIGHT) for _ in range(IN_FLIGHT)))

    def run(calls: int) -> None:
        loop.run_until_complete(callers(calls))

    yield Contender(name, run, least=IN_FLIGHT, cpu_s=server.cpu_s)
    connections.close()
