"""Fault injection: which request a fault is for, and how it is carried out on the connection."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

import attrs
from aiohttp import web

from ..errors import ConfigurationError
from ..types._json import JSON, JSONObject
from ..types.redacted import described
from ._api import Api, ApiRequest, ApiResponse, document_response, refusal_response
from ._data import ApiData
from ._faults import LISTING_KINDS, Fault, is_listing
from ._refusals import RequestRefused, cursor_not_found
from ._request_log import LogEntry

PIECE_BYTES = 16
PIECE_PAUSE_S = 0.01
WEB_PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Please wait.</body></html>"

# The API's errors for statuses that do not depend on the request: (type, code, message).
REASONS: Mapping[int, tuple[str, str | None, str]] = {
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests. Please try again later."),
    500: ("server_error", None, "The server had an error while processing your request. Sorry about that!"),
    503: ("server_error", None, "The engine is currently overloaded, please try again later."),
}


class QueuedFault:
    """A fault in the queue: how many more requests it lets pass, and how many more it makes fail."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.skip = fault.skip
        self.times: float = math.inf if fault.times == "always" else fault.times


class FaultQueue:
    """The faults that wait for requests, in the order they were added."""

    def __init__(self) -> None:
        self.queued: list[QueuedFault] = []

    def add(self, *faults: Fault) -> None:
        """Appends faults; raises ConfigurationError for anything else."""
        for fault in faults:
            if not isinstance(fault, Fault):
                raise ConfigurationError(f"add_faults: pass faults, as in Fault(status=503), not {described(fault)}")
        self.queued += map(QueuedFault, faults)

    def clear(self) -> None:
        """Removes all faults."""
        self.queued.clear()

    def take(self, request: ApiRequest, api: Api, data: ApiData) -> Fault | None:
        """The first matching fault with no request left to skip, counted; None if there is none."""
        for queued in self.queued:
            if not matches(queued.fault, request, api, data):
                continue
            if queued.skip:
                queued.skip -= 1
                continue
            queued.times -= 1
            if not queued.times:
                self.queued.remove(queued)
            return queued.fault
        return None


def matches(fault: Fault, request: ApiRequest, api: Api, data: ApiData) -> bool:
    """Whether a fault is for this request."""
    return (
        fault.method in (None, request.method)
        and request.path.endswith(fault.path)
        and (not fault.query or fault.query.items() <= dict(parse_qsl(request.query, keep_blank_values=True)).items())
        and (fault.kind not in LISTING_KINDS or is_page_request(request, api))
        and (fault.kind != "gone_cursor" or gone_cursor(request, api, data) is not None)
    )


def is_page_request(request: ApiRequest, api: Api) -> bool:
    """Whether the request is for a page of a list."""
    try:
        return is_listing(api.router.find(request.method, request.path).operation)
    except RequestRefused:
        return False


def gone_cursor(request: ApiRequest, api: Api, data: ApiData) -> tuple[str, str] | None:
    """The name and value of the request's cursor that is not in the list; None if it has no such cursor."""
    resources, query = api.listed(request, data) or (None, {})
    for name in ("after", "before"):
        cursor = query.get(name)
        if resources is not None and isinstance(cursor, str) and cursor not in resources.index_by_id:
            return name, cursor
    return None


@attrs.frozen
class FaultyExchange:
    """A request that meets a fault; `work` does the real work, `keep` adds a response to the log."""

    request: web.BaseRequest
    entry: LogEntry
    work: Callable[[], ApiResponse]
    keep: Callable[[ApiResponse], None]
    with_api_headers: Callable[[ApiResponse], ApiResponse]


async def carry_out(fault: Fault, exchange: FaultyExchange) -> web.StreamResponse:
    """Sends the response that the fault asks for, or none; the work is done unless the fault prevents it."""
    response = None if fault.drop is True else (not fault.drop and made_up(fault)) or exchange.work()
    if fault.kind != "trickle":
        await asyncio.sleep(fault.delay)
    if response is None or fault.drop:
        return close_connection(exchange)
    complete = exchange.with_api_headers(response)
    complete = attrs.evolve(complete, headers=merged(complete.headers, fault.headers))
    if fault.kind in BODIES:
        complete = BODIES[fault.kind](complete, exchange.request.rel_url.query)
    exchange.keep(complete)
    return await SENDERS.get(fault.kind or "", send_whole)(exchange, complete, fault)


def made_up(fault: Fault) -> ApiResponse | None:
    """The response that the fault prescribes; None to send the real one."""
    if fault.status is None and fault.body is None:
        return None
    status = 200 if fault.status is None else fault.status
    if fault.body is None:
        return document_response(status, reason(status)) if status >= 400 else ApiResponse(status, {}, b"")
    if isinstance(fault.body, str):
        return ApiResponse(status, {"Content-Type": "text/plain; charset=utf-8"}, fault.body.encode())
    if isinstance(fault.body, bytes):
        return ApiResponse(status, {"Content-Type": "application/octet-stream"}, fault.body)
    return document_response(status, fault.body)


