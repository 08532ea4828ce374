"""Workers of a job."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from typing import Generic, TypeVar

import anyio
from anyio import to_thread

T = TypeVar("T")
HandOut = Callable[[Iterable[T]], Awaitable[None]]


@asynccontextmanager
async def workers(count: int, work: Callable[[T], Awaitable[None]]) -> AsyncGenerator[HandOut[T]]:
    """Gives a function that hands values to the next free workers, and waits while enough of them wait.

    The block ends when all are done.

    Raises:
        BaseException: what a worker raised first; the others are cancelled.
    """
    queue = _Queue[T](count)

    async def run() -> None:
        while await queue.has_next():
            await work(queue.take())

    with first_error_raised():
        async with anyio.create_task_group() as tasks:
            for _ in range(count):
                tasks.start_soon(run)
            try:
                yield queue.put
            finally:
                queue.close()


class _Queue(Generic[T]):
    """What workers take from. Taking what is there costs no turn of the event loop, as anyio's streams do."""

    def __init__(self, most_waiting: int) -> None:
        self.values: deque[T] = deque()
        self._most_waiting = most_waiting
        self._is_closed = False
        self._has_changed = anyio.Event()

    async def put(self, values: Iterable[T]) -> None:
        self.values.extend(values)
        self._notify()
        while len(self.values) > self._most_waiting:
            await self._has_changed.wait()

    async def has_next(self) -> bool:
        """Waits for a value; False after the last."""
        while not self.values and not self._is_closed:
            await self._has_changed.wait()
        return bool(self.values)

    def take(self) -> T:
        if len(self.values) == self._most_waiting + 1:
            self._notify()  # there is room again
        return self.values.popleft()

    def close(self) -> None:
        self._is_closed = True
        self._notify()

    def _notify(self) -> None:
        self._has_changed.set()
        self._has_changed = anyio.Event()


async def in_thread(function: Callable[[], T]) -> T:
    """The function's result, computed in a worker thread; returns only when that has ended, also when cancelled."""
    results: list[T] = []

    async def run() -> None:
        results.append(await to_thread.run_sync(function))

    with first_error_raised():
        async with anyio.create_task_group() as tasks:  # asyncio's own cancel would leave the thread running
            tasks.start_soon(run)
    return results[0]


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
