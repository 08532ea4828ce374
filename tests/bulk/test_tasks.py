"""The workers of a job."""

from __future__ import annotations

import anyio
import pytest

from chatkit_async.bulk._job import workers


@pytest.mark.parametrize("count", [1, 2, 8])
@pytest.mark.parametrize("values", [0, 1, 2, 3, 8, 9, 10, 12, 17, 100])
@pytest.mark.parametrize("naps", [0, 1])
async def test_each_value_is_worked_on_once_and_waiting_values_are_bounded(count: int, values: int, naps: int) -> None:
    done: list[int] = []
    most = 0

    async def work(value: int) -> None:
        for _ in range(naps):
            await anyio.sleep(0)
        done.append(value)

    with anyio.fail_after(5):
        async with workers(count, work) as hand_out:
            await anyio.sleep(0)  # the workers wait already
            for start in range(0, values, 7):
                await hand_out(range(start, min(start + 7, values)))
                most = max(most, min(start + 7, values) - len(done))
    assert sorted(done) == list(range(values))
    assert most <= 2 * count


async def test_the_first_error_ends_all_and_is_raised_as_it_is() -> None:
    async def work(value: int) -> None:
        if value == 3:
            raise LookupError("three")
        await anyio.sleep_forever()

    async def all_of_it() -> None:
        async with workers(4, work) as hand_out:
            await hand_out(range(4))
            await anyio.sleep_forever()

    with anyio.fail_after(5), pytest.raises(LookupError, match="three"):
        await all_of_it()
