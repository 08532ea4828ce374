"""Figures without noise: functions called and turns of the event loop."""

import asyncio
import sys
from collections.abc import Callable
from types import FrameType

from ..contenders.awaited import Call

CALLS = 20


class CountingLoop(asyncio.SelectorEventLoop):
    """An event loop that counts its turns."""

    turns = 0

    def _run_once(self) -> None:
        self.turns += 1
        super()._run_once()  # type: ignore[misc]


async def function_calls(call: Call) -> float:
    """Functions entered for one call, Python's own and C's called from them, event loop included."""
    entered = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal entered
        entered += event in {"call", "c_call"}

    await call()
    sys.setprofile(count)
    try:
        for _ in range(CALLS):
            await call()
    finally:
        sys.setprofile(None)
    return entered / CALLS


async def loop_turns(call: Call) -> float:
    """Turns of the running CountingLoop for one call."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, CountingLoop)
    await call()
    began = loop.turns
    for _ in range(CALLS):
        await call()
    return (loop.turns - began) / CALLS


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
