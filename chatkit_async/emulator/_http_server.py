"""The HTTP server: logs each request, reads it, applies a fault if one matches, and sends the response."""

from __future__ import annotations

import asyncio
import functools
import logging
import secrets
import time
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import attrs
from aiohttp import web

from ._api import ApiRequest, ApiResponse, refusal_response
from ._control import control_response, is_control_request
from ._fault_injection import FaultyExchange, carry_out, gone_cursor_response, whole
from ._faults import Fault
from ._refusals import RequestRefused, body_too_large, not_json, server_error, unreadable
from ._request_log import LogEntry, RequestLog
from ._state import EmulatorState

# A state variable may have 10 Mi characters, each up to 4 bytes in UTF-8, beside other fields.
MAX_REQUEST_BODY_BYTES = 64 * 2**20
# Of a path or a header: aiohttp refuses longer ones.
MAX_LINE_BYTES = 64 * 2**10
TURNS_TO_READ = 20  # of the loop; accepting a connection and beginning its request takes seven; more are spare

logger = logging.getLogger("chatkit_async.emulator")


class HttpServer(web.Server):
    """aiohttp's bare server: the table of operations does the routing.

    Args:
        state: the emulator's.
        keep_alive_s: how many seconds an idle connection stays open.
    """

    def __init__(self, state: EmulatorState, keep_alive_s: float) -> None:
        super().__init__(self._handle, handler_cancellation=True)
        self._state = state
        self._keep_alive_s = keep_alive_s

    def __call__(self) -> web.RequestHandler:
        """A new connection; asyncio's server calls it."""
        return _ServerConnection(self, self._keep_alive_s)

    def unreadable(self) -> web.Response:
        """The response to bytes that are not an HTTP request; the log does not have it."""
        return whole(self._with_api_headers(refusal_response(unreadable(MAX_LINE_BYTES)), time.perf_counter()))

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if is_control_request(request):
            return whole(await control_response(request, self._state, read_body))
        with self._state.lock:
            log = self._state.log
            entry = log.open(request, self._state.clock.now_s())
        try:
            response = await self._respond(request, log, entry)
            entry.end("responded")
            return response
        finally:
            entry.end("disconnected")

    async def _respond(self, request: web.BaseRequest, log: RequestLog, entry: LogEntry) -> web.StreamResponse:
        def keep(response: ApiResponse) -> None:
            with self._state.lock:
                log.keep_response(entry, response)

        def with_api_headers(response: ApiResponse) -> ApiResponse:
            return self._with_api_headers(response, entry.started_s)

        try:
            received = await api_request(request)
        except RequestRefused as refused:
            response = with_api_headers(refusal_response(refused))
        else:
            with self._state.lock:
                log.keep_body(entry, received.body)
                entry.fault = self._state.faults.take(received, self._state.api, self._state.data)
            if entry.fault is not None:
                work = functools.partial(self._work, received, entry.fault)
                return await carry_out(entry.fault, FaultyExchange(request, entry, work, keep, with_api_headers))
            response = with_api_headers(self._work(received))
        keep(response)
        return whole(response)

    def _work(self, request: ApiRequest, fault: Fault | None = None) -> ApiResponse:
        """The response to a request: the API's, or the refusal of a cursor that the fault is about."""
        try:
            if fault is not None and fault.kind == "gone_cursor":
                with self._state.lock:
                    refused = gone_cursor_response(request, self._state.api, self._state.data)
                if refused is not None:
                    return refused
            return self._state.respond(request)
        except Exception:
            logger.exception("%s %s failed", request.method, request.path)
            return refusal_response(server_error())

    def _with_api_headers(self, response: ApiResponse, started_s: float) -> ApiResponse:
        """The response with the headers that every response of the API has; the date is by the emulator's clock."""
        headers = {
            "Date": http_date(int(self._state.clock.now_s())),
            "openai-processing-ms": str(int((time.perf_counter() - started_s) * 1000)),
            "openai-version": "2020-10-01",
            "x-request-id": f"req_{secrets.token_hex(16)}",
            **response.headers,
        }
        return attrs.evolve(response, headers=headers)


class _ServerConnection(web.RequestHandler):
    __slots__ = ("_server",)

    def __init__(self, server: HttpServer, keep_alive_s: float) -> None:
        options: dict[str, Any] = {
            "access_log": None,
            "keepalive_timeout": keep_alive_s,
            "max_line_size": MAX_LINE_BYTES,
            "max_field_size": MAX_LINE_BYTES,
        }
        super().__init__(server, loop=asyncio.get_running_loop(), **options)
        self._server = server

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The response to a request that aiohttp cannot read."""
        if status != HTTPStatus.BAD_REQUEST or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        # aiohttp would also log an excerpt of the bytes, which may hold a key.
        response = self._server.unreadable()
        response.force_close()
        return response


async def api_request(request: web.BaseRequest) -> ApiRequest:
    """The request with its whole body; raises RequestRefused (413, 400)."""
    url = request.rel_url
    return ApiRequest(request.method, url.raw_path, url.raw_query_string, request.headers, await read_body(request))


async def read_body(request: web.BaseRequest) -> bytes:
    """The request's body; raises RequestRefused (413, 400)."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = bytearray()
    try:
        while not request.content.at_eof():
            body += await request.content.readany()
            if len(body) > MAX_REQUEST_BODY_BYTES:
                raise body_too_large(MAX_REQUEST_BODY_BYTES)
    except web.RequestPayloadError:
        raise not_json() from None
    return bytes(body)


@functools.lru_cache(maxsize=1)
def http_date(unix_s: int) -> str:
    """The time as headers show it; many responses share a second."""
    return formatdate(unix_s, usegmt=True)


async def read_what_was_sent() -> None:
    """Returns once the requests that had arrived before are read, those of connections not yet accepted included."""
    for _ in range(TURNS_TO_READ):
        await asyncio.sleep(0)
