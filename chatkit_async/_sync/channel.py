"""A blocking client's way to the loop thread: how its calls are handed over, and what closes it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal, TypeVar, get_args

from ..errors import ClientClosedError, ConfigurationError, ReentrantCallError
from ..types.misuse import BlockingOnly
from .blocking_call import AsyncWork, BlockingCall
from .portal import Pending, Portal, lock, portals, refuse_at_exit

T = TypeVar("T")
InEventLoop = Literal["allow", "warn", "error"]
SIGNAL_CHECK_S = 1.0
"""CPython can miss a signal that comes as a thread falls asleep on a lock; it sees it at the next wake-up."""


class Channel:
    """One blocking client's way to the loop thread; it knows the async half only as functions to call."""

    def __init__(self, aclose: AsyncWork[None], *, name: str, in_event_loop: InEventLoop = "warn") -> None:
        """Opens nothing: the first call does.

        Args:
            aclose: closes what the async half has opened on the loop.
            name: of the blocking class, for messages.
            in_event_loop: what a call gets in a thread with a running event loop: nothing, a warning or an error.
        """
        if in_event_loop not in get_args(InEventLoop):
            raise ConfigurationError(f"in_event_loop is 'allow', 'warn' or 'error', not {in_event_loop!r}")
        self._connection = _SharedConnection(aclose, name)
        self.in_event_loop: InEventLoop = in_event_loop
        self._is_copy = False

    @property
    def name(self) -> str:
        """Of the blocking class, for messages."""
        return self._connection.name

    @property
    def advice(self) -> str:
        """What to do in a thread with a running event loop, for messages."""
        return f"await Async{self.name} instead, or pass in_event_loop='allow' to block it all the same"

    def copy(self, kind: type[T], function: Callable[..., object], /, **options: Any) -> T:
        """A blocking object around the copy that `function` makes; closing it leaves the shared connections open."""
        asynchronous = function(**options)
        channel = object.__new__(Channel)
        channel._connection = self._connection
        channel.in_event_loop = self.in_event_loop
        channel._is_copy = True
        twin = object.__new__(kind)
        vars(twin).update(_async=asynchronous, _channel=channel)
        return twin

    def call(self, function: AsyncWork[T], /, *args: Any, **kwargs: Any) -> T:
        """Runs the coroutine function on the loop thread, and returns or raises what it does.

        Arguments are typed as `Any`: the type system cannot forward those of an overloaded function.
        """
        if asyncio._get_running_loop() is not None:
            self._object_to_running_loop()
        call = BlockingCall(self._connection, function, args, kwargs)
        del args, kwargs  # a traceback would hold what this frame holds
        try:
            portal = self._connection.admit(call)
            # This copies the caller's context, too; the task is created in the copy.
            portal.loop.call_soon_threadsafe(call.start)
            while not call.woken.acquire(timeout=SIGNAL_CHECK_S):
                pass
        except BaseException:  # Ctrl-C (KeyboardInterrupt): the request must not go on without its caller
            call.abandon()
            raise
        if call.error is None:
            return call.value
        error, call.error = call.error, None
        try:
            raise error
        finally:
            del error  # this frame and the error's traceback would hold each other

    def enter(
        self, function: Callable[..., contextlib.AbstractAsyncContextManager[T]], /, *args: Any, **kwargs: Any
    ) -> contextlib.AbstractContextManager[T]:
        """The blocking twin of the async context manager that `function` returns."""
        return BlockingContext(self, function(*args, **kwargs))

    def admit(self, pending: Pending) -> Portal:
        """Keeps the loop from counting as idle while `pending` is among its calls."""
        return self._connection.admit(pending)

    def close(self) -> None:
        """Ends calls in flight with `ClientClosedError`, closes the connections; a copy closes nothing."""
        self._refuse_on_loop_thread()
        if not self._is_copy:
            self._connection.close()

    def _object_to_running_loop(self) -> None:
        self._refuse_on_loop_thread()
        if self.in_event_loop == "allow" or (self.in_event_loop == "warn" and _in_ipython()):
            return
        text = f"A blocking {self.name} call stops the event loop that runs in this thread: {self.advice}"
        if self.in_event_loop == "error":
            raise ReentrantCallError(text)
        warnings.warn(text, RuntimeWarning, stacklevel=_users_level())

    def _refuse_on_loop_thread(self) -> None:
        portal, name = portals.current, self.name
        if portal is not None and portal.is_current_thread:
            text = f"A blocking {name} call on the event loop thread of the blocking clients would wait for itself"
            raise ReentrantCallError(f"{text}: await Async{name} there")


