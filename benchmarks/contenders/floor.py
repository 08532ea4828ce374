"""What no HTTP client can go below: ready bytes over a raw asyncio protocol, the answer decoded to the same objects."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from ..cases import CREATE, Case
from . import API_KEY

LENGTH = b"Content-Length: "


class Connection(asyncio.Protocol):
    """One request at a time; gives the bodies of answers that declare their length."""

    answer: "asyncio.Future[bytes] | None" = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self, request: bytes) -> "asyncio.Future[bytes]":
        """Writes a request; the future is its answer's body."""
        self.received = b""
        self.answer = answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return answer

    def data_received(self, data: bytes) -> None:
        self.received = received = self.received + data if self.received else data
        end = received.find(b"\r\n\r\n") + 4
        if end >= 4:
            start = received.index(LENGTH) + len(LENGTH)
            size = int(received[start : received.index(b"\r\n", start)])
            if len(received) == end + size and self.answer is not None:
                self.answer.set_result(received[end:])

    def connection_lost(self, error: Exception | None) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(error or ConnectionError("the server closed the connection"))


class Connections:
    """As many as are in flight at once."""

    def __init__(self, base_url: str) -> None:
        address = urlsplit(base_url)
        self._host, self._port = address.hostname or "", address.port or 80
        self._prefix = address.path
        self._free: list[Connection] = []
        self._all: list[Connection] = []

    async def body(self, request: bytes) -> bytes:
        """The body that answers a request."""
        connection = self._free.pop() if self._free else await self._open()
        try:
            return await connection.ask(request)
        finally:
            self._free.append(connection)

    def request(self, case: Case, query: str = "") -> bytes:
        """The bytes of a request."""
        body = json.dumps(case.body).encode() if case.body else b""
        head = f"{case.method} {self._prefix}{case.path}{query} HTTP/1.1\r\nHost: {self._host}\r\n"
        head += f"Authorization: Bearer {API_KEY}\r\nOpenAI-Beta: chatkit_beta=v1\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    def close(self) -> None:
        """Closes all."""
        for connection in self._all:
            connection.transport.close()

    async def _open(self) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, self._host, self._port)
        self._all.append(connection)
        return connection


@asynccontextmanager
async def floor(base_url: str) -> AsyncIterator[Mapping[str, Callable[[], Awaitable[Any]]]]:
    """Creates sessions, and nothing else."""
    from chatkit_async import ChatSession
    from chatkit_async._core.codec import structure
    from chatkit_async._core.json_bytes import loads

    connections = Connections(base_url)

    async def create(request: bytes) -> ChatSession:
        return structure(loads(await connections.body(request)), ChatSession)

    yield {"sessions.create": partial(create, connections.request(CREATE))}
    connections.close()
