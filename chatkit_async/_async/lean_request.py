"""The lean way: a request whose every byte is known is written straight to a connection of aiohttp's pool.

The connector and the parser are aiohttp's. Left out is what has one outcome here: cookies, redirects,
compression, chunks, parts, 100-continue, a task that writes the body. `lean_guard` says whether aiohttp is as known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import aiohttp
from aiohttp import hdrs
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from .._core.message import Request
from .delivery import CLOSING, Delivery
from .lean_guard import default_encodings

# More goes out while the answer may come in already, and aiohttp's writer knows how to wait for that.
LARGEST_LEAN_BODY_BYTES = 32 * 1024
_METHODS = frozenset({"GET", "POST", "DELETE"})
_SENT_AGAIN = frozenset({"GET", "DELETE"})  # by aiohttp itself, once, where a pooled connection was dropped
_NO_FIELDS: CIMultiDictProxy[str] = CIMultiDictProxy(CIMultiDict())
_ENCODINGS = default_encodings()


def is_lean(request: Request) -> bool:
    """Whether nothing about a request needs aiohttp's care."""
    return (
        request.method in _METHODS
        and "expect" not in request.headers
        and (request.body is None or len(request.body) <= LARGEST_LEAN_BODY_BYTES)
    )


def send_lean(
    connector: aiohttp.BaseConnector, request: Request, delivery: Delivery, timeout: aiohttp.ClientTimeout
) -> Awaitable[LeanAnswer]:
    """What `session.request` does, for a request that `is_lean` and goes through no proxy."""
    send = _sent_again if request.method in _SENT_AGAIN else _sent
    return send(connector, request, delivery, timeout)


async def _sent_again(
    connector: aiohttp.BaseConnector, request: Request, delivery: Delivery, timeout: aiohttp.ClientTimeout
) -> LeanAnswer:
    try:
        return await _sent(connector, request, delivery, timeout)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        pass
    return await _sent(connector, request, delivery, timeout)


async def _sent(
    connector: aiohttp.BaseConnector, request: Request, delivery: Delivery, timeout: aiohttp.ClientTimeout
) -> LeanAnswer:
    lean = LeanRequest(request, delivery)
    try:
        connection: Any = await connector.connect(lean, traces=[], timeout=timeout)
    except TimeoutError as error:
        raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {lean.url}") from error
    try:
        protocol = connection.protocol
        if protocol.should_close:  # something came that nobody asked for: it would pass for the answer
            raise aiohttp.ClientConnectionResetError(CLOSING)
        protocol.set_response_params(read_until_eof=True)
        lean.write(protocol.transport)
        message, content = await protocol.read()
        while 100 <= message.code < 200 and message.code != 101:
            message, content = await protocol.read()
    except HttpProcessingError as error:
        connection.close()
        raise aiohttp.ClientPayloadError(error.message) from error
    except BaseException:
        connection.close()
        raise
    return LeanAnswer(message, content, connection)


class LeanAnswer:
    """As much of `aiohttp.ClientResponse` as it takes to read one."""

    __slots__ = ("_connection", "content", "headers", "status")

    def __init__(self, message: Any, content: aiohttp.StreamReader, connection: Any) -> None:
        self.status: int = message.code
        self.headers: CIMultiDictProxy[str] = message.headers
        self.content = content
        self._connection = connection
        content.on_eof(connection.release)  # at once, as a rule: all has come

    @property
    def connection(self) -> Any:
        """What holds the connection; None once it is back in the pool."""
        return self._connection if self._connection.protocol is not None else None

    @property
    def content_length(self) -> int | None:
        """What the head announces."""
        declared = self.headers.get(hdrs.CONTENT_LENGTH)
        return None if declared is None else int(declared)

    async def read(self) -> bytes:
        """The rest of the body."""
        return await self.content.read()

    def close(self) -> None:
        """Close the connection, unless it is back in the pool."""
        self._connection.close()


class LeanRequest(aiohttp.ClientRequest):
    """What the connector asks a request for, and its bytes."""

    response: Any = None  # something once the request is written, as with aiohttp's own
    proxy = proxy_auth = proxy_headers = server_hostname = None
    _ssl = True

    def __init__(self, request: Request, delivery: Delivery) -> None:
        # Not aiohttp's own: it is what the lean way leaves out.
        self.method = request.method
        self.url = self.original_url = URL(request.url, encoded=True)
        delivery.count(self)
        self._head_and_body = _head(request, self.url, delivery) + (request.body or b"")

    @property
    def request_info(self) -> aiohttp.RequestInfo:
        """For the connector's errors, without headers."""
        return aiohttp.RequestInfo(self.url, self.method, _NO_FIELDS, self.url)

    def write(self, transport: asyncio.WriteTransport | None) -> None:
        """Send it."""
        if transport is None or transport.is_closing():
            raise aiohttp.ClientConnectionResetError(CLOSING)
        transport.write(self._head_and_body)
        self.response = transport


def _head(request: Request, url: URL, delivery: Delivery) -> bytes:
    """The head, byte for byte as aiohttp writes it."""
    framing = "" if "accept-encoding" in request.headers else f"Accept-Encoding: {_ENCODINGS}\r\n"
    if request.body is not None or request.method != "GET":
        framing += f"Content-Length: {len(request.body or b'')}\r\n"
    if delivery.sends > 1:
        framing += f"x-stainless-retry-count: {delivery.sends - 1}\r\n"
    line = f"{request.method} {url.raw_path_qs} HTTP/1.1\r\nHost: {url.host_port_subcomponent}\r\n"
    # No name for the headers as text: a traceback would show the key.
    return "".join(
        [line, *[f"{name}: {value}\r\n" for name, value in request.headers.items()], framing, "\r\n"]
    ).encode()
