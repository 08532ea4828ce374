"""The fast path: a request whose every byte is known is written straight to a connection of aiohttp's pool.

The connector and the parser are aiohttp's. It leaves out what these requests never need: cookies, redirects,
compression, chunks, parts, 100-continue, a task that writes the body. `guard` checks that this aiohttp is a known one.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from aiohttp import hdrs
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from ..._core.message import Request
from ..delivery import CLOSING, Delivery
from .guard import default_encodings

# While a larger body is written, the response may already arrive: aiohttp's own writer handles that.
LARGEST_SINGLE_WRITE_BYTES = 32 * 1024
_METHODS = frozenset({"GET", "POST", "DELETE"})
_NO_HEADERS: CIMultiDictProxy[str] = CIMultiDictProxy(CIMultiDict())
_ENCODINGS = default_encodings()


def is_fast(request: Request) -> bool:
    """Whether a request needs nothing that the fast path leaves out."""
    return (
        request.method in _METHODS
        and "expect" not in request.headers
        and (request.body is None or len(request.body) <= LARGEST_SINGLE_WRITE_BYTES)
    )


async def send(
    connector: aiohttp.TCPConnector, request: Request, delivery: Delivery, timeout: aiohttp.ClientTimeout
) -> FastResponse:
    """Does what `session.request` does, for a request that `is_fast` and goes through no proxy."""
    fast = FastRequest(request, delivery)
    try:
        connection: Any = await aiohttp.TCPConnector.connect(connector, fast, [], timeout)
    except TimeoutError as error:
        raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {fast.url}") from error
    try:
        protocol = connection.protocol
        if protocol.should_close:  # it holds an unsolicited response, which would pass for the response to this request
            raise aiohttp.ClientConnectionResetError(CLOSING)
        protocol.set_response_params(read_until_eof=True)
        fast.write(protocol.transport)
        message, content = await protocol.read()
        while 100 <= message.code < 200 and message.code != 101:
            message, content = await protocol.read()
    except HttpProcessingError as error:
        connection.close()
        raise aiohttp.ClientPayloadError(error.message) from error
    except BaseException:
        connection.close()
        raise
    return FastResponse(message, content, connection)


async def send_repeatable(
    connector: aiohttp.TCPConnector, request: Request, delivery: Delivery, timeout: aiohttp.ClientTimeout
) -> FastResponse:
    """The same for GET and DELETE, which aiohttp sends once more when the connection breaks before the response."""
    try:
        return await send(connector, request, delivery, timeout)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        pass
    return await send(connector, request, delivery, timeout)


class FastResponse:
    """The parts of `aiohttp.ClientResponse` that reading a response takes."""

    __slots__ = ("_connection", "content", "headers", "status")

    def __init__(self, message: Any, content: aiohttp.StreamReader, connection: Any) -> None:
        self.status: int = message.code
        self.headers: CIMultiDictProxy[str] = message.headers
        self.content = content
        self._connection = connection
        content.on_eof(connection.release)  # at once if the body came with the head

    @property
    def connection(self) -> Any:
        """The connection; None once it is back in the pool."""
        return self._connection if self._connection.protocol is not None else None

    @property
    def content_length(self) -> int | None:
        """The Content-Length header, in bytes."""
        declared = self.headers.get(hdrs.CONTENT_LENGTH)
        return None if declared is None else int(declared)

    async def read(self) -> bytes:
        """The rest of the body."""
        return await self.content.read()

    def close(self) -> None:
        """Close the connection, unless it is back in the pool."""
        self._connection.close()


class FastRequest(aiohttp.ClientRequest):
    """The attributes that aiohttp's connector reads of a request, and its bytes."""

    response: Any = None  # set once the request is written, as aiohttp does
    proxy = proxy_auth = proxy_headers = server_hostname = None
    _ssl = True

    def __init__(self, request: Request, delivery: Delivery) -> None:
        # aiohttp's `__init__` is not called: leaving it out is what makes this path fast.
        self.method = request.method
        self.url = self.original_url = URL(request.url, encoded=True)
        delivery.count(self)
        self._head_and_body = _head(request, self.url, delivery) + (request.body or b"")

    @property
    def request_info(self) -> aiohttp.RequestInfo:
        """For errors of the connector, without headers."""
        return aiohttp.RequestInfo(self.url, self.method, _NO_HEADERS, self.url)

    def write(self, transport: asyncio.WriteTransport | None) -> None:
        """Sends the request."""
        if transport is None or transport.is_closing():
            raise aiohttp.ClientConnectionResetError(CLOSING)
        transport.write(self._head_and_body)
        self.response = transport


def _head(request: Request, url: URL, delivery: Delivery) -> bytes:
    """The request line and headers, byte for byte as aiohttp writes them."""
    framing = "" if "accept-encoding" in request.headers else f"Accept-Encoding: {_ENCODINGS}\r\n"
    if request.body is not None or request.method != "GET":
        framing += f"Content-Length: {len(request.body or b'')}\r\n"
    if delivery.sends > 1:  # as `Delivery` does for the requests that aiohttp writes
        framing += f"x-stainless-retry-count: {delivery.sends - 1}\r\n"
    line = f"{request.method} {url.raw_path_qs} HTTP/1.1\r\nHost: {url.host_port_subcomponent}\r\n"
    # No local variable holds the headers as text: a traceback would show the key.
    return "".join(
        [line, *[f"{name}: {value}\r\n" for name, value in request.headers.items()], framing, "\r\n"]
    ).encode()
