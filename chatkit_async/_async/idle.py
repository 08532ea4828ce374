"""Pooled connections that the server has ended, and the loop has not heard of yet."""

from __future__ import annotations

import select
from typing import Any

from .pool import Pool

# Nobody knows what happened to a pool in so long, and two turns of the loop cost less than finding out.
QUIET_S = 0.1


def has_news(pool: Pool) -> bool:
    """Whether a connection that would be taken next has something to read: while it is idle, that is its end."""
    connector: Any = pool.connector
    try:
        poll = None
        for idle in connector._conns.values():  # aiohttp takes the first of them
            if idle and (transport := idle[0][0].transport) is not None:
                poll = poll or select.poll()
                poll.register(transport.get_extra_info("socket"), select.POLLIN)
        return poll is not None and bool(poll.poll(0))
    except (AttributeError, OSError, TypeError, ValueError):
        return True  # a system without poll, no socket or a closed one: the loop knows more


def close_spoiled(pool: Pool) -> None:
    """Close connections on which something came that nobody asked for: it would pass for the answer to what is next."""
    connector: Any = pool.connector
    try:  # not suppress(), which costs as much as the rest
        for idle in connector._conns.values():
            for protocol, _ in idle:
                if not protocol.should_close:
                    break  # aiohttp takes this one
                protocol.close()
    except AttributeError:
        return  # a pool that is none of aiohttp's
