"""One blocking call: its caller sleeps while the work runs on the loop thread; either may end first."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from ..errors import ClientClosedError
from .portal import LOOP_ENDED, STOP_WAIT_S, Portal

T = TypeVar("T")
AsyncWork = Callable[..., Coroutine[Any, Any, T]]


class BlockingCall(Generic[T]):
    """A call under way. Its caller sleeps on `woken`; everything else happens on the loop thread.

    It creates an asyncio task rather than using anyio's portal, which wakes the caller's thread twice, or an anyio
    cancel scope, which would interrupt what the work awaits to clean up.
    """

    __slots__ = ("_has_begun", "_task", "_work", "connection", "done", "error", "portal", "value", "woken")

    value: T
    portal: Portal

    def __init__(
        self, connection: object, function: AsyncWork[T], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.connection = connection
        self.done = False
        self.error: BaseException | None = None
        self.woken = threading.Lock()
        self.woken.acquire()
        self._task: asyncio.Task[None] | None = None
        self._has_begun = False
        self._work = (function, args, kwargs)

    def start(self) -> None:
        """Begins the work, on the loop thread."""
        if not self.done:
            self._task = self.portal.loop.create_task(self._run(*self._work))
            del self._work

    def abandon(self) -> None:
        """Cancels the work of an interrupted caller, and waits for its end, STOP_WAIT_S seconds at most."""
        if hasattr(self, "portal") and not self.done:
            with contextlib.suppress(RuntimeError):  # the loop has ended, which wakes its callers
                self.portal.loop.call_soon_threadsafe(self._cancel)
            self.woken.acquire(timeout=STOP_WAIT_S)

    def end(self, error: BaseException) -> None:
        """Wakes the caller with this error at once, whatever the work does; on the loop thread."""
        self._wake(error)
        self._cancel()

    def run_last(self, portal: Portal) -> None:
        """Runs the work although the connection is closed, and waits for its end, STOP_WAIT_S seconds at most."""
        self.portal = portal
        try:
            portal.calls.add(self)
            portal.loop.call_soon_threadsafe(self.start)
            self.woken.acquire(timeout=STOP_WAIT_S)
        except BaseException:
            self.abandon()
            raise
        if self.error is not None:
            raise self.error

    async def _run(self, function: AsyncWork[T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._has_begun = True
        try:
            self.value = await function(*args, **kwargs)
        except asyncio.CancelledError as error:
            self._finish(self._why_cancelled(error))
        except BaseException as error:  # asyncio would let SystemExit end the loop
            self._finish(_without_first_frame(error))
        else:
            self._finish(None)

    def _cancel(self) -> None:
        """Cancels the work; a task that has not begun never will, so the call is finished here."""
        if self._task is not None:
            self._task.cancel()
        if not self._has_begun:
            self._finish(asyncio.CancelledError())

    def _finish(self, error: BaseException | None) -> None:
        self.portal.calls.discard(self)  # first: a caller that forks at once finds an idle loop
        self._wake(error)

    def _wake(self, error: BaseException | None) -> None:
        if not self.done:
            self.error = error
            self.done = True
            if not self.portal.muted:
                self.woken.release()

    def _why_cancelled(self, error: asyncio.CancelledError) -> BaseException:
        """The work itself may raise CancelledError; otherwise the end of the loop has cancelled it."""
        if self._task is not None and self._task.cancelling():
            return ClientClosedError(LOOP_ENDED)
        return _without_first_frame(error)


def _without_first_frame(error: BaseException) -> BaseException:
    """The first frame is that of `_run`: it tells users nothing, and it would hold the error."""
    return error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)
