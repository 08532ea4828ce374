"""The limit on how many sessions a user may have made in a minute."""

from __future__ import annotations

import copy
import json
import pickle
import time

import pytest

from chatkit_async import AsyncChatKit, BadRequestError, MintingLimitError
from chatkit_async.broker import AsyncSessionBroker, LiveSecret, MemoryStore, RedisStore
from chatkit_async.broker._resilient_store import ResilientStore
from chatkit_async.broker._user_record import Creation, Place
from chatkit_async.emulator import Emulator, Fault

from .failures import begin, fail, on_store
from .outages import MovedClock


async def refreshed(broker: AsyncSessionBroker, times: int, user: str = "user_1") -> LiveSecret:
    """What a hostile browser does: every secret is sent back at once for another."""
    live = await broker.secret_for(user)
    for _ in range(times):
        live = await broker.secret_for(user, current=live.client_secret)
    return live


async def test_more_sessions_than_allowed_are_refused_with_the_wait(client: AsyncChatKit, emulator: Emulator) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", sessions_per_minute=3)
    live = await refreshed(broker, 2)
    with pytest.raises(MintingLimitError, match=r"3 sessions within a minute.*wait \d+\.\d s") as caught:
        await broker.secret_for("user_1", current=live.client_secret)
    assert 0 < caught.value.retry_after_s <= 60
    assert len(emulator.requests()) == 3


async def test_the_live_session_is_handed_out_beyond_the_limit(client: AsyncChatKit) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", sessions_per_minute=1)
    live = await broker.secret_for("user_1")
    assert await broker.secret_for("user_1") == live


async def test_the_limit_is_per_user_and_counts_all_devices(client: AsyncChatKit) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", sessions_per_minute=2)
    await broker.secret_for("user_1", device="phone")
    await broker.secret_for("user_1", device="laptop")
    with pytest.raises(MintingLimitError):
        await broker.secret_for("user_1", device="tablet")
    with pytest.raises(MintingLimitError):
        await broker.renew("user_1")
    await broker.secret_for("user_2")


async def test_the_limit_counts_what_all_brokers_of_a_store_make(client: AsyncChatKit) -> None:
    store = MemoryStore()
    for _ in range(2):
        await AsyncSessionBroker(client, workflow="wf_1", store=store, sessions_per_minute=2).secret_for("user_1")
    with pytest.raises(MintingLimitError):
        await AsyncSessionBroker(client, workflow="wf_1", store=store, sessions_per_minute=2).secret_for("user_1")


@pytest.mark.parametrize("kind", ["memory", "redis"])
async def test_failed_attempts_do_not_use_up_the_limit(
    client: AsyncChatKit, emulator: Emulator, request: pytest.FixtureRequest, kind: str
) -> None:
    store = MemoryStore() if kind == "memory" else RedisStore(request.getfixturevalue("redis_server").url)
    async with AsyncSessionBroker(client, workflow="wf_1", store=store, sessions_per_minute=2) as broker:
        emulator.add_faults(Fault(status=400, times=5))
        for _ in range(5):
            with pytest.raises(BadRequestError):
                await broker.secret_for("user_1")
        await refreshed(broker, 1)
        with pytest.raises(MintingLimitError):
            await refreshed(broker, 2)


@pytest.mark.parametrize("kind", ["memory", "redis"])
async def test_a_failure_that_is_reported_twice_is_given_back_once(request: pytest.FixtureRequest, kind: str) -> None:
    store = ResilientStore(
        MemoryStore() if kind == "memory" else RedisStore(request.getfixturevalue("redis_server").url)
    )
    creations = [Creation(Place("user", "device", "slot"), f"ticket_{i}", 15.0, per_minute=2) for i in range(4)]
    for creation in creations[:2]:
        assert await begin(store, creation) == "go"
    for _ in range(2):
        await fail(store, creations[0], is_unknown=True)
    assert [await begin(store, creation) for creation in creations[2:]] == ["go", "limited"]
    await store.aclose()


async def test_after_the_minute_sessions_are_made_again(client: AsyncChatKit, clock: MovedClock) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", sessions_per_minute=1)
    live = await broker.secret_for("user_1")
    with pytest.raises(MintingLimitError) as caught:
        await broker.secret_for("user_1", current=live.client_secret)
    clock.ahead_s = caught.value.retry_after_s
    assert await broker.secret_for("user_1", current=live.client_secret) != live


async def test_the_default_bears_a_crowd_of_workers_and_stops_a_hostile_browser(broker: AsyncSessionBroker) -> None:
    await refreshed(broker, 16)
    with pytest.raises(MintingLimitError):
        await refreshed(broker, 16)


async def test_none_is_no_limit(client: AsyncChatKit, emulator: Emulator) -> None:
    await refreshed(AsyncSessionBroker(client, workflow="wf_1", sessions_per_minute=None), 50)
    assert len(emulator.sessions()) == 51


async def test_the_error_shows_a_browser_the_wait_and_can_be_pickled(client: AsyncChatKit) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", sessions_per_minute=1)
    live = await broker.secret_for("user_1")
    with pytest.raises(MintingLimitError) as caught:
        await broker.secret_for("user_1", current=live.client_secret)
    seen = caught.value.public()
    assert (seen["code"], seen["retry_after_s"]) == ("rate_limited", caught.value.retry_after_s)
    assert "user_1" not in json.dumps(seen) + str(caught.value)
    for again in (copy.copy(caught.value), pickle.loads(pickle.dumps(caught.value))):
        assert (str(again), again.retry_after_s) == (str(caught.value), caught.value.retry_after_s)


async def test_a_clock_of_the_store_that_is_set_back_does_not_use_up_the_limit(
    client: AsyncChatKit, clock: MovedClock
) -> None:
    ahead_s = 3000.0
    store = MemoryStore(clock=lambda: time.monotonic() + ahead_s)
    async with on_store(client, store, sessions_per_minute=1) as broker:
        await broker.secret_for("user_1", device="a")
        ahead_s, clock.ahead_s = 0.0, 61
        await broker.secret_for("user_1", device="b")
