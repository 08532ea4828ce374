"""A pool that also uses private parts of aiohttp: it is faster, and looks at connections before their use."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

import aiohttp

from ..._core.message import Request
from ...errors import ConfigurationError
from ..delivery import Delivery
from ..pool import Pool, aiohttp_timeout
from ..proxies import ConnectionSettings, Proxy
from .guard import PARTS, is_bare, is_fast_path_known, is_untouched, report_missing_parts
from .request import FastResponse, is_fast, send, send_repeatable


class FastPool(Pool):
    """A pool that writes plain requests straight to connections of aiohttp.

    Attributes:
        connector: the connector of the session.
    """

    __slots__ = ("_is_fast", "connector")

    def __init__(self, settings: ConnectionSettings) -> None:
        super().__init__(settings)
        self.connector: Any = self.session.connector
        report_missing_parts(self)
        if not self.is_ours:
            _check_loop(self._part("loop", asyncio.get_running_loop()))
        if (of_session := self._part("middlewares", None)) is not None:
            self._middlewares = (*of_session, *settings.middlewares)
        self.is_plain = self.is_ours and not self._middlewares and is_bare(self)
        self._is_fast = self.is_plain and is_fast_path_known()

    def may_have_ended(self) -> bool:
        """Whether a connection that would be taken next is readable while idle: the peer closed it."""
        try:
            poll = None
            for idle in PARTS["idle"].read(self).values():  # aiohttp takes the first of each list
                if idle and (transport := idle[0][0].transport) is not None:
                    poll = poll or select.poll()
                    poll.register(transport.get_extra_info("socket"), select.POLLIN)
            return poll is not None and bool(poll.poll(0))
        except (AttributeError, OSError, TypeError, ValueError):
            return True  # no poll on this system, no socket, or a closed one: the event loop will notice

    def request(
        self, request: Request, delivery: Delivery, connect_s: float, proxy: Proxy | None
    ) -> Awaitable[aiohttp.ClientResponse | FastResponse]:
        """Sends a request, on the fast path if it is a plain one; `connect_s` limits each new connection."""
        if self._is_fast and proxy is None and is_fast(request) and is_untouched():
            return (send if request.method == "POST" else send_repeatable)(
                self.connector, request, delivery, aiohttp_timeout(connect_s)
            )
        if not self.is_ours:
            self._close_spoiled()
        return super().request(request, delivery, connect_s, proxy)

    def pass_turn(self) -> None:
        """After a call was cancelled: wakes the next one that waits for a connection, which aiohttp does not."""
        self._part("waiters", bool)()

    def discard(self) -> None:
        """Closes the session without waiting, in its loop or after that was closed."""
        if self.is_ours and self.deadlines.loop.is_closed() and not self.session.closed:
            idle = [protocol for entries in self._part("idle", {}).values() for protocol, _ in entries]
            for protocol in [*idle, *self._part("used", ())]:
                _free(getattr(protocol, "transport", None))
        super().discard()

    def _close_spoiled(self) -> None:
        """Closes connections that hold an unsolicited response: it would pass for the response to this request."""
        for idle in self._part("idle", {}).values():
            for protocol, _ in idle:
                if not getattr(protocol, "should_close", False):
                    break  # aiohttp takes this one
                protocol.close()

    def _part(self, name: str, default: Any) -> Any:
        try:
            return PARTS[name].read(self)
        except AttributeError:
            return default


def _free(transport: Any) -> None:
    """Closes a socket whose loop is closed, so that asyncio can call nothing back."""
    if transport is not None:
        with suppress(RuntimeError):  # asyncio wants to call back through the closed loop
            transport.abort()
        with suppress(Exception):  # a transport without it closes its socket when it is collected
            transport._call_connection_lost(None)


def _check_loop(home: asyncio.AbstractEventLoop) -> None:
    here = asyncio.get_running_loop()
    if home is not here:
        raise ConfigurationError(
            f"http_session belongs to the event loop {_named(home)} and was used in {_named(here)}:"
            " an aiohttp session works in one loop only; leave http_session out and the client opens one in each"
        )


def _named(loop: asyncio.AbstractEventLoop) -> str:
    return f"{loop!r} at {id(loop):#x}"  # the repr does not tell one loop from another
