"""One aiohttp session in one event loop, from its first call to the loop's end.

A suspended async generator holds each session of ours. A loop that is run by asyncio.run, a Runner or anyio finishes
such generators before it closes, and with them the session; nobody has to remember it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Any

import aiohttp

from .deadline import Deadlines
from .lean_guard import is_known


class Pool:
    """An aiohttp session and when it was last used.

    Args:
        session: the aiohttp session.
        loop: the loop it belongs to.
        is_plain: nobody but us sees its requests and answers: no session, middleware or trace of the user's.

    Attributes:
        connector: the session's.
        is_lean: plain, and aiohttp is as the lean way knows it.
        deadlines: of the calls that use it.
        used_at_s: when a response was last read, by `time.monotonic`; None before the first.
    """

    __slots__ = (
        "__weakref__",
        "_is_ours",
        "_keeper",
        "connector",
        "deadlines",
        "is_lean",
        "is_plain",
        "loop",
        "session",
        "used_at_s",
    )

    def __init__(self, session: aiohttp.ClientSession, loop: asyncio.AbstractEventLoop, *, is_plain: bool) -> None:
        self.session = session
        self.connector = session.connector
        self.loop = loop
        self.is_plain = is_plain
        self.is_lean = is_plain and is_known()
        self.deadlines = Deadlines(loop)
        self.used_at_s: float | None = None
        self._is_ours = False
        self._keeper: AsyncGenerator[None, None] | None = None

    async def keep(self, pools: dict[asyncio.AbstractEventLoop, Pool]) -> None:
        """Have the loop close the session when it ends, and take it out of `pools`."""
        self._is_ours = True
        if getattr(self.loop, "_asyncgens_shutdown_called", False):
            return  # a call made at the very end of a loop; who closes the client closes the session
        self._keeper = _keeper(self.session, self.loop, pools)
        await anext(self._keeper)

    def wake_next(self) -> None:
        """Have the next call that waits for a free connection look again: aiohttp loses a cancelled waiter's turn."""
        wake: Callable[[], object] | None = getattr(self.connector, "_release_waiter", None)
        if wake is not None:
            wake()

    async def aclose(self) -> None:
        """Close the session, in its own loop."""
        if self._keeper is not None:
            await self._keeper.aclose()
        elif self._is_ours:
            await self.session.close()

    def close_from_elsewhere(self) -> None:
        """Close the session from another loop or thread, or after its loop has ended."""
        if not self._is_ours:
            return
        if self.loop.is_closed():
            _discard(self.session)
            return
        with suppress(RuntimeError):  # the loop closed just now
            self.loop.call_soon_threadsafe(self._close_soon)

    def _close_soon(self) -> None:
        task = self.loop.create_task(self.aclose())
        task.add_done_callback(lambda _: task)  # the loop holds tasks weakly


async def _keeper(
    session: aiohttp.ClientSession, loop: asyncio.AbstractEventLoop, pools: dict[asyncio.AbstractEventLoop, Pool]
) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        pools.pop(loop, None)
        await session.close()


def _discard(session: aiohttp.ClientSession) -> None:
    """Free the sockets of a session whose loop ended without finishing it; nothing can be awaited any more."""
    for transport in _transports(session):
        with suppress(RuntimeError):  # closing wants to call back through the closed loop
            transport.abort()
        lose: Callable[[None], object] | None = getattr(transport, "_call_connection_lost", None)
        if lose is not None:
            with suppress(Exception):
                lose(None)
    with suppress(StopIteration, RuntimeError):
        session.close().send(None)  # on a closed loop it has nothing to wait for


def _transports(session: aiohttp.ClientSession) -> list[asyncio.Transport]:
    connector: Any = session.connector
    pooled = [protocol for entries in getattr(connector, "_conns", {}).values() for protocol, _ in entries]
    used = [protocol for protocol in getattr(connector, "_acquired", ()) if hasattr(protocol, "transport")]
    return [protocol.transport for protocol in [*pooled, *used] if protocol.transport is not None]
