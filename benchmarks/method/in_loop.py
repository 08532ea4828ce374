"""Awaited contenders: opened in one event loop, run in slices there."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager

from ..contenders.awaited import AWAITED, Call, Calls
from .slices import Contender


class Opened:
    """Awaited contenders, opened in a loop of their own."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._stack = AsyncExitStack()

    def open(self, name: str, base_url: str) -> Calls:
        """Opens one more, with connections of its own."""
        return self.loop.run_until_complete(self._stack.enter_async_context(AWAITED[name](base_url)))

    def contender(self, name: str, call: Call, in_flight: int = 1) -> Contender:
        """A contender that makes its calls with so many in flight."""

        async def caller(calls: int) -> None:
            for _ in range(calls):
                await call()

        async def callers(calls: int) -> None:
            if in_flight == 1:
                await caller(calls)
            else:
                await asyncio.gather(*(caller(calls // in_flight) for _ in range(in_flight)))

        return Contender(name, lambda calls: self.loop.run_until_complete(callers(calls)), least=in_flight)

    def close(self) -> None:
        """Closes all of them, and the loop."""
        self.loop.run_until_complete(self._stack.aclose())
        self.loop.run_until_complete(asyncio.sleep(0))  # transports close in a turn of their own
        self.loop.close()


@contextmanager
def opened(loop: asyncio.AbstractEventLoop | None = None) -> Iterator[Opened]:
    """Contenders open while it is entered."""
    contenders = Opened(loop or asyncio.new_event_loop())
    try:
        yield contenders
    finally:
        contenders.close()


@contextmanager
def contenders_for(
    operation: str, names: Iterable[str], base_url: str, in_flight: int = 1
) -> Iterator[list[Contender]]:
    """A contender for each name, all with fresh connections.

    Fresh, because a pool left full by a bigger load costs some of them dear.
    """
    with opened() as contenders:
        yield [contenders.contender(name, contenders.open(name, base_url)[operation], in_flight) for name in names]