def reason(status: int) -> JSONObject:
    """An error body for a status."""
    default = REASONS[500] if status >= 500 else ("invalid_request_error", None, f"The request was refused ({status}).")
    error_type, code, message = REASONS.get(status, default)
    return {"error": {"message": message, "type": error_type, "param": None, "code": code}}


def merged(headers: Mapping[str, str], over: Mapping[str, str]) -> dict[str, str]:
    """The headers, replaced by those of the fault; names are case-insensitive."""
    replaced = {name.lower() for name in over}
    return {**{name: value for name, value in headers.items() if name.lower() not in replaced}, **over}


def close_connection(exchange: FaultyExchange) -> web.StreamResponse:
    """Closes the connection at once; the response returned is never sent."""
    exchange.entry.end("disconnected")
    transport = exchange.request.transport
    if transport is not None:
        transport.write_eof()  # a forked child may have the socket too, and closing alone would not end it
        transport.close()
    return web.Response()


def gone_cursor_response(request: ApiRequest, api: Api, data: ApiData) -> ApiResponse | None:
    """The refusal (400) of a request whose cursor is gone."""
    gone = gone_cursor(request, api, data)
    return None if gone is None else refusal_response(cursor_not_found(*gone))


Query = Mapping[str, str]


def web_page(response: ApiResponse, query: Query) -> ApiResponse:
    """An HTML page, as a proxy shows one, in place of the body."""
    headers = merged(response.headers, {"Content-Type": "text/html; charset=utf-8"})
    return ApiResponse(response.status, headers, WEB_PAGE)


def broken_json(response: ApiResponse, query: Query) -> ApiResponse:
    """Half of the body, announced as the whole."""
    return attrs.evolve(response, body=response.body[: len(response.body) // 2])


def empty_page(response: ApiResponse, query: Query) -> ApiResponse:
    """A page without data that promises more."""
    return changed_page(
        response,
        lambda page: {**page, "data": [], "first_id": None, "last_id": None, **cursor_of(query), "has_more": True},
    )


def stuck_cursor(response: ApiResponse, query: Query) -> ApiResponse:
    """The page, promising more from where it began."""

    def stuck(page: JSONObject) -> JSONObject:
        cursor = cursor_of(query)
        if cursor.get("last_id", "") is None:
            cursor["last_id"] = page.get("first_id")
        return {**page, **cursor, "has_more": True}

    return changed_page(response, stuck)


def cursor_of(query: Query) -> JSONObject:
    """The cursor of the request, under the name that the reader of the page continues from."""
    if "before" in query and "after" not in query:
        return {"first_id": query["before"]}
    return {"last_id": query.get("after")}


def changed_page(response: ApiResponse, change: Callable[[JSONObject], JSONObject]) -> ApiResponse:
    """The response with its page changed; unchanged if it has none."""
    try:
        page: JSON = json.loads(response.body)
    except ValueError:
        return response
    if not isinstance(page, dict) or page.get("object") != "list":
        return response
    return attrs.evolve(response, body=document_response(response.status, change(page)).body)


async def send_whole(exchange: FaultyExchange, response: ApiResponse, fault: Fault) -> web.StreamResponse:
    """Sends the response as it is."""
    return whole(response)


async def send_truncated(exchange: FaultyExchange, response: ApiResponse, fault: Fault) -> web.StreamResponse:
    """Sends half of the announced body, then closes the connection."""
    started = await begin(exchange, response)
    await started.write(response.body[: len(response.body) // 2])
    close_connection(exchange)
    return started


async def send_trickle(exchange: FaultyExchange, response: ApiResponse, fault: Fault) -> web.StreamResponse:
    """Sends the body in small pieces, with a pause before each."""
    started = await begin(exchange, response)
    for start in range(0, len(response.body), PIECE_BYTES):
        await asyncio.sleep(fault.delay or PIECE_PAUSE_S)
        if start + PIECE_BYTES >= len(response.body):
            exchange.entry.end("responded")  # before the client can see the last piece
        await started.write(response.body[start : start + PIECE_BYTES])
    return started


async def begin(exchange: FaultyExchange, response: ApiResponse) -> web.StreamResponse:
    """Sends the head, which announces the whole body."""
    headers = merged(response.headers, {"Content-Length": str(len(response.body))})
    started = web.StreamResponse(status=response.status, headers=headers)
    await started.prepare(exchange.request)
    return started


def whole(response: ApiResponse) -> web.Response:
    """The response as aiohttp sends it."""
    return web.Response(status=response.status, headers=response.headers, body=response.body)


BODIES: Mapping[str | None, Callable[[ApiResponse, Query], ApiResponse]] = {
    "html": web_page,
    "broken_json": broken_json,
    "empty_page": empty_page,
    "stuck_cursor": stuck_cursor,
}
"""Kinds of fault that change the body."""

SENDERS: Mapping[str, Callable[[FaultyExchange, ApiResponse, Fault], Awaitable[web.StreamResponse]]] = {
    "truncated": send_truncated,
    "trickle": send_trickle,
}
"""Kinds of fault that change how the response is sent."""
