"""What a create may cost, in figures without noise: functions called, Python's and C's, and turns of the loop."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from types import FrameType

import pytest

from chatkit_async import AsyncChatKit
from chatkit_async._async._fast_path import pool as fast_pool
from chatkit_async.emulator import Emulator

from ..conftest import KEY
from .helpers import create

pytest.importorskip("orjson", reason="the budgets are those with the extra `speed`")

MOST_CALLS = {"fast": 290, "public": 435}
MOST_TURNS = {"fast": 2, "public": 3}  # aiohttp's own request writes its body in a task before Python 3.12


class CountingLoop(asyncio.SelectorEventLoop):
    """An event loop that counts its turns.

    It gives the server the processor before each: otherwise a slow response would cost a turn more.
    """

    turns = 0

    def _run_once(self) -> None:
        self.turns += 1
        time.sleep(0.005)
        super()._run_once()  # type: ignore[misc]


async def calls_of_a_create(client: AsyncChatKit) -> int:
    """The least of some: what else the loop does now and then is not the create's."""
    own = CountingLoop._run_once.__code__
    entered = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal entered
        entered += event in {"call", "c_call"} and frame.f_code is not own

    counts: list[int] = []
    for _ in range(20):
        entered = 0
        sys.setprofile(count)
        await create(client)
        sys.setprofile(None)
        counts.append(entered)
    return min(counts)


async def turns_of_a_create(client: AsyncChatKit) -> int:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, CountingLoop)
    counts: list[int] = []
    for _ in range(20):
        began = loop.turns
        await create(client)
        counts.append(loop.turns - began)
    return min(counts)


@pytest.mark.parametrize("path", ["fast", "public"])
def test_a_create_keeps_its_budgets(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(fast_pool, "is_fast_path_known", lambda: path == "fast")

    async def counted() -> tuple[int, int]:
        async with AsyncChatKit(KEY, base_url=emulator.base_url) as client:
            await create(client)
            return await calls_of_a_create(client), await turns_of_a_create(client)

    gc.disable()
    try:
        with asyncio.Runner(loop_factory=CountingLoop) as runner:
            calls, turns = runner.run(counted())
    finally:
        gc.enable()
    assert calls <= MOST_CALLS[path]
    assert turns <= MOST_TURNS[path]