def repr_of_twin(twin: object) -> str:
    """The repr of a blocking object: that of its async half, if its `__init__` came that far."""
    asynchronous = vars(twin).get("_async")
    return object.__repr__(twin) if asynchronous is None else repr(asynchronous).removeprefix("Async")


class _SharedConnection:
    """What a client and its copies share: the connections on the loop, from the first call until `close`."""

    _portal: Portal | None = None

    def __init__(self, aclose: AsyncWork[None], name: str) -> None:
        self.name = name
        self._aclose = aclose
        self._user = object()
        self._closed = False

    def admit(self, pending: Pending) -> Portal:
        """Adds a call to the running portal, which is started if need be."""
        with lock:
            if self._closed:
                raise ClientClosedError(f"This {self.name} is closed: make a new one")
            if not portals.exiting:
                portal = self._portal
                if portal is None or portal.closed:
                    portal = self._portal = portals.running()
                portal.users.add(self._user)
                pending.portal = portal
                portal.calls.add(pending)
                return portal
        return refuse_at_exit()

    def close(self) -> None:
        """Ends the calls of all copies, closes the connections, and stops the loop if no other client uses it."""
        portal = None
        try:
            with lock:
                portal, self._portal, self._closed = self._portal, None, True
            if portal is not None and not portal.closed:
                self._end_calls(portal)
                BlockingCall(self, self._aclose, (), {}).run_last(portal)
        finally:
            if portal is not None:
                portals.leave(portal, self._user)

    def _end_calls(self, portal: Portal) -> None:
        """Wakes the callers, and cancels what they wait for."""
        for call in tuple(portal.calls):
            if isinstance(call, BlockingCall) and call.connection is self:
                error = ClientClosedError(f"This {self.name} was closed while the call was under way")
                portal.loop.call_soon_threadsafe(call.end, error)

    def __del__(self) -> None:
        portal = self._portal
        if portal is not None and not portal.closed:
            portal.adopt(self._user, self._aclose)
            text = f"An unclosed {self.name} was garbage collected: use `with`, or call close()"
            warnings.warn(text, ResourceWarning, stacklevel=2, source=self)


class BlockingContext(BlockingOnly, contextlib.AbstractContextManager[T]):
    """An async context manager, entered and left from the caller's thread.

    In between it is one of the portal's calls, so that a fork does not stop the loop under it.
    """

    portal: Portal

    def __init__(self, channel: Channel, context: contextlib.AbstractAsyncContextManager[T]) -> None:
        self._channel = channel
        self._context = context

    def __enter__(self) -> T:
        try:
            self._channel.admit(self)
            return self._channel.call(self._context.__aenter__)
        except BaseException:
            self._release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            if self.portal.inherited:  # the parent entered it and will leave it
                return None
            return self._channel.call(self._context.__aexit__, kind, error, trace)
        finally:
            self._release()

    def end(self, error: BaseException) -> None:
        """Does nothing, as no caller waits; leaving the context raises the error."""

    def _release(self) -> None:
        if hasattr(self, "portal"):
            self.portal.calls.discard(self)


def _in_ipython() -> bool:
    """Whether this is a notebook or an IPython shell, where a loop always runs and blocking it is expected."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


def _users_level() -> int:
    """The stack level of the first line outside this package, for a warning of the calling function."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("chatkit_async."):
        level, frame = level + 1, frame.f_back
    return level
