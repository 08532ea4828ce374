"""Connections that refuse in the API's words also what never becomes a request: no HTTP, or a line that is too long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Explain = Callable[[], web.Response]

# Of a path or a header: aiohttp refuses what is longer.
MAX_LINE_BYTES = 64 * 2**10


class Connections(web.Server):
    """aiohttp's bare server: its applications route by themselves, which here the table of operations does.

    Args:
        handler: answers a request.
        unreadable: answers what could not be read.
        keep_alive_s: how many seconds an unused connection is kept.
    """

    def __init__(self, handler: Handler, unreadable: Explain, keep_alive_s: float) -> None:
        super().__init__(handler, handler_cancellation=True)
        self._unreadable = unreadable
        self._keep_alive_s = keep_alive_s

    def __call__(self) -> web.RequestHandler:
        """A new connection, as asyncio's servers ask for it."""
        return _Connection(self, self._unreadable, self._keep_alive_s)


class _Connection(web.RequestHandler):
    __slots__ = ("_unreadable",)

    def __init__(self, server: Connections, unreadable: Explain, keep_alive_s: float) -> None:
        options: dict[str, Any] = {
            "access_log": None,
            "keepalive_timeout": keep_alive_s,
            "max_line_size": MAX_LINE_BYTES,
            "max_field_size": MAX_LINE_BYTES,
        }
        super().__init__(server, loop=asyncio.get_running_loop(), **options)
        self._unreadable = unreadable

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What goes back in place of an answer."""
        if status != HTTPStatus.BAD_REQUEST or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        # aiohttp would also log an excerpt of what was sent, which may be of a key.
        response = self._unreadable()
        response.force_close()
        return response
