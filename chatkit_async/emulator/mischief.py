"""How a fault is carried out on a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import attrs
from aiohttp import web

from ..types._json import JSONObject
from .broken_pages import broken_page, empty_page, stuck_cursor
from .faults import Fault
from .record import Entry
from .wire import Answer, json_answer

PIECE_BYTES = 16
PIECE_PAUSE_S = 0.01
WEB_PAGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Please wait.</body></html>"

# What the API says when it refuses for reasons of its own: (type, code, message).
REASONS: Mapping[int, tuple[str, str | None, str]] = {
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests. Please try again later."),
    500: ("server_error", None, "The server had an error while processing your request. Sorry about that!"),
    503: ("server_error", None, "The engine is currently overloaded, please try again later."),
}


@attrs.frozen
class Exchange:
    """A request that a fault befalls: its connection and record, the real answer, and the API's own headers."""

    request: web.BaseRequest
    entry: Entry
    work: Callable[[], Answer]
    signed: Callable[[Answer], Answer]


async def carry_out(fault: Fault, exchange: Exchange) -> web.StreamResponse:
    """Lets the fault befall the request; the work is done where the fault lets it be done."""
    answer = None if fault.drop is True else (not fault.drop and made_up(fault)) or exchange.work()
    if fault.kind != "trickle":
        await asyncio.sleep(fault.delay)
    if answer is None or fault.drop:
        return hang_up(exchange)
    signed = exchange.signed(answer)
    send = SENDERS.get(fault.kind or "", send_whole)
    return await send(exchange, attrs.evolve(signed, headers=merged(signed.headers, fault.headers)), fault)


def made_up(fault: Fault) -> Answer | None:
    """The answer the fault prescribes; None when the real one is to pass."""
    if fault.status is None and fault.body is None:
        return None
    status = 200 if fault.status is None else fault.status
    if fault.body is None:
        return json_answer(status, reason(status)) if status >= 400 else Answer(status, {}, b"")
    if isinstance(fault.body, str):
        return Answer(status, {"Content-Type": "text/plain; charset=utf-8"}, fault.body.encode())
    if isinstance(fault.body, bytes):
        return Answer(status, {"Content-Type": "application/octet-stream"}, fault.body)
    return json_answer(status, fault.body)


def reason(status: int) -> JSONObject:
    """An error body for a status."""
    default = REASONS[500] if status >= 500 else ("invalid_request_error", None, f"The request was refused ({status}).")
    error_type, code, message = REASONS.get(status, default)
    return {"error": {"message": message, "type": error_type, "param": None, "code": code}}


def merged(headers: Mapping[str, str], over: Mapping[str, str]) -> dict[str, str]:
    """The headers with those of the fault in place of their own, whatever the case of their names."""
    replaced = {name.lower() for name in over}
    return {**{name: value for name, value in headers.items() if name.lower() not in replaced}, **over}


def hang_up(exchange: Exchange) -> web.StreamResponse:
    """Ends the connection at once; the response returned cannot be sent any more."""
    exchange.entry.ended = "disconnected"
    transport = exchange.request.transport
    if transport is not None:
        transport.write_eof()  # a forked child may hold the socket too, and closing alone would not end it
        transport.close()
    return web.Response()


async def send_whole(exchange: Exchange, answer: Answer, fault: Fault) -> web.StreamResponse:
    """The answer as it is."""
    return whole(answer)


async def send_web_page(exchange: Exchange, answer: Answer, fault: Fault) -> web.StreamResponse:
    """A page as a proxy shows it, in place of the body."""
    headers = merged(answer.headers, {"Content-Type": "text/html; charset=utf-8"})
    return whole(Answer(answer.status, headers, WEB_PAGE))


async def send_broken_json(exchange: Exchange, answer: Answer, fault: Fault) -> web.StreamResponse:
    """Half of the body, as if it were all."""
    return whole(attrs.evolve(answer, body=answer.body[: len(answer.body) // 2]))


async def send_empty_page(exchange: Exchange, answer: Answer, fault: Fault) -> web.StreamResponse:
    """A page of a list without its data."""
    return whole(broken_page(answer, exchange.request.rel_url.query, empty_page))


async def send_stuck_cursor(exchange: Exchange, answer: Answer, fault: Fault) -> web.StreamResponse:
    """A page of a list whose cursor leads back."""
    return whole(broken_page(answer, exchange.request.rel_url.query, stuck_cursor))


async def send_truncated(exchange: Exchange, answer: Answer, fault: Fault) -> web.StreamResponse:
    """Half of the body announced, then the end of the connection."""
    response = await begun(exchange, answer)
    await response.write(answer.body[: len(answer.body) // 2])
    hang_up(exchange)
    return response


async def send_trickle(exchange: Exchange, answer: Answer, fault: Fault) -> web.StreamResponse:
    """The body in small pieces, with a pause before each."""
    response = await begun(exchange, answer)
    for start in range(0, len(answer.body), PIECE_BYTES):
        await asyncio.sleep(fault.delay or PIECE_PAUSE_S)
        piece = answer.body[start : start + PIECE_BYTES]
        if start + PIECE_BYTES >= len(answer.body):
            exchange.entry.answered(answer.status)  # whoever has the last piece must find it so
        await response.write(piece)
    return response


async def begun(exchange: Exchange, answer: Answer) -> web.StreamResponse:
    """The response with its head sent, which announces the whole body."""
    headers = merged(answer.headers, {"Content-Length": str(len(answer.body))})
    response = web.StreamResponse(status=answer.status, headers=headers)
    await response.prepare(exchange.request)
    return response


def whole(answer: Answer) -> web.Response:
    """The answer as aiohttp sends it."""
    return web.Response(status=answer.status, headers=answer.headers, body=answer.body)


Sender = Callable[[Exchange, Answer, Fault], Awaitable[web.StreamResponse]]
SENDERS: Mapping[str, Sender] = {
    "html": send_web_page,
    "broken_json": send_broken_json,
    "truncated": send_truncated,
    "trickle": send_trickle,
    "empty_page": send_empty_page,
    "stuck_cursor": send_stuck_cursor,
}
"""A way to send for each kind of fault."""
