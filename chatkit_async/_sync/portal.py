"""The one event loop, run by anyio in a daemon thread, that serves all blocking clients of a process."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
import time
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, NoReturn, Protocol

from .._fork import at_fork, leak
from ..errors import APIConnectionError, ClientClosedError

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

STOP_WAIT_S = 5.0  # as long as an interrupted call may take to end
EXIT_WAIT_S = 2.0  # a program that is done must not seem to hang
LOOP_ENDED = "The event loop of the blocking clients ended while the call was under way"

# Guards `portals`, and each portal's `closed`, `users` and the growth of its `calls`; held over a fork. Reentrant,
# because a signal handler may call a client while its thread holds it.
lock = threading.RLock()


class Pending(Protocol):
    """A call under way, or a context held open between two calls: the loop is not idle."""

    portal: Portal

    def end(self, error: BaseException) -> None:
        """Told by the loop thread that the loop has ended."""


class Portal:
    """One event loop in its daemon thread: from `start` until `stop`, or until something ends the loop by force."""

    loop: asyncio.AbstractEventLoop
    _thread: threading.Thread
    _serving: TaskGroup  # closes unclosed clients; cancelling it stops the loop
    _context: Context  # where anyio knows that its loop runs

    def __init__(self) -> None:
        self.calls: set[Pending] = set()  # under way, or a context held open: the loop is not idle
        self.users: set[object] = set()  # a token for each open client that has made a call
        self.closed = False  # no further call may enter
        self.muted = False  # the process ends: sleeping callers are not woken
        self.inherited = False  # this process is a fork of the one whose loop it is
        self._failure: BaseException | None = None
        self._ready = threading.Event()

    @property
    def is_current_thread(self) -> bool:
        return threading.current_thread() is self._thread

    def start(self) -> None:
        """Returns once the loop runs.

        Raises:
            APIConnectionError: it did not start: no threads or files are left, the interpreter shuts down, or it is a
                subinterpreter without daemon threads.
        """
        try:
            self._thread = threading.Thread(target=self._run, name="chatkit-async loop", daemon=True)
            self._thread.start()
            self._ready.wait()
        except RuntimeError as error:
            self._failure = error
        except BaseException:  # Ctrl-C while waiting: the thread would run for ever
            self.closed = True
            self._ask_to_stop()
            raise
        if self._failure is not None:
            self.closed = True
            what = f"the blocking clients' event loop did not start: {self._failure}"
            raise APIConnectionError(what, outcome="not_sent") from self._failure

    def stop(self, wait_s: float) -> None:
        """Cancels what still runs, closes what the loop holds, and waits for its threads, `wait_s` seconds at most.

        The caller has set `closed`, so that no call enters.
        """
        deadline_s = time.monotonic() + wait_s
        threads = [self._thread, *self._workers()]
        self._ask_to_stop()
        for thread in threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))

    def adopt(self, user: object, aclose: Callable[[], Awaitable[object]]) -> None:
        """Closes a client that was garbage collected; finalisers call it, so it takes no lock and waits for nothing."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            start_soon, context = self._serving.start_soon, self._context
            self.loop.call_soon_threadsafe(start_soon, self._close_and_forget, user, aclose, context=context)

    def forget(self, user: object) -> bool:
        """Removes an open client, under the lock; whether it was the last one, in which case the loop is stopping."""
        self.users.discard(user)
        if self.users or self.closed:
            return False
        self._ask_to_stop()  # before anything that Ctrl-C may interrupt
        self.closed = True
        return True

    def _ask_to_stop(self) -> None:
        with contextlib.suppress(AttributeError, RuntimeError):  # it has not begun, or has ended
            self.loop.call_soon_threadsafe(self._serving.cancel_scope.cancel)

    def _run(self) -> None:
        try:
            from anyio import run  # noqa: PLC0415 - imported at the first call

            # Python's -X dev would have this loop report how long importing aiohttp takes.
            run(self._serve, backend_options={"debug": False})
        except BaseException as error:  # `start` raises it
            self._failure = error
        self._ready.set()  # first: the thread that waits for it holds the lock
        self._end_calls()

    async def _serve(self) -> None:
        from anyio import create_task_group, sleep_forever  # noqa: PLC0415 - imported at the first call

        async with create_task_group() as self._serving:
            self._context = copy_context()
            self.loop = asyncio.get_running_loop()
            self._ready.set()
            try:
                if not self.closed:
                    await sleep_forever()
            finally:
                self._end_calls()  # here, too: once the loop is closed, a task that has begun meanwhile stays pending

    def _end_calls(self) -> None:
        if not self.closed:  # a thread that stops the loop has set it, and may hold the lock until this thread ends
            with lock:
                self.closed = True
        for call in tuple(self.calls):
            with contextlib.suppress(RuntimeError):  # cancelling its task needs the loop, which has ended
                call.end(ClientClosedError(LOOP_ENDED))

    async def _close_and_forget(self, user: object, aclose: Callable[[], Awaitable[object]]) -> None:
        from anyio import sleep  # noqa: PLC0415 - imported at the first call

        with contextlib.suppress(Exception):  # no caller is left to raise it to
            await aclose()
        while not lock.acquire(blocking=False):  # noqa: ASYNC110 - its holder may be waiting for this thread
            await sleep(0.01)
        try:
            self.forget(user)
        finally:
            lock.release()

    def _workers(self) -> list[threading.Thread]:
        """The threads of anyio's `to_thread` in this loop: they end with it, and anyio does not join them."""
        return [thread for thread in threading.enumerate() if getattr(thread, "loop", None) is self.loop]


