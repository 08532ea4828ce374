"""Many deadlines on one timer, each as `asyncio.timeout` would have it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from time import monotonic
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chatkit_async._async.deadline import Deadline, Deadlines


@pytest.fixture
async def deadlines() -> Deadlines:
    return Deadlines(asyncio.get_running_loop())


async def block(deadlines: Deadlines, seconds: float, *, lasts_s: float = 5) -> str:
    with Deadline(deadlines, monotonic() + seconds):
        await asyncio.sleep(lasts_s)
    return "done"


def cancelling() -> int:
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


async def test_what_lasts_too_long_ends_in_a_timeout_and_leaves_the_task_uncancelled(deadlines: Deadlines) -> None:
    with pytest.raises(TimeoutError):
        await block(deadlines, 0.01)
    assert cancelling() == 0
    assert await block(deadlines, 5, lasts_s=0) == "done"
    assert not deadlines.pending


async def test_the_shorter_deadline_ends_first_whichever_was_begun_first(deadlines: Deadlines) -> None:
    ended: list[str] = []

    async def noted(name: str, seconds: float) -> None:
        with pytest.raises(TimeoutError):
            await block(deadlines, seconds)
        ended.append(name)

    await asyncio.gather(noted("c", 0.15), noted("a", 0.01), noted("b", 0.08))
    assert ended == ["a", "b", "c"]


async def test_deadlines_of_the_same_length_share_one_timer(
    deadlines: Deadlines, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    timers: list[float] = []
    set_timer: Callable[..., asyncio.TimerHandle] = loop.call_later

    def call_later(delay_s: float, *rest: Any) -> asyncio.TimerHandle:
        timers.append(delay_s)
        return set_timer(delay_s, *rest)

    monkeypatch.setattr(loop, "call_later", call_later)
    for _ in range(50):
        with Deadline(deadlines, monotonic() + 30):
            pass
    assert len(timers) == 1
    with Deadline(deadlines, math.inf):
        pass
    assert len(timers) == 1


async def test_a_block_that_ended_in_time_is_not_cancelled_by_the_timer_it_left(deadlines: Deadlines) -> None:
    assert await block(deadlines, 0.02, lasts_s=0) == "done"
    assert await block(deadlines, 5, lasts_s=0.06) == "done"


async def test_a_cancellation_from_outside_stays_one_even_as_the_deadline_passes(deadlines: Deadlines) -> None:
    task = asyncio.create_task(block(deadlines, 5))
    await asyncio.sleep(0)
    task.cancel("from outside")
    deadlines.expire_all()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelling() == 1


async def test_an_error_of_the_block_goes_on_and_takes_the_deadlines_cancellation_along(deadlines: Deadlines) -> None:
    with pytest.raises(KeyError), Deadline(deadlines, monotonic() + 5):  # noqa: PT012 - the block is what is tested
        deadlines.expire_all()
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            raise KeyError from None
    assert cancelling() == 0


async def test_all_can_be_ended_at_once_and_the_next_begins_anew(deadlines: Deadlines) -> None:
    tasks = [asyncio.create_task(block(deadlines, seconds)) for seconds in (5, 7, math.inf)]
    await asyncio.sleep(0)
    deadlines.expire_all()
    assert [type(each) for each in await asyncio.gather(*tasks, return_exceptions=True)] == [TimeoutError] * 3
    with pytest.raises(TimeoutError):
        await block(deadlines, 0.01)


@pytest.mark.parametrize("seconds", [0, -1])
async def test_a_deadline_that_has_passed_ends_the_block_at_its_first_wait(
    deadlines: Deadlines, seconds: float
) -> None:
    with pytest.raises(TimeoutError):
        await block(deadlines, seconds)


@pytest.mark.parametrize(("inner_s", "outer_s"), [(0.01, 5), (5, 0.01)])
async def test_nested_with_asyncios_own_each_tells_its_own_end(
    deadlines: Deadlines, inner_s: float, outer_s: float
) -> None:
    ended: list[str] = []
    with pytest.raises(TimeoutError):  # noqa: PT012 - the nesting is what is tested
        async with asyncio.timeout(outer_s) as outer:
            try:
                await block(deadlines, inner_s)
            except TimeoutError:
                ended.append("inner")
                raise
    assert (ended, outer.expired()) == (["inner"], False) if inner_s < outer_s else ([], True)
    assert cancelling() == 0


async def test_outside_a_task_it_says_so(deadlines: Deadlines) -> None:
    message: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def enter() -> None:
        try:
            Deadline(deadlines, 1).__enter__()
        except RuntimeError as error:
            message.set_result(str(error))

    asyncio.get_running_loop().call_soon(enter)
    assert "task" in await message


async def test_what_was_ended_twice_counts_as_one_end(deadlines: Deadlines) -> None:
    task = asyncio.create_task(block(deadlines, 5))
    await asyncio.sleep(0)
    deadlines.expire_all()
    deadlines.expire_all()
    with pytest.raises(TimeoutError):
        await task
    assert task.cancelling() == 0


async def test_a_block_that_takes_its_time_to_end_keeps_no_timer_busy(deadlines: Deadlines) -> None:
    async def slow_to_end() -> None:
        with Deadline(deadlines, monotonic() + 0.01):
            try:
                await asyncio.sleep(5)
            finally:
                assert deadlines.next_check_s == math.inf

    with pytest.raises(TimeoutError):
        await slow_to_end()


class LoopOfAnotherClock:
    """As much of a loop as deadlines use, on a clock that stands still."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        self.checks = 0
        self._timers: list[tuple[float, Callable[[], None]]] = []
        monkeypatch.setattr("chatkit_async._async.deadline.monotonic", lambda: self.now_s)

    def call_later(self, delay_s: float, check: Callable[[], None]) -> Any:
        self._timers.append((self.now_s + delay_s, check))
        return SimpleNamespace(cancel=self._timers.clear)

    def run_until(self, end_s: float) -> None:
        while self._timers and self._timers[0][0] <= end_s:
            self.now_s, check = self._timers.pop()
            self.checks += 1
            check()


def test_thousands_of_different_deadlines_are_checked_together(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = LoopOfAnotherClock(monkeypatch)
    deadlines = Deadlines(cast("asyncio.AbstractEventLoop", loop))
    passed: list[float] = []
    for number in range(5_000):
        deadline = Deadline(deadlines, 1 + number / 50_000)
        monkeypatch.setattr(deadline, "_task", SimpleNamespace(cancel=lambda: passed.append(loop.now_s)), raising=False)
        deadlines.pending.add(deadline)
    deadlines.schedule(1)
    loop.run_until(2)
    assert len(passed) == 5_000
    assert loop.checks <= 12
    assert max(late_s - (1 + number / 50_000) for number, late_s in enumerate(sorted(passed))) <= 0.0101
