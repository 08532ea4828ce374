"""Pooled connections that the server has ended, and the loop has not heard of yet."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Iterator
from typing import Any

from .pool import Pool

# Nobody knows what happened to a pool in so long, and two turns of the loop cost less than finding out.
QUIET_S = 0.1


async def hear_of_closed_connections(pool: Pool) -> None:
    """Let the loop notice what ended while it stood still, so that no request is written to a closed connection."""
    if pool.used_at_s is None:
        return
    if pool.loop.time() - pool.used_at_s > QUIET_S or has_news(pool):
        await asyncio.sleep(0)
        await asyncio.sleep(0)


def has_news(pool: Pool) -> bool:
    """Whether a connection that would be taken next has something to read: while it is idle, that is its end."""
    try:
        poll = select.poll()
        for socket in _next_sockets(pool):
            poll.register(socket.fileno(), select.POLLIN)
        return bool(poll.poll(0))
    except (AttributeError, OSError, ValueError):
        return True  # a system without poll, or a closed socket: the loop knows more


def _next_sockets(pool: Pool) -> Iterator[Any]:
    connector: Any = pool.session.connector
    for idle in connector._conns.values():  # aiohttp takes the first of them
        if idle and idle[0][0].transport is not None:
            yield idle[0][0].transport.get_extra_info("socket")
