"""The HTTP server: each request is recorded, read, perhaps struck by a fault, and answered."""

from __future__ import annotations

import logging
import secrets
import time
from email.utils import formatdate

import attrs
from aiohttp import web

from .held import Held
from .mischief import carry_out
from .record import Entry, RequestLog
from .refusal import body_too_large, not_json, server_error
from .wire import Answer, Asked, answer, refused

# A state variable may have 10 MiB (WIRE.md).
MAX_BODY_BYTES = 12 * 2**20

logger = logging.getLogger("chatkit_async.emulator")


class Server:
    """Answers the requests of one emulator."""

    def __init__(self, held: Held) -> None:
        self._held = held

    def app(self) -> web.Application:
        """The web application, with every path under one handler: the table of operations is the router."""
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_route("*", "/{path:.*}", self.handle)
        return app

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answers one request, and notes how it ended."""
        with self._held.lock:
            log = self._held.log
            entry = log.open(request, self._held.clock.now_s())
        try:
            response = await self._respond(request, log, entry)
            entry.ended = "answered" if connected(request) else "disconnected"
            return response
        finally:
            if entry.ended == "pending":
                entry.ended = "disconnected"

    async def _respond(self, request: web.Request, log: RequestLog, entry: Entry) -> web.StreamResponse:
        started_s = time.perf_counter()
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return sent(self._signed(refused(body_too_large(MAX_BODY_BYTES)), started_s))
        except web.RequestPayloadError:
            return sent(self._signed(refused(not_json()), started_s))
        asked = Asked(request.method, request.rel_url.raw_path, request.headers, body)
        with self._held.lock:
            log.keep_body(entry, body)
            fault = self._held.faults.take(asked.method, asked.path)
        if fault is None:
            return sent(self._signed(self._answer(asked), started_s))
        return await carry_out(fault, request, lambda: self._answer(asked), lambda made: self._signed(made, started_s))

    def _answer(self, asked: Asked) -> Answer:
        try:
            return answer(asked, self._held)
        except Exception:
            logger.exception("%s %s could not be answered", asked.method, asked.path)
            return refused(server_error())

    def _signed(self, made: Answer, started_s: float) -> Answer:
        """The answer with the headers that all of the API's carry; the date is that of the emulator's clock."""
        elapsed_ms = int((time.perf_counter() - started_s) * 1000)
        headers = {
            "Date": formatdate(int(self._held.clock.now_s()), usegmt=True),
            "openai-processing-ms": str(elapsed_ms),
            "openai-version": "2020-10-01",
            "x-request-id": f"req_{secrets.token_hex(16)}",
            **made.headers,
        }
        return attrs.evolve(made, headers=headers)


def sent(made: Answer) -> web.Response:
    """The answer as aiohttp sends it."""
    return web.Response(status=made.status, headers=made.headers, body=made.body)


def connected(request: web.BaseRequest) -> bool:
    """Whether somebody is still there to be answered."""
    return request.transport is not None and not request.transport.is_closing()
