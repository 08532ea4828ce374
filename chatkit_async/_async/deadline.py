"""The deadlines of all calls in one event loop, on one timer: `asyncio.timeout` and anyio's cost five times as much."""

from __future__ import annotations

import asyncio
import math
from time import monotonic
from types import TracebackType

# The pause between two checks is this times the pending deadlines: several times what a check costs, so that thousands
# of calls with different deadlines do not keep the loop busy. With a thousand, a deadline is at most 2 ms late.
CHECK_INTERVAL_S = 2e-6


class Deadlines:
    """Cancels blocks that last too long. Times are those of `time.monotonic`.

    Args:
        loop: where the calls run; only `expire_all` may come from elsewhere, by `call_soon_threadsafe`.
    """

    __slots__ = ("_timer", "loop", "next_check_s", "pending")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self.next_check_s = math.inf
        self.pending: set[Deadline] = set()

    def expire_all(self) -> None:
        """Lets all deadlines expire now."""
        for deadline in list(self.pending):
            deadline.expire()
        self.schedule(math.inf)

    def schedule(self, at_s: float) -> None:
        """Checks the deadlines at that time; never for infinity."""
        if self._timer is not None:
            self._timer.cancel()
        self.next_check_s = at_s
        self._timer = None if at_s == math.inf else self.loop.call_later(at_s - monotonic(), self._check)

    def _check(self) -> None:
        now_s = monotonic()
        for deadline in [each for each in self.pending if each.expires_s <= now_s]:
            deadline.expire()
        # Calls that end leave the timer alone, so that this runs about once in the length of a timeout.
        soonest_s = min((each.expires_s for each in self.pending if not each.has_expired), default=math.inf)
        self.schedule(max(soonest_s, now_s + CHECK_INTERVAL_S * len(self.pending)))


class Deadline:
    """Cancels a block of a task when its time is over, and raises `TimeoutError` then, like `asyncio.timeout`.

    Args:
        deadlines: of the loop that runs the task.
        expires_s: when its time is over.
    """

    __slots__ = ("_cancelling", "_deadlines", "_task", "expires_s", "has_expired")

    def __init__(self, deadlines: Deadlines, expires_s: float) -> None:
        self._deadlines = deadlines
        self.expires_s = expires_s
        self.has_expired = False

    def __enter__(self) -> None:
        task = asyncio.current_task(self._deadlines.loop)
        if task is None:
            raise RuntimeError(
                "a call was made outside a task: await it in one, as asyncio.run() and create_task() make"
            )
        self._task, self._cancelling = task, task.cancelling()
        self._deadlines.pending.add(self)
        if self.expires_s < self._deadlines.next_check_s:
            self._deadlines.schedule(self.expires_s)

    def __exit__(
        self, error_class: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._deadlines.pending.discard(self)
        # Our own cancellation is undone even if the block ended before it came; a cancellation by others goes on.
        if self.has_expired and self._task.uncancel() <= self._cancelling and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error

    def expire(self) -> None:
        """Cancels the block, once."""
        if not self.has_expired:
            self.has_expired = True
            self._task.cancel()
