"""One creation at a time for a key, shared by all who wait for it: tasks, event loops and threads of this process.

It needs no lock, which a fork could leave locked: a flight is entered by `dict.setdefault`, and who comes as it lands
finds the outcome there.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import os
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import attrs

T = TypeVar("T")
Beat = Callable[[], None]


@attrs.frozen
class Outcome(Generic[T]):
    """What came of a flight; neither value nor error means that who led it was cancelled: somebody else has to."""

    value: T | None = None
    error: Exception | None = None


class Flight(Generic[T]):
    """A creation under way.

    Attributes:
        alive_until_s: when its leader counts as dead unless it beats again, by `time.monotonic`.
    """

    def __init__(self, lease_s: float) -> None:
        self._lease_s = lease_s
        self._process = os.getpid()
        self._outcome: Outcome[T] | None = None
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self.beat()

    def beat(self) -> None:
        """Its leader is alive, and may now take as long as a lease."""
        self.alive_until_s = time.monotonic() + self._lease_s

    async def landed(self) -> Outcome[T]:
        """Waits for the outcome; there is an empty one if nobody leads the flight any more."""
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        self._waiting.append((loop, woken))
        while self._outcome is None and self._left_s() > 0:
            await asyncio.wait([woken], timeout=self._left_s())
        return self._outcome or Outcome()

    def land(self, outcome: Outcome[T]) -> None:
        """Wakes everybody."""
        self._outcome = outcome
        for loop, woken in self._waiting:
            with contextlib.suppress(RuntimeError):  # that loop has ended
                loop.call_soon_threadsafe(_wake, woken)

    def _left_s(self) -> float:
        return self.alive_until_s - time.monotonic() if self._process == os.getpid() else 0.0


class Flights(Generic[T]):
    """The flights of a broker by key."""

    def __init__(self, lease_s: float) -> None:
        """`lease_s`: how long a leader that gives no sign may block others."""
        self._lease_s = lease_s
        self._flights: dict[str, Flight[T]] = {}

    async def share(self, key: str, make: Callable[[Beat], Awaitable[T]]) -> T:
        """What `make` returns or raises, here or in whoever was first; it beats between its steps."""
        while True:
            mine: Flight[T] = Flight(self._lease_s)
            flight = self._flights.setdefault(key, mine)
            if flight is mine:
                return await self._lead(key, flight, make)
            outcome = await flight.landed()
            if outcome.error is not None:
                raise again(outcome.error) from outcome.error.__cause__
            if outcome.value is not None:
                return outcome.value
            self._end(key, flight)

    async def alone(self, key: str, make: Callable[[Beat], Awaitable[T]]) -> T:
        """What `make` returns or raises, after whatever is under way; who comes meanwhile shares it."""
        while True:
            mine: Flight[T] = Flight(self._lease_s)
            flight = self._flights.setdefault(key, mine)
            if flight is mine:
                return await self._lead(key, flight, make)
            await flight.landed()
            self._end(key, flight)

    async def _lead(self, key: str, flight: Flight[T], make: Callable[[Beat], Awaitable[T]]) -> T:
        outcome: Outcome[T] = Outcome()
        try:
            value = await make(flight.beat)
            outcome = Outcome(value)
            return value
        except Exception as error:
            outcome = Outcome(error=again(error))
            raise
        finally:
            self._end(key, flight)
            flight.land(outcome)

    def _end(self, key: str, flight: Flight[T]) -> None:
        if self._flights.get(key) is flight:
            self._flights.pop(key, None)


def again(error: Exception) -> Exception:
    """The same error without the way it came: each who waited raises one of his own."""
    try:
        same = copy.copy(error)
    except Exception:  # an error that cannot be copied, of the user's own code
        return error
    same.__cause__ = error.__cause__
    return same


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
