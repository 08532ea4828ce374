"""Hands a job's steps to the archive off the event loop, many in one hand-over; each step is whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import anyio
from anyio import to_thread

from ._file import transaction

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

LINGER_S = 0.1  # what is read meanwhile shares a transaction; a killed process loses it, and reads it again
MOST_WAITING = 128  # steps, before those who add more wait


class Writer:
    """The one connection of a job. Use it inside `running()`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._steps: list[_Step] = []
        self._has_steps = anyio.Event()
        self._is_urgent = anyio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Writes as long as it is open; what was added before its end is written."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._write)
            yield
            await self.flush()
            tasks.cancel_scope.cancel()

    async def run(self, work: Work[T]) -> T:
        """What the work returns, after all that was added before; its error, if it raises one."""
        step = _Step(work, None)
        await self._until_done(step)
        result: T = step.result
        return result

    async def add(self, work: Work[T], then: Callable[[T], None]) -> None:
        """Does the work soon, and calls `then` with its result; its error ends the job."""
        step = _Step(work, then)
        if len(self._steps) < MOST_WAITING:
            self._append(step)
        else:
            await self._until_done(step)

    async def flush(self) -> None:
        """Returns when all that was added is written, and told."""
        await self.run(_nothing)

    def run_now(self, work: Work[T]) -> T:
        """The same at once, in the calling thread."""
        with transaction(self._database):
            return work(self._database)

    async def _until_done(self, step: _Step) -> None:
        is_done = step.is_done = anyio.Event()
        self._append(step)
        self._is_urgent.set()
        await is_done.wait()

    def _append(self, step: _Step) -> None:
        self._steps.append(step)
        if len(self._steps) == 1:
            self._has_steps.set()

    async def _write(self) -> None:
        while True:
            await self._has_steps.wait()
            with anyio.move_on_after(LINGER_S):
                await self._is_urgent.wait()
            steps, self._steps = self._steps, []
            self._has_steps, self._is_urgent = anyio.Event(), anyio.Event()
            await to_thread.run_sync(self._do, steps)
            for step in steps:
                if step.then is not None:
                    step.then(step.result)
                if step.is_done is not None:
                    step.is_done.set()

    def _do(self, steps: Sequence[_Step]) -> None:
        with transaction(self._database):
            for step in steps:
                step.result = step.work(self._database)


class _Step:
    __slots__ = ("is_done", "result", "then", "work")

    def __init__(self, work: Work[Any], then: Callable[[Any], None] | None) -> None:
        self.work = work
        self.then = then
        self.result: Any = None
        self.is_done: anyio.Event | None = None  # only where the step is waited for


def _nothing(database: sqlite3.Connection) -> None:
    """A step to wait for."""
