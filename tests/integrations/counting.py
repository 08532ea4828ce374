"""A wire between an app and the emulator that counts the connections made over it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit, urlunsplit


class Wire:
    """Passes bytes on, both ways; `connections` is how many were ever made."""

    def __init__(self, base_url: str) -> None:
        self._target = urlsplit(base_url)
        self.base_url = ""
        self.connections = 0

    async def serve(self, opened: threading.Event, closed: asyncio.Event) -> None:
        async with await asyncio.start_server(self._connected, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            self.base_url = urlunsplit(self._target._replace(netloc=f"127.0.0.1:{port}"))
            opened.set()
            await closed.wait()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        assert self._target.hostname
        onwards = await asyncio.open_connection(self._target.hostname, self._target.port)
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(_passed_on(reader, onwards[1]), _passed_on(onwards[0], writer))


async def _passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


@contextmanager
def counted(base_url: str) -> Iterator[Wire]:
    """A wire to the emulator at `base_url`, in a thread of its own."""
    wire, opened, closing = Wire(base_url), threading.Event(), []

    async def run() -> None:
        closed = asyncio.Event()
        closing.append((asyncio.get_running_loop(), closed))
        await wire.serve(opened, closed)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert opened.wait(10)
    try:
        yield wire
    finally:
        loop, closed = closing[0]
        loop.call_soon_threadsafe(closed.set)
        thread.join(10)
