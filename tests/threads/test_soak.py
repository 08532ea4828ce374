"""Ten thousand items, and a server at its worst: each item once, and in order."""

from __future__ import annotations

import random

import pytest

from chatkit_async import AsyncChatKit, RetryPolicy
from chatkit_async.emulator import Emulator, Fault

from ..conftest import KEY
from .seeding import item, thread

COUNT = 10_000
FAULTS = (
    Fault(method="GET", path="/items", drop=True),
    Fault(method="GET", path="/items", status=429, headers={"retry-after-ms": "0"}),
    Fault(method="GET", path="/items", status=500),
    Fault(method="GET", path="/items", kind="truncated"),
    Fault(method="GET", path="/items", kind="empty_page"),
)


async def walk(emulator: Emulator, seed: int) -> None:
    chance = random.Random(seed)
    policy = RetryPolicy(initial_delay_s=0)
    found: list[str] = []
    async with AsyncChatKit(KEY, base_url=emulator.base_url, max_retries=9, retry_policy=policy) as client:
        listing = client.threads.list_items("cthr_1", order="asc", limit=100, prefetch=chance.random() < 0.5)
        async for page in listing.pages():
            found += [item.id for item in page]
            emulator.add_faults(*chance.choices(FAULTS, k=chance.choice((0, 0, 1, 2))))
    assert found == [f"cthi_{number}" for number in range(COUNT)], f"seed {seed}"


@pytest.fixture
def _full(emulator: Emulator) -> None:
    emulator.seed(threads=[{"thread": thread(1), "items": [item(number) for number in range(COUNT)]}])


@pytest.mark.slow
@pytest.mark.usefixtures("_full")
@pytest.mark.timeout(300)
async def test_ten_thousand_items_come_once_and_in_order_through_25_kinds_of_weather(emulator: Emulator) -> None:
    for seed in range(25):
        await walk(emulator, seed)


@pytest.mark.soak
@pytest.mark.usefixtures("_full")
@pytest.mark.timeout(3600)
async def test_ten_thousand_items_come_once_and_in_order_through_1000_kinds_of_weather(emulator: Emulator) -> None:
    for seed in range(1000):
        await walk(emulator, seed)
