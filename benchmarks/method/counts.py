"""Figures without noise: functions called and turns of the event loop."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from types import FrameType

from ..contenders.awaited import Call

CALLS = 20
ANSWERED_S = 0.002  # within which the stub has answered


class CountingLoop(asyncio.SelectorEventLoop):
    """An event loop that counts its turns.

    It waits before each until an answer is there: how soon it comes would else decide over a turn more or less.
    """

    turns = 0

    def _run_once(self) -> None:
        self.turns += 1
        time.sleep(ANSWERED_S)
        super()._run_once()  # type: ignore[misc]


async def function_calls(call: Call) -> int:
    """Functions entered for one call, Python's own and C's called from them, event loop included."""
    own = CountingLoop._run_once.__code__
    entered = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal entered
        entered += event in {"call", "c_call"} and frame.f_code is not own

    async def counted() -> int:
        nonlocal entered
        entered = 0
        sys.setprofile(count)
        await call()
        sys.setprofile(None)
        return entered

    return await least(counted)


async def loop_turns(call: Call) -> int:
    """Turns of the running CountingLoop for one call."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, CountingLoop)

    async def counted() -> int:
        began = loop.turns
        await call()
        return loop.turns - began

    return await least(counted)


async def least(counted: Callable[[], Awaitable[int]]) -> int:
    """The least of some counts after a first: what else the loop does now and then is not the call's."""
    await counted()
    return min([await counted() for _ in range(CALLS)])


def times_called(name: str, work: Callable[[], object]) -> int:
    """How often Python functions of this name are called in this thread while `work` is done."""
    found = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal found
        found += event == "call" and frame.f_code.co_name == name

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found
