"""Runs an async context in a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Protocol, TypeVar


class AsyncContext(Protocol):
    """What can be entered by `async with`."""

    async def __aenter__(self) -> object: ...

    async def __aexit__(self, *exc_info: object) -> object: ...


ContextT = TypeVar("ContextT", bound=AsyncContext)
Started = Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]


@contextmanager
def running_in_thread(context: ContextT) -> Generator[ContextT]:
    """The context, entered in another thread; what goes wrong at its start is raised here."""
    started: Started = Future()
    thread = threading.Thread(target=run, args=(context, started), name="chatkit-emulator", daemon=True)
    thread.start()
    loop, stop = started.result()
    try:
        yield context
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def run(context: AsyncContext, started: Started) -> None:
    """The thread's work, start to end."""
    try:
        asyncio.run(entered_until_told(context, started))
    except BaseException as error:
        if started.done():
            raise
        started.set_exception(error)


async def entered_until_told(context: AsyncContext, started: Started) -> None:
    """Enters the context, says how to end it, and waits for that."""
    stop = asyncio.Event()
    async with context:
        started.set_result((asyncio.get_running_loop(), stop))
        await stop.wait()
