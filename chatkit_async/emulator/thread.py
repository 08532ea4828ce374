"""Runs an async context in a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

EnteredT = TypeVar("EnteredT")


@contextmanager
def running_in_thread(context: AbstractAsyncContextManager[EnteredT, Any]) -> Generator[EnteredT]:
    """The context, entered in another thread; what goes wrong at its start is raised here."""
    started: Future[tuple[EnteredT, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(target=run, args=(context, started), name="chatkit-emulator", daemon=True)
    thread.start()
    try:
        entered, loop, stop = started.result()
    except BaseException:
        thread.join()
        raise
    try:
        yield entered
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def run(context: AbstractAsyncContextManager[EnteredT, Any], started: Future[Any]) -> None:
    """The thread's work: enters the context, says so, waits to be told to stop."""

    async def main() -> None:
        stop = asyncio.Event()
        async with context as entered:
            started.set_result((entered, asyncio.get_running_loop(), stop))
            await stop.wait()

    try:
        asyncio.run(main())
    except BaseException as error:
        if started.done():
            raise
        started.set_exception(error)
