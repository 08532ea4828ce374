"""What a broker and its stores keep does not grow without end."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker, MemoryStore, RedisStore
from chatkit_async.broker._session_request import digest
from chatkit_async.broker._user_record import MOST_DEVICES, loads
from chatkit_async.emulator import Emulator

from ..conftest import KEY
from .outages import MovedClock, user_key


def test_event_loops_that_have_ended_are_not_kept(emulator: Emulator) -> None:
    client = AsyncChatKit(KEY, base_url=emulator.base_url, max_connections=1)
    broker = AsyncSessionBroker(client, workflow="wf_1")
    loops = []

    async def create(number: int) -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await asyncio.gather(*(broker.secret_for(f"user_{number}_{more}") for more in range(3)))

    for number in range(4):
        asyncio.run(create(number))
    gc.collect()
    assert sum(loop() is not None for loop in loops) <= 1
    asyncio.run(client.aclose())


@pytest.mark.parametrize("kind", ["memory", "redis"])
async def test_a_user_with_a_new_device_for_each_logout_does_not_grow_without_end(
    client: AsyncChatKit, request: pytest.FixtureRequest, kind: str
) -> None:
    store = MemoryStore() if kind == "memory" else RedisStore(request.getfixturevalue("redis_server").url)
    async with AsyncSessionBroker(client, workflow="wf_1", store=store) as broker:
        live = await broker.secret_for("user_1", device="phone")
        for number in range(MOST_DEVICES + 10):
            assert (await broker.revoke("user_1", device=f"device_{number}")).is_complete
        assert len((await store.get(digest("user", "user_1")))[0]) < 100 * MOST_DEVICES
        (ended,) = (await broker.revoke("user_1", device="phone")).sessions
        assert ended.session_id == live.session_id
        assert await broker.secret_for("user_1", device="phone") != live


async def test_devices_that_were_renewed_once_are_not_held_for_ever(client: AsyncChatKit, clock: MovedClock) -> None:
    store = MemoryStore()
    async with AsyncSessionBroker(client, workflow="wf_1", store=store) as broker:
        for number in range(60):
            await broker.renew("user_1", device=f"device_{number}")
            clock.ahead_s += 61
        value, _ = await store.get(user_key().removeprefix("chatkit-async:"))
        assert len(loads(value).versions) < 20
