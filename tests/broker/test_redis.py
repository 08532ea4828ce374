"""`RedisStore`: few commands, leases and tickets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker, MemoryStore, RedisStore
from chatkit_async.broker._resilient_store import ResilientStore
from chatkit_async.broker._user_record import Creation, RevokeReply
from chatkit_async.emulator import Emulator, Fault

from .failures import HERE, begin, connected, fail, other_process
from .outages import MovedClock, user_key, warnings
from .redis_server import RedisServer


@pytest.fixture
async def broker(client: AsyncChatKit, redis_server: RedisServer) -> AsyncIterator[AsyncSessionBroker]:
    async with other_process(client, redis_server) as made:
        await made.start()
        yield made


# --- commands -------------------------------------------------------------------------------------------------------


async def test_a_hit_is_one_read_and_a_creation_three_round_trips(
    broker: AsyncSessionBroker, redis_server: RedisServer, clock: MovedClock
) -> None:
    before = redis_server.commands()
    live = await broker.secret_for("user_1")
    assert redis_server.commands() == before + 3
    for _ in range(20):
        assert await broker.secret_for("user_1") == live
    assert redis_server.commands() <= before + 3 + 20 + 4  # and a look at the state now and then


async def test_waiting_for_another_process_costs_a_handful_of_commands(
    client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator
) -> None:
    brokers = [other_process(client, redis_server) for _ in range(10)]
    for broker in brokers:
        await broker.start()
    emulator.add_faults(Fault(delay=1))
    before = redis_server.commands()
    assert len(set(await asyncio.gather(*(broker.secret_for("user_1") for broker in brokers)))) == 1
    assert (redis_server.commands() - before) / 10 <= 10
    for broker in brokers:
        await broker.aclose()


async def test_many_callers_at_once_share_exchanges_and_one_connection(
    client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    async with other_process(client, redis_server) as broker:
        lives = await asyncio.gather(*(broker.secret_for(f"user_{number}") for number in range(600)))
        assert len(set(lives)) == len(emulator.sessions()) == 600
        assert connected(redis_server) == 2
        assert warnings(caplog) == []


async def test_many_devices_of_a_user_at_once_cost_a_few_commands_each(
    client: AsyncChatKit, redis_server: RedisServer
) -> None:
    async with other_process(client, redis_server, sessions_per_minute=None) as broker:
        await broker.start()
        before = redis_server.commands()
        await asyncio.gather(*(broker.secret_for("user_1", device=f"device_{number}") for number in range(80)))
        assert redis_server.commands() - before <= 80 * 4


async def test_a_users_data_and_the_state_vanish_by_themselves(
    broker: AsyncSessionBroker, redis_server: RedisServer
) -> None:
    await broker.secret_for("user_1")
    await broker.revoke("user_2")
    keys = [line for line in redis_server.ask("KEYS", "*").split() if line.startswith("chatkit")]
    assert sorted(keys) == sorted(["chatkit-async:state", user_key("user_1"), user_key("user_2")])
    assert all(0 < int(redis_server.ask("PTTL", key)) <= 3_600_000 for key in keys)


async def test_a_state_that_has_expired_in_a_quiet_hour_is_no_loss(
    client: AsyncChatKit, clock: MovedClock, redis_server: RedisServer
) -> None:
    async with other_process(client, redis_server) as broker:
        await broker.secret_for("user_1")
        clock.ahead_s = 3500
        redis_server.ask("FLUSHALL")
        assert (await broker.revoke("user_1")).is_complete


# --- leases and tickets -----------------------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[ResilientStore]:
    memory = request.param == "memory"
    made = ResilientStore(MemoryStore() if memory else RedisStore(request.getfixturevalue("redis_server").url))
    yield made
    await made.aclose()


async def test_a_creator_that_died_blocks_others_for_its_lease_and_makes_revocations_incomplete(
    store: ResilientStore,
) -> None:
    dead, next_one = (Creation(HERE, ticket, 0.3, is_shared=True) for ticket in ("dead", "next"))
    assert await begin(store, dead) == "go"
    assert await begin(store, dead) == "go"  # its reply may have been lost
    assert await begin(store, next_one) == "wait"
    async with asyncio.timeout(20):
        while await begin(store, next_one) == "wait":
            await asyncio.sleep(0.02)
    await fail(store, next_one, is_unknown=False)
    assert await store.revoke("user", None) == RevokeReply((), False)


@pytest.mark.parametrize(("is_unknown", "is_complete"), [(True, False), (False, True)])
async def test_an_attempt_whose_outcome_is_unknown_makes_revocations_incomplete(
    store: ResilientStore, is_unknown: bool, is_complete: bool
) -> None:
    creation = Creation(HERE, "ticket", 600, per_minute=1)
    for _ in range(3):
        assert await begin(store, creation) == "go"  # its count is given back
        await fail(store, creation, is_unknown=is_unknown)
    assert (await store.revoke("user", "another device")).is_complete
    assert (await store.revoke("user", None)).is_complete == is_complete


async def test_after_the_lease_of_a_lost_creation_another_broker_makes_one(
    client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(delay=30))
    first, second = other_process(client, redis_server, lease_s=0.5), other_process(client, redis_server, lease_s=0.5)
    call = asyncio.create_task(first.secret_for("user_1"))
    async with asyncio.timeout(20):
        while not emulator.requests():
            await asyncio.sleep(0.005)
        live = await second.secret_for("user_1")
    assert (await asyncio.gather(call, return_exceptions=True)) != [live]
    await first.aclose()
    await second.aclose()


async def test_a_redis_that_went_back_to_a_snapshot_makes_revocations_incomplete(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    server = RedisServer()
    server.start()
    try:
        async with other_process(client, server) as one, other_process(client, server) as other:
            await asyncio.gather(one.secret_for("user_0"), other.secret_for("user_0"))
            server.ask("SAVE")  # as Redis does by itself, unless it is told not to
            live = await one.secret_for("user_1")
            server.restart()
            one._store._checked_s -= 2  # it checks once a second
            await one.secret_for("user_2")
            revocation = await other.revoke("user_1")
            assert live.session_id not in {result.session_id for result in revocation.sessions}
            assert not revocation.is_complete
    finally:
        server.close()
