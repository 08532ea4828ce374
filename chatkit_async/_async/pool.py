"""The aiohttp session of one event loop, and what its calls share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiohttp

from .deadline import Deadlines
from .lean_guard import is_known


class Pool:
    """An aiohttp session and when it was last used.

    Args:
        session: the aiohttp session.
        is_ours: we close it; False for the user's `http_session`.
        is_plain: the session is ours and unchanged: no middleware or trace of the user sees its requests.

    Attributes:
        connector: the session's.
        is_lean: plain, and this aiohttp is one that the lean way knows.
        deadlines: of the calls that use it.
        used_at_s: when a response was last read, by `time.monotonic`; None before the first.
    """

    __slots__ = ("connector", "deadlines", "is_lean", "is_ours", "is_plain", "session", "used_at_s")

    def __init__(self, session: aiohttp.ClientSession, *, is_ours: bool, is_plain: bool) -> None:
        self.session = session
        self.connector = session.connector
        self.is_ours = is_ours
        self.is_plain = is_plain
        self.is_lean = is_plain and is_known()
        self.deadlines = Deadlines(asyncio.get_running_loop())
        self.used_at_s: float | None = None

    def wake_next(self) -> None:
        """Lets the next call that waits for a free connection look again: aiohttp loses a cancelled waiter's turn."""
        wake: Callable[[], object] | None = getattr(self.connector, "_release_waiter", None)
        if wake is not None:
            wake()

    async def aclose(self) -> None:
        """Closes the session."""
        if self.is_ours:
            await self.session.close()

    def discard(self) -> None:
        """Closes the session without waiting, in its loop or after that was closed."""
        if not self.is_ours or self.session.closed:
            return
        if self.deadlines.loop.is_closed():
            for transport in _transports(self.session):
                _free(transport)
        with suppress(StopIteration, RuntimeError):
            self.session.close().send(None)  # what it would wait for ends by itself


def _free(transport: asyncio.Transport) -> None:
    """Closes a socket whose loop is closed, and can call nothing back any more."""
    with suppress(RuntimeError):
        transport.abort()
    lose: Callable[[None], object] | None = getattr(transport, "_call_connection_lost", None)
    if lose is not None:
        with suppress(Exception):
            lose(None)


def _transports(session: aiohttp.ClientSession) -> list[asyncio.Transport]:
    connector: Any = session.connector
    pooled = [protocol for entries in getattr(connector, "_conns", {}).values() for protocol, _ in entries]
    used = [protocol for protocol in getattr(connector, "_acquired", ()) if hasattr(protocol, "transport")]
    return [protocol.transport for protocol in [*pooled, *used] if protocol.transport is not None]
