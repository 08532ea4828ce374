"""The deadlines of all calls under way in one event loop, on one timer: `asyncio.timeout` costs five times as much."""

from __future__ import annotations

import asyncio
import math
from time import monotonic
from types import TracebackType

# Between two looks, for each deadline to look at: several times what that costs, so that thousands of calls with
# different ends do not keep the loop busy; with a thousand, a deadline is 2 ms late at most.
PAUSE_S = 2e-6


class Deadlines:
    """Cancels what lasts too long. Times are `time.monotonic`'s.

    Args:
        loop: where the calls run; only `end_all` may come from elsewhere, by `call_soon_threadsafe`.
    """

    __slots__ = ("_timer", "loop", "under_way", "wakes_s")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self.wakes_s = math.inf
        self.under_way: set[Deadline] = set()

    def end_all(self) -> None:
        """Let all deadlines pass now."""
        for deadline in list(self.under_way):
            deadline.pass_now()
        self.wake(math.inf)

    def wake(self, at_s: float) -> None:
        """Look at the deadlines at that time; never for infinity."""
        if self._timer is not None:
            self._timer.cancel()
        self.wakes_s = at_s
        self._timer = None if at_s == math.inf else self.loop.call_later(at_s - monotonic(), self._look)

    def _look(self) -> None:
        now_s = monotonic()
        for deadline in [each for each in self.under_way if each.ends_s <= now_s]:
            deadline.pass_now()
        # Calls that ended meanwhile left the timer alone: as a rule this runs once in the length of a timeout.
        soonest_s = min((each.ends_s for each in self.under_way if not each.has_passed), default=math.inf)
        self.wake(max(soonest_s, now_s + PAUSE_S * len(self.under_way)))


class Deadline:
    """A block of a task that is cancelled when its time is over, and raises `TimeoutError` then, as `asyncio.timeout`.

    Args:
        deadlines: of the loop that runs the task.
        ends_s: when.
    """

    __slots__ = ("_cancelling", "_deadlines", "_task", "ends_s", "has_passed")

    def __init__(self, deadlines: Deadlines, ends_s: float) -> None:
        self._deadlines = deadlines
        self.ends_s = ends_s
        self.has_passed = False

    def __enter__(self) -> None:
        task = asyncio.current_task(self._deadlines.loop)
        if task is None:
            raise RuntimeError(
                "a call was made outside a task: await it in one, as asyncio.run() and create_task() make"
            )
        self._task, self._cancelling = task, task.cancelling()
        self._deadlines.under_way.add(self)
        if self.ends_s < self._deadlines.wakes_s:
            self._deadlines.wake(self.ends_s)

    def __exit__(
        self, error_class: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._deadlines.under_way.discard(self)
        # Taken back even if it did not come through; what others cancelled meanwhile is theirs to tell.
        if self.has_passed and self._task.uncancel() <= self._cancelling and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error

    def pass_now(self) -> None:
        """Cancel the block, once."""
        if not self.has_passed:
            self.has_passed = True
            self._task.cancel()
