"""The HTTP server: each request is recorded, read, perhaps struck by a fault, and answered."""

from __future__ import annotations

import functools
import logging
import secrets
import time
from email.utils import formatdate

from aiohttp import web

from . import control
from .connection import MAX_LINE_BYTES
from .faults import Fault, FaultRequest
from .held import Held
from .mischief import Exchange, carry_out, whole
from .record import Entry, RequestLog
from .refusal import Refusal, body_too_large, cursor_not_found, not_json, server_error, unreadable
from .wire import Answer, Asked, answer, gone_cursor, is_listing, refused

# A state variable may have 10 Mi characters (WIRE.md), each up to 4 bytes in UTF-8, and others stand beside it.
MAX_BODY_BYTES = 64 * 2**20

logger = logging.getLogger("chatkit_async.emulator")


class Server:
    """Answers the requests of one emulator."""

    def __init__(self, held: Held) -> None:
        self._held = held

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one request, whatever its path, and notes how it ended."""
        if control.is_served(request):
            return whole(await control.answered(request, self._held, whole_body))
        with self._held.lock:
            log = self._held.log
            entry = log.open(request, self._held.clock.now_s())
        try:
            response = await self._respond(request, log, entry)
            if entry.ended == "pending":
                entry.answered(response.status)
            return response
        finally:
            if entry.ended == "pending":
                entry.ended = "disconnected"

    def unreadable(self) -> web.Response:
        """What is said of a request that could not be read; it is in no record."""
        return whole(self._signed(refused(unreadable(MAX_LINE_BYTES)), time.perf_counter()))

    async def _respond(self, request: web.BaseRequest, log: RequestLog, entry: Entry) -> web.StreamResponse:
        started_s = time.perf_counter()
        try:
            url = request.rel_url
            asked = Asked(
                request.method, url.raw_path, url.raw_query_string, request.headers, await whole_body(request)
            )
        except Refusal as refusal:
            return whole(self._signed(refused(refusal), started_s))
        with self._held.lock:
            log.keep_body(entry, asked.body)
            fault, gone = self._fault_for(asked)
        if fault is None:
            return whole(self._signed(self._answer(asked), started_s))

        def work() -> Answer:
            return (
                self._answer(asked) if fault.kind != "gone_cursor" or gone is None else refused(cursor_not_found(*gone))
            )

        exchange = Exchange(request, entry, work, lambda made: self._signed(made, started_s))
        return await carry_out(fault, exchange)

    def _fault_for(self, asked: Asked) -> tuple[Fault | None, tuple[str, str] | None]:
        """The fault for this request, and the cursor of the request that is gone."""
        if not self._held.faults:
            return None, None
        gone = gone_cursor(asked, self._held)
        request = FaultRequest(asked.method, asked.path, asked.query, is_listing(asked, self._held), gone is not None)
        return self._held.faults.take(request), gone

    def _answer(self, asked: Asked) -> Answer:
        try:
            return answer(asked, self._held)
        except Exception:
            logger.exception("%s %s could not be answered", asked.method, asked.path)
            return refused(server_error())

    def _signed(self, made: Answer, started_s: float) -> Answer:
        """The answer with the headers that all of the API's carry; the date is that of the emulator's clock."""
        headers = {
            "Date": http_date(int(self._held.clock.now_s())),
            "openai-processing-ms": str(int((time.perf_counter() - started_s) * 1000)),
            "openai-version": "2020-10-01",
            "x-request-id": f"req_{secrets.token_hex(16)}",
            **made.headers,
        }
        return Answer(made.status, headers, made.body)


async def whole_body(request: web.BaseRequest) -> bytes:
    """The request's body; raises Refusal (413, 400)."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = bytearray()
    try:
        while not request.content.at_eof():
            body += await request.content.readany()
            if len(body) > MAX_BODY_BYTES:
                raise body_too_large(MAX_BODY_BYTES)
    except web.RequestPayloadError:
        raise not_json() from None
    return bytes(body)


@functools.lru_cache(maxsize=1)
def http_date(unix_s: int) -> str:
    """The time as headers show it; many answers share a second."""
    return formatdate(unix_s, usegmt=True)
