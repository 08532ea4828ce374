"""Work that is tried again in a while, until nothing is left of it, in whichever event loop runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from contextvars import Context

from ..errors import ChatKitError

PAUSE_S = 2.0  # as long as a store that fails is left alone


class Later:
    """Does the work `PAUSE_S` from now, and again until it is done.

    Between two attempts there is only a timer of the loop: one that ends, or is forked, has no task to complain of.
    """

    def __init__(self, work: Callable[[], Awaitable[bool]]) -> None:
        """`work` says whether something is left."""
        self._work = work
        self._home: asyncio.AbstractEventLoop | None = None
        self._process = os.getpid()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False

    def begin(self) -> None:
        """Has the work done, in this loop unless another one is at it."""
        if not self._is_closed and not self._is_under_way():
            self._home, self._process, self._task = asyncio.get_running_loop(), os.getpid(), None
            # In a context of its own: it is not part of the request that happens to run.
            self._timer = self._home.call_later(PAUSE_S, self._start, self._home, context=Context())

    async def aclose(self) -> None:
        """Ends an attempt under way; there will be no other."""
        self._is_closed = True
        home, task = self._home, self._task
        if home is asyncio.get_running_loop():
            self._stop()
            if task is not None:
                await asyncio.wait([task])
        elif home is not None and self._is_under_way():
            with contextlib.suppress(RuntimeError):  # that loop has ended meanwhile
                home.call_soon_threadsafe(self._stop)

    def _is_under_way(self) -> bool:
        return self._home is not None and self._process == os.getpid() and self._home.is_running()

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._home is loop and not self._is_closed:
            self._task = loop.create_task(self._attempt(loop))
            # A loop that is dropped amid it is no reason to print.
            setattr(self._task, "_log_destroy_pending", False)  # noqa: B010 - typeshed has it not

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    async def _attempt(self, loop: asyncio.AbstractEventLoop) -> None:
        is_left = True
        try:
            with contextlib.suppress(ChatKitError):  # a call says so to who can change it
                is_left = await self._work()
        finally:
            if self._home is loop:
                self._home = None
        if is_left:
            self.begin()
