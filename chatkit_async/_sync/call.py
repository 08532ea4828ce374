"""One blocking call: the caller sleeps, the work runs on the loop thread, and either may end first."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from ..errors import ClientClosedError
from .portal import STOP_WAIT_S, Portal

T = TypeVar("T")
Work = Callable[..., Coroutine[Any, Any, T]]


class Entry:
    """Something a portal cannot stop under: a call in flight, or a context held open between two calls."""

    __slots__ = ("portal",)

    portal: Portal

    def release(self) -> None:
        self.portal.calls.discard(self)

    def end(self, error: BaseException) -> None:
        """Told by the loop thread that there will be no answer."""


class Call(Entry, Generic[T]):
    """One call. Its caller sleeps on `woken`; everything that happens to it happens on the loop thread."""

    __slots__ = ("_task", "_work", "done", "error", "line", "value", "woken")

    value: T

    def __init__(self, line: object, function: Work[T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.line = line
        self.done = False
        self.error: BaseException | None = None
        self.woken = threading.Lock()
        self.woken.acquire()
        self._task: asyncio.Task[None] | None = None
        self._work = (function, args, kwargs)

    def start(self) -> None:
        """First thing on the loop thread."""
        if self.done:  # ended before it began
            self.release()
        else:
            self._task = self.portal.loop.create_task(self._run(*self._work))
            del self._work

    def abandon(self) -> None:
        """Cancels the work of a caller that was interrupted, and waits for its end, though not for ever."""
        if hasattr(self, "portal") and not self.done:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and tells its calls so
                self.portal.loop.call_soon_threadsafe(self._cancel)
            self.woken.acquire(timeout=STOP_WAIT_S)

    def end(self, error: BaseException) -> None:
        """Wakes the caller with this error at once, whatever the work does."""
        self._answer(error)
        if self._task is None:
            self.release()
        else:
            self._task.cancel()

    def run_last(self, portal: Portal) -> None:
        """Runs on this portal without asking the channel, which is closed by now; waits for the end, not for ever."""
        self.portal = portal
        portal.calls.add(self)
        try:
            portal.loop.call_soon_threadsafe(self.start)
            self.woken.acquire(timeout=STOP_WAIT_S)
        except BaseException:
            self.abandon()
            raise
        if self.error is not None:
            raise self.error

    async def _run(self, function: Work[T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            self.value = await function(*args, **kwargs)
        except asyncio.CancelledError as error:
            self._answer(self._why_cancelled(error))
        except BaseException as error:  # asyncio would let SystemExit end the loop
            # Without its first frame, this one: it tells nobody anything, and holds the error.
            self._answer(error.with_traceback(error.__traceback__ and error.__traceback__.tb_next))
        else:
            self._answer(None)
        self.release()

    def _answer(self, error: BaseException | None) -> None:
        if not self.done:
            self.error = error
            self.done = True
            if not self.portal.muted:
                self.woken.release()

    def _cancel(self) -> None:
        if self._task is None:
            self.end(asyncio.CancelledError())
        else:
            self._task.cancel()

    def _why_cancelled(self, error: asyncio.CancelledError) -> BaseException:
        """The work itself may raise CancelledError; a task that was asked to end was so by the end of the loop."""
        if self._task is not None and self._task.cancelling():
            return ClientClosedError("The event loop of the blocking clients ended while the call was under way")
        return error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)
