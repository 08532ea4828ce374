"""Everything one emulator holds, for its server and for the Python methods alike."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping

from ..errors import ConfigurationError
from .behaviour import BEHAVIOURS_BY_ANSWERS, Answers
from .call import Behaviour
from .clock import Clock
from .faults import FaultQueue
from .record import RequestLog
from .routing import routes
from .seeding import Blanks, completed_seed
from .sqlite_store import SqliteStore
from .state import Content, State
from .store import NoStore, Store


class Held:
    """State, clock, faults and request log; whoever touches them holds `lock`, since any thread may."""

    def __init__(
        self,
        api_keys: Iterable[str],
        read_clock: Callable[[], float],
        new_token: Callable[[], str],
        store: Store,
        answers: Answers = "real",
    ) -> None:
        self.api_keys = checked_keys(api_keys)
        self.routes = routes(behaviours_of(answers))
        self.state = State(new_token, store)
        self.clock = Clock(read_clock)
        self.faults = FaultQueue()
        self.log = RequestLog()
        self.lock = threading.Lock()
        self.load()

    def open(self) -> None:
        """Keeps others from the store until `close`, and takes up what they left there."""
        self.state.store.open()
        try:
            self.load()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Lets go of the store."""
        self.state.store.close()

    def load(self) -> None:
        """Holds what the store kept, and nothing else; raises ConfigurationError where that does not fit."""
        kept = self.state.store.load()
        if kept is None:
            return
        try:
            content = self._completed(kept["conversations"], kept["sessions"])
        except ConfigurationError as error:
            raise ConfigurationError(
                f"the state file is damaged: move it away or delete it, and the emulator begins a new one ({error})"
            ) from error
        self.state.show(content, reset=True)

    def seed(self, threads: Iterable[object], sessions: Iterable[object], *, reset: bool) -> None:
        """Fills the state with what is given, completed; raises ConfigurationError, and then nothing is changed."""
        self.state.fill(self._completed(threads, sessions), reset=reset)

    def reset(self) -> None:
        """Back to how it began; what is still under way ends in the old log."""
        self.state.reset()
        self.clock.reset()
        self.faults.clear()
        self.log = RequestLog()

    def _completed(self, threads: Iterable[object], sessions: Iterable[object]) -> Content:
        return completed_seed(threads, sessions, Blanks(int(self.clock.now_s()), self.state.new_token))


def store_at(path: str | os.PathLike[str] | None) -> Store:
    """Where the state is to be kept; None: nowhere."""
    if path is None:
        return NoStore()
    if not os.fspath(path):
        raise ConfigurationError("Emulator(state=...): the path is empty; None keeps the state in memory")
    return SqliteStore(path)


def behaviours_of(answers: Answers) -> Mapping[str, Behaviour]:
    """What is done for each operation."""
    if answers not in BEHAVIOURS_BY_ANSWERS:
        known = " or ".join(repr(one) for one in BEHAVIOURS_BY_ANSWERS)
        raise ConfigurationError(f"Emulator(answers={answers!r}): answers must be {known}")
    return BEHAVIOURS_BY_ANSWERS[answers]


def checked_keys(api_keys: Iterable[str]) -> frozenset[str]:
    """The keys that are accepted; none means any."""
    if isinstance(api_keys, str):
        raise ConfigurationError(
            "Emulator(api_keys=...): pass a list of keys, such as [key]; a single string was given"
        )
    keys = tuple(api_keys)
    if not all(isinstance(key, str) and key.strip() for key in keys):
        raise ConfigurationError("Emulator(api_keys=...): a key is blank or no string")
    return frozenset(key.strip() for key in keys)