class Portals:
    """The one portal of this process, or none yet."""

    def __init__(self) -> None:
        self.current: Portal | None = None
        self.exiting = False

    def running(self) -> Portal:
        """The running portal, started if need be; the caller holds the lock."""
        portal = self.current
        if portal is None or portal.closed:
            portal = Portal()
            portal.start()
            self.current = portal
        return portal

    def leave(self, portal: Portal, user: object) -> None:
        """One open client less; the last one stops the loop."""
        with lock:
            last = portal.forget(user)
        if last:
            portal.stop(STOP_WAIT_S)

    def before_fork(self) -> None:
        """Stops an idle loop, so that nothing crosses the fork and Python 3.12 finds no thread to warn of."""
        lock.acquire()
        portal = self.current
        if portal is None or portal.closed or portal.calls or portal.is_current_thread:
            return
        portal.closed = True
        threads = threading.enumerate()
        portal.stop(EXIT_WAIT_S)
        _wait_until_gone([thread for thread in threads if not thread.is_alive()])

    def after_in_parent(self) -> None:
        lock.release()

    def after_in_child(self) -> None:
        """Leaves the loop, its calls and connections to the parent; the first call in the child starts a new loop."""
        portal = self.current
        if portal is not None:
            portal.closed = portal.inherited = True
            leak(portal)
        lock.release()

    def at_exit(self) -> None:
        """Ends calls under way without waking their callers: a daemon thread would print the error it gets."""
        with lock:
            self.exiting = True
            portal = self.current
            if portal is None or portal.closed:
                return
            portal.closed = portal.muted = True
        portal.stop(EXIT_WAIT_S)


def refuse_at_exit() -> NoReturn:
    """Refuses a call that comes after the loop was stopped at exit."""
    if threading.current_thread().daemon:
        threading.Event().wait()  # until the process ends: an error here would be printed
    raise ClientClosedError("The interpreter is shutting down: the blocking clients' event loop has been stopped")


def _wait_until_gone(ended: list[threading.Thread]) -> None:
    """Below Python 3.13 `join` returns before the system ends the thread, and a fork in 3.12 counts the system's."""
    deadline_s = time.monotonic() + EXIT_WAIT_S
    for thread in ended:
        while os.path.exists(f"/proc/self/task/{thread.native_id}") and time.monotonic() < deadline_s:
            time.sleep(0.0005)


portals = Portals()
at_fork(
    before=portals.before_fork,
    after_in_parent=portals.after_in_parent,
    after_in_child=portals.after_in_child,
)
atexit.register(portals.at_exit)
