"""Workers of a job."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

T = TypeVar("T")


@asynccontextmanager
async def workers(count: int, work: Callable[[T], Awaitable[None]]) -> AsyncGenerator[Callable[[T], Awaitable[None]]]:
    """Gives a function that hands a value to the next free worker, waiting for one; ends when all are done.

    Raises:
        BaseException: what a worker raised first; the others are cancelled.
    """
    send, receive = anyio.create_memory_object_stream[T](count)

    async def run(values: MemoryObjectReceiveStream[T]) -> None:
        async with values:
            async for value in values:
                await work(value)

    with first_error_raised():
        async with anyio.create_task_group() as tasks, send, receive:
            for _ in range(count):
                tasks.start_soon(run, receive.clone())
            yield send.send


@contextmanager
def first_error_raised() -> Generator[None]:
    """Raises the first error of a task group as it is."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from error.__cause__
