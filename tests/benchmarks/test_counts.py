"""Counts carry no noise: functions called, and turns of the event loop."""

import asyncio

from benchmarks.method.counts import CountingLoop, function_calls, loop_turns, times_called


def nothing() -> None:
    pass


async def one_call() -> None:
    nothing()


async def three_calls() -> None:
    nothing()
    nothing()
    len("")  # C's functions count, too


def counted(call: object) -> int:
    return asyncio.run(function_calls(call))  # type: ignore[arg-type]


def test_functions_of_python_and_of_c_count_as_calls() -> None:
    assert counted(three_calls) - counted(one_call) == 2


async def waits_two_turns() -> None:
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def test_each_turn_of_the_loop_counts() -> None:
    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        assert runner.run(loop_turns(waits_two_turns)) == 2


def test_calls_of_one_name_are_counted() -> None:
    assert times_called("nothing", lambda: [nothing() for _ in range(3)]) == 3
