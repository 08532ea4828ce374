"""Everything one emulator holds, for its server and for the Python methods alike."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from ..errors import ConfigurationError
from .behaviour import BEHAVIOURS
from .clock import Clock
from .faults import FaultQueue
from .record import RequestLog
from .routing import routes
from .seeding import Blanks, completed_seed
from .state import State


class Held:
    """State, clock, faults and request log; whoever touches them holds `lock`, since any thread may."""

    def __init__(self, api_keys: Iterable[str], read_clock: Callable[[], float], new_token: Callable[[], str]) -> None:
        self.api_keys = checked_keys(api_keys)
        self.routes = routes(BEHAVIOURS)
        self.state = State(new_token)
        self.clock = Clock(read_clock)
        self.faults = FaultQueue()
        self.log = RequestLog()
        self.lock = threading.Lock()

    def seed(self, threads: Iterable[object], sessions: Iterable[object], *, reset: bool) -> None:
        """Fills the state with what is given, completed; raises ConfigurationError, and then nothing is changed."""
        seed = completed_seed(threads, sessions, Blanks(int(self.clock.now_s()), self.state.new_token))
        self.state.fill(seed.sessions, seed.conversations, reset=reset)

    def reset(self) -> None:
        """Back to how it began; what is still under way ends in the old log."""
        self.state.reset()
        self.clock.reset()
        self.faults.clear()
        self.log = RequestLog()


def checked_keys(api_keys: Iterable[str]) -> frozenset[str]:
    """The keys that are accepted; none means any."""
    if isinstance(api_keys, str):
        raise ConfigurationError(
            "Emulator(api_keys=...): pass a list of keys, such as [key]; a single string was given"
        )
    keys = frozenset(key.strip() for key in api_keys)
    if "" in keys:
        raise ConfigurationError("Emulator(api_keys=...): a key is blank")
    return keys
