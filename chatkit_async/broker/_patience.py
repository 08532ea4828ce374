"""A time limit that counts only the time in which our own event loop had a chance to see the reply."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_S, SHORT_PATIENCE_S = 1.0, 0.25  # for a store's reply; and after one that did not come
LOOKS = 4  # into which a limit is divided
LATE = 2.0  # a look that took so many times longer than asked for shows that our own event loop is busy
MOST_LATE_LOOKS = 20


async def within(limit_s: float, work: Awaitable[T]) -> T:
    """The result of the work, which is cancelled at the limit.

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
