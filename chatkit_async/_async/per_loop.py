"""One object for each event loop, such as a connection pool: made at the first use in a loop, closed with the loop."""

from __future__ import annotations

import asyncio
import warnings
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

from .._fork import at_fork, leak


class Closable(Protocol):
    """What a loop can hold."""

    async def aclose(self) -> None:
        """Closes it, in its own loop; if it is closed, does nothing."""

    def discard(self) -> None:
        """Closes it without waiting, in its own loop or after that was closed; if it is closed, does nothing."""


T = TypeVar("T", bound=Closable)
_Entries = dict[asyncio.AbstractEventLoop, "_LoopEntry[T]"]
_owners: weakref.WeakSet[PerLoop[Any]] = weakref.WeakSet()


class PerLoop(Generic[T]):
    """The objects of one owner. A forked child leaks those of its parent and makes its own.

    Args:
        make: makes the object of the running loop.
        unclosed: text of the ResourceWarning if the owner is collected while an object is open; default: no warning.
    """

    def __init__(self, make: Callable[[], T], *, unclosed: str | None = None) -> None:
        self._make = make
        self._entries: _Entries[T] = {}
        weakref.finalize(self, _close_and_warn, self._entries, unclosed).atexit = False
        _owners.add(self)

    def here(self) -> T:
        """The object of the running loop, made now if this is its first use there."""
        entry = self._entries.get(asyncio.get_running_loop())
        return self._open() if entry is None else entry.value

    def all(self) -> dict[asyncio.AbstractEventLoop, T]:
        """The open objects by their loops."""
        return {loop: entry.value for loop, entry in list(self._entries.items())}

    async def aclose(self) -> None:
        """Closes the object of this loop and has other loops close theirs; the next use makes a new one."""
        here = self._entries.pop(asyncio.get_running_loop(), None)
        _close_all(self._entries)
        if here is not None:
            await (here.keeper or here.value).aclose()

    def _open(self) -> T:
        for ended in [loop for loop in list(self._entries) if loop.is_closed()]:
            self._entries.pop(ended, None)
        loop = asyncio.get_running_loop()
        entry = self._entries[loop] = _LoopEntry(self._make(), loop)
        # After shutdown_asyncgens() a loop closes no new generator: there the owner alone closes the object.
        if not getattr(loop, "_asyncgens_shutdown_called", False):
            entry.keeper = _keeper(entry.value, loop, self._entries)
            with suppress(StopIteration):  # it has come to its `yield`
                entry.keeper.__anext__().send(None)
        return entry.value


class _LoopEntry(Generic[T]):
    """An object, and the suspended generator that asyncio.run, a Runner and anyio finish before they close the loop."""

    def __init__(self, value: T, loop: asyncio.AbstractEventLoop) -> None:
        self.value, self.loop = value, loop
        self.keeper: AsyncGenerator[None, bool] | None = None

    def discard(self) -> None:
        self.value.discard()
        if self.keeper is not None:
            with suppress(StopAsyncIteration, RuntimeError):  # it ends, or is about to
                self.keeper.asend(True).send(None)

    def __del__(self) -> None:
        if self.loop.is_closed():
            self.value.discard()


async def _keeper(value: T, loop: asyncio.AbstractEventLoop, entries: _Entries[T]) -> AsyncGenerator[None, bool]:
    is_discarded = False
    try:
        is_discarded = yield
    finally:
        if (entry := entries.get(loop)) is not None and entry.value is value:
            entries.pop(loop, None)
        if not is_discarded:
            await value.aclose()


def _close_all(entries: _Entries[Any]) -> None:
    while entries:
        loop, entry = entries.popitem()
        with suppress(RuntimeError):  # the loop is closed, and the entry discards its object
            # `discard` runs one turn later: a task that it starts in a loop's last turn is cancelled before it begins.
            loop.call_soon_threadsafe(loop.call_soon, entry.discard)


def _close_and_warn(entries: _Entries[Any], unclosed: str | None) -> None:
    is_open = not all(loop.is_closed() for loop in entries)
    _close_all(entries)
    if is_open and unclosed is not None:
        warnings.warn(unclosed, ResourceWarning, stacklevel=3)


def _leak_all() -> None:
    for owner in list(_owners):
        leak((dict(owner._entries), owner._make))
        owner._entries.clear()


at_fork(after_in_child=_leak_all)
