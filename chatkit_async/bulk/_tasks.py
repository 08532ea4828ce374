"""Workers of a job."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

import anyio

T = TypeVar("T")


@asynccontextmanager
async def workers(count: int, work: Callable[[T], Awaitable[None]]) -> AsyncGenerator[Callable[[T], Awaitable[None]]]:
    """Gives a function that hands a value to the next free worker, waiting for one; ends when all are done.

    Raises:
        BaseException: what a worker raised first; the others are cancelled.
    """
    send, receive = anyio.create_memory_object_stream[T](count)

    async def run() -> None:
        async with receive.clone() as values:
            async for value in values:
                await work(value)

    with _first_error_raised():
        async with anyio.create_task_group() as tasks, send, receive:
            for _ in range(count):
                tasks.start_soon(run)
            yield send.send


@contextmanager
def _first_error_raised() -> Generator[None]:
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from error.__cause__
