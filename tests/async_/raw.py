"""A small server for malformed and unusual responses; it keeps the requests."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager, suppress

import attrs

SESSION = (
    b'{"id":"cksess_1","object":"chatkit.session","client_secret":"ek_raw","expires_at":2000000000,"user":"u1",'
    b'"status":"active"}'
)


@attrs.define
class ReceivedRequest:
    """One request, as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    raw: bytes


@attrs.define
class RawServer:
    """The requests, over how many connections they came, and how many of these are open."""

    port: int = 0
    requests: list[ReceivedRequest] = attrs.field(factory=list)
    connections: int = 0
    open_connections: int = 0
    has_changed: asyncio.Event = attrs.field(factory=asyncio.Event)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def until(self, is_so: Callable[[RawServer], bool]) -> None:
        """Wait for something to be true of the server, for less than the 15 s after which idle connections end."""
        async with asyncio.timeout(10):
            while not is_so(self):
                self.has_changed.clear()
                await self.has_changed.wait()


Handler = Callable[[asyncio.StreamWriter, ReceivedRequest], Awaitable[None]]


def response(
    body: bytes = SESSION, *, status: str = "200 OK", content_type: str = "application/json", **headers: str
) -> bytes:
    """A whole response; `retry_after="1"` is a header `retry-after`."""
    fields = {"content-type": content_type, "content-length": str(len(body))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def always(content: bytes, *, then_close: bool = False) -> Handler:
    """The same bytes for each request."""

    async def send(writer: asyncio.StreamWriter, received: ReceivedRequest) -> None:
        writer.write(content)
        if then_close:
            writer.close()

    return send


def in_turn(*contents: bytes | None) -> Handler:
    """One after the other, the last for ever; None closes the connection instead."""
    left = list(contents)

    async def send(writer: asyncio.StreamWriter, received: ReceivedRequest) -> None:
        content = left.pop(0) if len(left) > 1 else left[0]
        if content is None:
            writer.close()
        else:
            writer.write(content)

    return send


async def never(writer: asyncio.StreamWriter, received: ReceivedRequest) -> None:
    """Sends no response."""


@asynccontextmanager
async def raw_server(handler: Handler, *, context: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """Serve on a free port of loopback until the block ends."""
    state = RawServer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        state.connections += 1
        state.open_connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            await _converse(state, reader, writer, handler)
        state.open_connections -= 1
        state.has_changed.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _converse(
    state: RawServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler
) -> None:
    connection = state.connections
    while not writer.is_closing():
        head = await reader.readuntil(b"\r\n\r\n")
        start, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if "expect" in headers:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, path, _ = start.split(" ")
        received = ReceivedRequest(method, path, headers, body, connection, head + body)
        state.requests.append(received)
        state.has_changed.set()
        await handler(writer, received)
        await writer.drain()


@contextmanager
def raw_server_in_thread(handler: Handler, *, context: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """The same in a loop of its own, which goes on while the caller's stands still."""

    async def serve(started: Future[tuple[RawServer, asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
        async with raw_server(handler, context=context) as server:
            stop = asyncio.Event()
            started.set_result((server, asyncio.get_running_loop(), stop))
            await stop.wait()

    started: Future[tuple[RawServer, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(serve(started)))
    thread.start()
    server, loop, stop = started.result(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
