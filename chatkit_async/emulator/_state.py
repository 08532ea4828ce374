"""Everything that one emulator has, for its server and for the Python methods alike."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from typing import get_args

from .._core.operations import OPERATIONS
from .._fork import at_fork
from ..errors import ConfigurationError
from ._api import Api, ApiRequest, ApiResponse, Responses, Router
from ._data import ApiData, Content
from ._fault_injection import FaultQueue
from ._request_log import RequestLog
from ._seeding import Blanks, completed_seed
from ._store import NoStore, SqliteStore, StateStore

END_OF_TIME_S = 253_402_300_800  # the year 10000: dates in headers have four digits of a year


class Clock:
    """The machine's clock, shifted: a test need not wait for an expiry."""

    def __init__(self, read: Callable[[], float] = time.time) -> None:
        self._read = read
        self._ahead_s = 0.0

    def now_s(self) -> float:
        """The time, in Unix seconds."""
        return self._read() + self._ahead_s

    def advance(self, seconds: float) -> None:
        """Moves forward by this much; back if negative."""
        self._shift(self._ahead_s + seconds)

    def set(self, unix_s: float) -> None:
        """Continues from this time."""
        self._shift(unix_s - self._read())

    def reset(self) -> None:
        """Shows the machine's time again."""
        self._ahead_s = 0.0

    def _shift(self, ahead_s: float) -> None:
        if not 0 <= self._read() + ahead_s < END_OF_TIME_S:
            raise ConfigurationError("the emulator's clock must be between the years 1970 and 9999, in Unix seconds")
        self._ahead_s = ahead_s


class EmulatorState:
    """The data, clock, faults and request log of an emulator: guarded by `lock`; any thread may use it."""

    def __init__(
        self,
        api_keys: Iterable[str],
        read_clock: Callable[[], float],
        new_token: Callable[[], str],
        store: StateStore,
        responses: Responses = "real",
    ) -> None:
        self.api = Api(Router(OPERATIONS), checked_keys(api_keys), checked_responses(responses))
        self.data = ApiData(new_token, store)
        self.clock = Clock(read_clock)
        self.faults = FaultQueue()
        self.log = RequestLog()
        self.lock = threading.Lock()
        _states.add(self)
        self.load()

    def open(self) -> None:
        """Locks the store until `close`, and loads it."""
        self.data.store.open()
        try:
            self.load()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Unlocks the store."""
        self.data.store.close()

    def load(self) -> None:
        """Replaces the data by that of the store; raises ConfigurationError if it is damaged."""
        stored = self.data.store.load()
        if stored is None:
            return
        try:
            content = self._completed(stored["conversations"], stored["sessions"])
        except ConfigurationError as error:
            raise ConfigurationError(
                f"the state file is damaged: move it away or delete it, and the emulator begins a new one ({error})"
            ) from error
        self.data.add_stored(content, reset=True)

    def respond(self, request: ApiRequest) -> ApiResponse:
        """The API's response to a request."""
        with self.lock:
            return self.api.respond(request, self.data, self.clock.now_s())

    def seed(self, threads: Iterable[object], sessions: Iterable[object], *, reset: bool) -> None:
        """Adds a seed, completed; raises ConfigurationError, and then changes nothing."""
        self.data.add(self._completed(threads, sessions), reset=reset)

    def reset(self) -> None:
        """Removes data, faults and log, and resets the clock; requests still pending end in the old log."""
        self.data.reset()
        self.clock.reset()
        self.faults.clear()
        self.log = RequestLog()

    def _completed(self, threads: Iterable[object], sessions: Iterable[object]) -> Content:
        return completed_seed(threads, sessions, Blanks(int(self.clock.now_s()), self.data.new_token))


def _renew_locks() -> None:
    """In a forked child: a thread that it does not have may hold a lock."""
    for state in _states:
        state.lock = threading.Lock()


_states: weakref.WeakSet[EmulatorState] = weakref.WeakSet()
at_fork(after_in_child=_renew_locks)


def store_at(path: str | os.PathLike[str] | None) -> StateStore:
    """The store of a state file; without a path, one that keeps nothing."""
    if path is None:
        return NoStore()
    if not os.fspath(path):
        raise ConfigurationError("Emulator(state=...): the path is empty; None keeps the state in memory")
    return SqliteStore(path)


def checked_responses(responses: Responses) -> Responses:
    """The value of the setting; raises ConfigurationError."""
    if responses not in get_args(Responses):
        raise ConfigurationError(f"Emulator(responses={responses!r}): responses must be 'real' or 'examples'")
    return responses


def checked_keys(api_keys: Iterable[str]) -> frozenset[str]:
    """The keys that the emulator accepts; an empty set accepts any."""
    if isinstance(api_keys, str):
        raise ConfigurationError(
            "Emulator(api_keys=...): pass a list of keys, such as [key]; a single string was given"
        )
    keys = tuple(api_keys)
    if not all(isinstance(key, str) and key.strip() for key in keys):
        raise ConfigurationError("Emulator(api_keys=...): every key must be a string that is not blank")
    return frozenset(key.strip() for key in keys)
