"""One Redis client for each event loop, closed with it; a forked child leaves its parent's alone."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import attrs

from .._fork import at_fork, leak
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from redis.asyncio import Redis

_live: weakref.WeakSet[RedisClients] = weakref.WeakSet()


@attrs.frozen
class _Held:
    """A client of ours, and the suspended generator that its loop finishes before it closes."""

    client: Redis
    keeper: AsyncGenerator[None, None]


class RedisClients:
    """Clients made by `make`, one in each event loop.

    Args:
        make: makes one.
        given: one that is the user's, for the first loop that asks; it stays his to close.
    """

    def __init__(self, make: Callable[[], Redis], given: Redis | None) -> None:
        self._make = make
        self._given = given
        self._home: asyncio.AbstractEventLoop | None = None
        self._held: dict[asyncio.AbstractEventLoop, _Held] = {}
        _live.add(self)

    async def here(self) -> Redis:
        """The client of the running loop."""
        loop = asyncio.get_running_loop()
        if self._given is not None and self._home in {None, loop}:
            self._home = loop
            return self._given
        held = self._held.get(loop)
        return (await self._opened(loop)).client if held is None else held.client

    async def aclose(self) -> None:
        """Closes this loop's client, and has other loops close theirs; the next call opens a new one."""
        here = self._held.pop(asyncio.get_running_loop(), None)
        for loop, held in list(self._held.items()):
            with suppress(RuntimeError):  # that loop has ended, and its client with it
                loop.call_soon_threadsafe(_close_soon, loop, held)
        if here is not None:
            await here.keeper.aclose()

    def leak(self) -> None:
        """In a forked child: never free what the parent opened, and start anew."""
        leak((dict(self._held), self._given))
        self._held.clear()

    async def _opened(self, loop: asyncio.AbstractEventLoop) -> _Held:
        for other in list(self._held):
            if other.is_closed():  # by somebody who does not finish what a loop holds
                self._held.pop(other, None)
        client = self._make()
        held = self._held[loop] = _Held(client, _keeper(client, loop, self._held))
        if not getattr(loop, "_asyncgens_shutdown_called", False):  # else the loop is about to end
            await anext(held.keeper)
        return held


def plain_copy(client: Redis) -> Redis:
    """A client with the settings of another.

    Raises:
        ConfigurationError: it is of a kind of its own.
    """
    from redis.asyncio import ConnectionPool  # noqa: PLC0415 - of an extra

    pool: Any = client.connection_pool
    if type(pool) is not ConnectionPool:
        raise ConfigurationError(
            f"RedisStore was given a client with a {type(pool).__name__}, which serves one event loop: give it a url"
        )
    made = ConnectionPool(pool.connection_class, pool.max_connections, **pool.connection_kwargs)
    return type(client).from_pool(made)


async def _keeper(
    client: Redis, loop: asyncio.AbstractEventLoop, held: dict[asyncio.AbstractEventLoop, _Held]
) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        held.pop(loop, None)
        await client.aclose()


def _close_soon(loop: asyncio.AbstractEventLoop, held: _Held) -> None:
    task = loop.create_task(held.keeper.aclose())
    task.add_done_callback(lambda _: task)  # the loop holds tasks weakly


def _leak_all() -> None:
    for clients in list(_live):
        clients.leak()


at_fork(after_in_child=_leak_all)
