"""One piece of work at a time for a key, shared by all callers: tasks, event loops and threads of this process.

The work is a task of its own: callers wait for its result, and may leave. It needs no lock, which a fork could leave
locked: a flight is entered by `dict.setdefault`.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import os
from collections.abc import Callable, Coroutine, Hashable
from functools import partial
from typing import Any, Generic, TypeVar

from .._fork import leak
from ..errors import ClientClosedError

T = TypeVar("T")
LOOP_CHECK_S = 0.25  # between two checks of whether the event loop of another thread still runs
STOPPED_CHECKS = 2  # An event loop stands still between two runs, so that one check is not enough.
CLOSE_S = 5.0  # for work under way when a broker is closed


class Flight(Generic[T]):
    """Work under way in one event loop."""

    def __init__(self) -> None:
        self.ticket = os.urandom(8).hex()
        self.task: asyncio.Task[T] | None = None
        self._loop = asyncio.get_running_loop()
        self._process = os.getpid()
        self._is_over = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def start(self, work: Coroutine[Any, Any, T], end: Callable[[], None]) -> None:
        """Runs the work as a task of this loop, and calls `end` when it is over."""
        self.task = self._loop.create_task(work)
        # The loop may end before the task: this silences asyncio's "Task was destroyed but it is pending!".
        setattr(self.task, "_log_destroy_pending", False)  # noqa: B010 - unknown to typeshed
        self.task.add_done_callback(lambda _: self._finish(end))

    async def wait(self) -> bool:
        """Waits until the work is over; False if it never will be, because its loop or process has stopped."""
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        self._waiting.append((loop, woken))
        stopped = 0
        while not self._is_over and stopped < STOPPED_CHECKS:
            await asyncio.wait([woken], timeout=None if self.is_in(loop) else LOOP_CHECK_S)
            is_stopped = self._process != os.getpid() or not self._loop.is_running()
            stopped = stopped + 1 if is_stopped else 0
        if self._process != os.getpid():
            leak(self)  # Freeing it would close the parent's connection.
        return self._is_over

    def result(self) -> T | None:
        """What the work returned; None if it was cancelled. Raises a copy of what it raised."""
        assert self.task is not None
        if self.task.cancelled():
            return None
        error = self.task.exception()
        if isinstance(error, Exception):
            raise copied(error) from error.__cause__
        return self.task.result()

    def is_in(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether it runs in this loop, and in this process."""
        return self._loop is loop and self._process == os.getpid()

    def _finish(self, end: Callable[[], None]) -> None:
        end()
        self._is_over = True
        assert self.task is not None
        if not self.task.cancelled():
            self.task.exception()  # All callers may have left: this silences "exception was never retrieved".
        for loop, woken in self._waiting:
            with contextlib.suppress(RuntimeError):  # That loop has ended.
                loop.call_soon_threadsafe(woken.set_result, None)


class SingleFlight(Generic[T]):
    """The flights of a broker by key."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, Flight[T]] = {}
        self._is_closed = False

    async def share(self, key: Hashable, work: Callable[[str], Coroutine[Any, Any, T]], *, is_new: bool = False) -> T:
        """The result of the work under way for the key, else of `work`, which is given the ticket of its flight.

        With `is_new` the work always begins after this call.
        """
        while True:
            mine: Flight[T] = Flight()
            flight = self._flights.setdefault(key, mine)
            if flight is mine:
                flight.start(work(flight.ticket), partial(self._drop, key, flight))
            if not await flight.wait():
                self._drop(key, flight)
            elif flight is mine or not is_new:
                result = flight.result()
                if result is not None:
                    return result
                if flight is mine and not self._is_closed:  # cancelled by itself: to begin again would not help
                    raise asyncio.CancelledError
                if self._is_closed:
                    raise ClientClosedError("The broker was closed while a session was being made")

    async def aclose(self) -> None:
        """Waits for the flights of this loop, though not for long, and cancels what is left."""
        self._is_closed = True
        loop = asyncio.get_running_loop()
        tasks = [flight.task for flight in list(self._flights.values()) if flight.task and flight.is_in(loop)]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=CLOSE_S)
            for task in late:
                task.cancel()
            await asyncio.wait(tasks, timeout=CLOSE_S)

    def _drop(self, key: Hashable, flight: Flight[T]) -> None:
        if self._flights.get(key) is flight:
            self._flights.pop(key, None)


def copied(error: Exception) -> Exception:
    """The same error with a traceback of its own, for each caller."""
    try:
        return copy.copy(error)
    except Exception:  # An error of the user's own code may refuse to be copied.
        return error
