"""A Redis that is restarted, and has lost what it held."""

from __future__ import annotations

import asyncio

import pytest
from cryptography.fernet import Fernet

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker, RedisStore
from chatkit_async.emulator import Emulator, Fault

from .outages import remembered
from .redis_server import RedisServer

pytestmark = pytest.mark.usefixtures("short_pause")


@pytest.fixture
async def broker(redis_broker: AsyncSessionBroker) -> AsyncSessionBroker:
    return redis_broker


async def test_a_redis_that_is_restarted_midway_is_told_again_what_it_lost(
    broker: AsyncSessionBroker, redis_server: RedisServer, client: AsyncChatKit, emulator: Emulator
) -> None:
    await broker.secret_for("user_1")
    await broker.secret_for("user_2")
    redis_server.restart()
    await broker.secret_for("user_2")  # notices the loss
    assert remembered(redis_server) == 1
    other = AsyncSessionBroker(client, workflow="wf_1", store=RedisStore(redis_server.url))
    assert (await other.revoke("user_1")).is_complete
    assert {session["status"] for session in emulator.sessions() if session["user"] == "user_1"} == {"cancelled"}
    await other.aclose()


async def test_what_redis_lost_is_told_again_once_and_not_once_for_each_user(
    broker: AsyncSessionBroker, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        await broker.secret_for(f"user_{number}")
    monkeypatch.setattr("chatkit_async.broker.ledger.WRITTEN_PER_CALL", 1)
    redis_server.restart()
    left = []
    for number in range(3):
        await broker.secret_for(f"user_{number}")
        left.append(len(broker._ledger._unwritten))
    assert left[0] > left[1] > left[2]


async def test_a_revoke_reaches_what_this_process_made_though_redis_has_just_lost_it(
    broker: AsyncSessionBroker, redis_server: RedisServer, emulator: Emulator
) -> None:
    await broker.secret_for("user_1")
    redis_server.restart()
    assert len((await broker.revoke("user_1")).sessions) == 1
    assert emulator.sessions()[0]["status"] == "cancelled"


async def test_a_turn_taken_in_an_outage_is_given_back_though_the_store_returned_meanwhile(
    client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator
) -> None:
    keys, store = [Fernet.generate_key()], RedisStore(redis_server.url)
    broker = AsyncSessionBroker(client, workflow="wf_1", store=store, share_secrets=keys, lease_s=600)
    emulator.add_faults(Fault(delay=0.5))
    redis_server.stop()
    call = asyncio.create_task(broker.secret_for("user_1"))
    async with asyncio.timeout(20):
        while not emulator.sessions():
            await asyncio.sleep(0.005)
    redis_server.start()
    await call
    redis_server.stop()
    async with asyncio.timeout(20):  # less than the lease
        await broker.secret_for("user_1")
    await broker.aclose()


async def test_a_redis_that_is_restarted_while_a_session_is_made_is_no_reason_to_fail(
    broker: AsyncSessionBroker, redis_server: RedisServer, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(delay=0.5))
    call = asyncio.create_task(broker.secret_for("user_1"))
    async with asyncio.timeout(20):
        while not emulator.sessions():
            await asyncio.sleep(0.005)
    redis_server.restart()
    live = await call
    assert await broker.owns("user_1", live.session_id)
    assert remembered(redis_server) == 1


async def test_a_redis_that_dies_while_a_session_is_made_is_no_reason_to_fail(
    broker: AsyncSessionBroker, redis_server: RedisServer, emulator: Emulator
) -> None:
    await broker.secret_for("user_1")
    await broker.revoke("user_1")  # so that the user has a generation that this process does not
    emulator.add_faults(Fault(delay=0.5))
    call = asyncio.create_task(broker.secret_for("user_1"))
    async with asyncio.timeout(20):
        while len(emulator.sessions()) < 2:
            await asyncio.sleep(0.005)
    redis_server.stop()
    live = await call
    assert await broker.owns("user_1", live.session_id)
