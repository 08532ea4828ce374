"""The lean way: a request whose every byte is known is written straight to a connection of aiohttp's pool.

The connector, the parser and the response are aiohttp's. Left out is what has one outcome here: cookies, redirects,
compression, chunks, parts, 100-continue, a task that writes the body. `lean_guard` says whether aiohttp is as known.
"""

from __future__ import annotations

from typing import Any

import aiohttp
from aiohttp import hdrs
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from .._core.message import Request
from .delivery import Delivery
from .lean_guard import ASKS_FOR_A_WRITER

# More goes out while the answer may come in already, and aiohttp's writer knows how to wait for that.
LARGEST_LEAN_BODY_BYTES = 32 * 1024
_METHODS = frozenset({"GET", "POST", "DELETE"})
_SENT_AGAIN = frozenset({"GET", "DELETE"})  # by aiohttp itself, once, where a pooled connection was dropped
_NO_FIELDS: CIMultiDictProxy[str] = CIMultiDictProxy(CIMultiDict())
_ENCODINGS = aiohttp.ClientRequest.DEFAULT_HEADERS[hdrs.ACCEPT_ENCODING]


def is_lean(request: Request) -> bool:
    """Whether nothing about a request needs aiohttp's care."""
    return (
        request.method in _METHODS
        and "expect" not in request.headers
        and (request.body is None or len(request.body) <= LARGEST_LEAN_BODY_BYTES)
    )


async def send_lean(
    session: aiohttp.ClientSession, request: Request, delivery: Delivery, timeout: aiohttp.ClientTimeout
) -> aiohttp.ClientResponse:
    """What `session.request` gives, for a request that `is_lean` and goes through no proxy."""
    is_last = request.method not in _SENT_AGAIN
    while True:
        try:
            return await _sent(LeanRequest(session, request, delivery), timeout)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
            if is_last:
                raise
        is_last = True


async def _sent(request: LeanRequest, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
    connector = request.session.connector
    if connector is None:
        raise RuntimeError("Session is closed")
    try:
        connection: Any = await connector.connect(request, traces=[], timeout=timeout)
    except TimeoutError as error:
        raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {request.url}") from error
    try:
        connection.protocol.set_response_params(read_until_eof=True)
        response = request.response = request.write(connection)
        try:
            await response.start(connection)
        except BaseException:
            response.close()
            raise
    except BaseException:
        connection.close()
        raise
    return response


class LeanRequest(aiohttp.ClientRequest):
    """What the connector and the response ask a request for, and its bytes."""

    response: Any = None

    def __init__(self, session: aiohttp.ClientSession, request: Request, delivery: Delivery) -> None:
        # Not aiohttp's own: it is what the lean way leaves out.
        self._session = session
        self._ssl = True
        self.method = request.method
        self.url = self.original_url = URL(request.url, encoded=True)
        self.proxy = self.proxy_auth = self.proxy_headers = self.server_hostname = None
        delivery.count(self)
        self._head_and_body = _head(request, self.url, delivery) + (request.body or b"")

    @property
    def request_info(self) -> aiohttp.RequestInfo:
        """For aiohttp's errors, without headers."""
        return aiohttp.RequestInfo(self.url, self.method, _NO_FIELDS, self.url)

    def write(self, connection: Any) -> aiohttp.ClientResponse:
        """Send the request; the response knows the connection only once it is started."""
        transport = connection.protocol.transport
        if transport is None or transport.is_closing():
            raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")
        transport.write(self._head_and_body)
        make: Any = aiohttp.ClientResponse
        response: aiohttp.ClientResponse = make(
            self.method,
            self.url,
            writer=None,
            continue100=None,
            timer=None,
            request_info=self.request_info,
            traces=[],
            loop=self._session._loop,
            session=self._session,
            **({"stream_writer": self} if ASKS_FOR_A_WRITER else {}),
        )
        return response

    @property
    def output_size(self) -> int:
        """Bytes sent; newer responses ask."""
        return len(self._head_and_body)


def _head(request: Request, url: URL, delivery: Delivery) -> bytes:
    """The head, byte for byte as aiohttp writes it."""
    fields = "".join([f"{name}: {value}\r\n" for name, value in request.headers.items()])
    if "accept-encoding" not in request.headers:
        fields += f"Accept-Encoding: {_ENCODINGS}\r\n"
    if request.body is not None:
        fields += f"Content-Length: {len(request.body)}\r\n"
    elif request.method != "GET":
        fields += "Content-Length: 0\r\n"
    if delivery.sends > 1:
        fields += f"x-stainless-retry-count: {delivery.sends - 1}\r\n"
    return f"{request.method} {url.raw_path_qs} HTTP/1.1\r\nHost: {url.host_port_subcomponent}\r\n{fields}\r\n".encode()
