"""Time: this process's monotonic seconds, what a session has left of its life, and patience with a store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from email.utils import parsedate_to_datetime
from typing import TypeVar

from ..types._clock import unix_now_s
from ..types.session import ChatSession

T = TypeVar("T")
PATIENCE_S, SHORT_PATIENCE_S = 1.0, 0.25  # for a store's reply; and after one that did not come
LOOKS = 4  # into which a limit is divided
LATE = 2.0  # a look that took so many times longer than asked for shows that our own event loop is busy
MOST_LATE_LOOKS = 20


def now_s() -> float:
    """Seconds that only grow, whatever happens to the time of day."""
    return time.monotonic()


def seconds_left(session: ChatSession, life_s: float) -> float:
    """Seconds until a session that was made just now expires, on machines with a wrong clock too."""
    return session.expires_at - api_time_s(
        session.response.headers.get("date"), session.expires_at, now_s=unix_now_s(), life_s=life_s
    )


def api_time_s(date: str | None, expires_at: int, *, now_s: float, life_s: float) -> float:
    """The API's time when a new session arrived, Unix seconds.

    It is the `Date` header, which a cache or proxy may have changed, if that fits the session's life; else this
    machine's time if that fits; else the session's life is taken to begin now.
    """
    for time_s in (_parsed(date), now_s):
        # A Date has whole seconds, so that a session may seem to live one second longer.
        if time_s is not None and 0 < expires_at - time_s <= life_s + 1:
            return time_s
    return expires_at - life_s


def _parsed(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date or "").timestamp()
    except (ValueError, OverflowError):
        return None


async def within(limit_s: float, work: Awaitable[T]) -> T:
    """The result of the work, cancelled at a limit that counts only time in which our own event loop was free to look.

    Raises:
        TimeoutError: there was none in time.
    """
    task = asyncio.ensure_future(work)
    try:
        await _looked_for(task, limit_s)
    except BaseException:
        task.cancel()
        raise
    if task.done() and not task.cancelled():
        try:
            return task.result()
        finally:
            del task  # what it raises refers to this frame
    task.cancel()
    await asyncio.wait([task], timeout=SHORT_PATIENCE_S)  # it may have to close a connection
    raise TimeoutError(f"no reply within {limit_s} s")


async def _looked_for(task: asyncio.Future[T], limit_s: float) -> None:
    loop, look_s = asyncio.get_running_loop(), limit_s / LOOKS
    looks = late = 0
    while looks < LOOKS and not task.done():
        began_s = loop.time()
        await asyncio.wait([task], timeout=look_s)
        is_late = loop.time() - began_s > LATE * look_s and late < MOST_LATE_LOOKS
        late, looks = late + is_late, looks + (not is_late)
