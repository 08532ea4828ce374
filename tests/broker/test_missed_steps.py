"""What a store missed while it was down is repeated once it is back, in order, whole, and at a bounded cost."""

from __future__ import annotations

import asyncio
import time

import pytest

from chatkit_async import AsyncChatKit, MintingLimitError
from chatkit_async.broker import AsyncSessionBroker, MemoryStore, RedisStore
from chatkit_async.emulator import Emulator, Fault

from .failures import on_store, other_process
from .outages import BrokenStore, CutOffStore, MovedClock, warnings
from .redis_server import RedisServer


async def test_closing_ends_though_missed_steps_are_older_than_an_hour(client: AsyncChatKit, clock: MovedClock) -> None:
    store = BrokenStore()
    broker = AsyncSessionBroker(client, workflow="wf_1", store=store)
    await broker.secret_for("user_1")
    store.is_down, clock.ahead_s = False, 3601
    async with asyncio.timeout(5):
        await broker.aclose()


async def test_missed_steps_older_than_an_hour_cost_no_call_anything(client: AsyncChatKit, clock: MovedClock) -> None:
    store = BrokenStore()
    broker = AsyncSessionBroker(client, workflow="wf_1", store=store)
    for number in range(8):
        await broker.secret_for(f"user_{number}")
    store.is_down, clock.ahead_s = False, 3601
    await broker.secret_for("user_x")
    store.calls = 0
    await broker.secret_for("user_x")
    assert store.calls == 1


@pytest.mark.usefixtures("short_pause")
async def test_a_slow_reply_to_a_repeated_step_drops_no_later_revocation(client: AsyncChatKit) -> None:
    class SlowOnce(BrokenStore):
        is_slow = False

        async def swap(self, key: str, old: bytes, new: bytes) -> bool:
            is_written = await MemoryStore.swap(self, key, old, new)
            if self.is_slow and key != "state" and is_written:
                self.is_slow = False
                await asyncio.sleep(0.2)
            return is_written

    store = SlowOnce(is_down=False)
    one, other = (AsyncSessionBroker(client, workflow="wf_1", store=store) for _ in range(2))
    before = await other.secret_for("user_1")
    store.is_down = True
    await one.revoke("user_1", device="phone")
    store.is_down, store.is_slow = False, True
    first = asyncio.create_task(one.owns("user_2", "repeats it, slowly"))
    await asyncio.sleep(0.1)
    await one.owns("user_1", "repeats it as well")
    store.is_down = True
    await one.revoke("user_1")
    store.is_down = False
    await first
    await one.owns("user_1", "repeats the second one")
    assert await other.secret_for("user_1") != before


class BackForAMoment(BrokenStore):
    """Fails again with the first value of a user that it would write."""

    may_swap = True

    async def swap(self, key: str, old: bytes, new: bytes) -> bool:
        if key != "state" and not self.may_swap and (await MemoryStore.get(self, key))[0] == old:
            raise ConnectionError("down")
        return await MemoryStore.swap(self, key, old, new)


@pytest.mark.usefixtures("short_pause")
async def test_a_store_that_is_back_for_a_moment_undoes_no_revocation(client: AsyncChatKit) -> None:
    store = BackForAMoment(is_down=False)
    async with AsyncSessionBroker(client, workflow="wf_1", store=store) as broker:
        live = await broker.secret_for("user_1")
        store.is_down = True
        await broker.revoke("user_1")
        store.is_down, store.may_swap = False, False
        await broker.owns("user_2", "x")
        store.is_down = True
        assert await broker.secret_for("user_1") != live


@pytest.mark.usefixtures("short_pause")
async def test_a_store_that_is_back_for_a_moment_hides_no_session_of_ours(client: AsyncChatKit) -> None:
    store = BackForAMoment(is_down=False)
    async with AsyncSessionBroker(client, workflow="wf_1", store=store) as broker:
        await broker.secret_for("user_1", device="other")
        store.is_down = True
        live = await broker.secret_for("user_1")
        store.is_down, store.may_swap = False, False
        await broker.owns("user_2", "x")
        store.is_down = True
        assert live.session_id in {result.session_id for result in (await broker.revoke("user_1")).sessions}


async def lost_and_revoked(
    emulator: Emulator, broker: AsyncSessionBroker, other: AsyncSessionBroker, places: list[tuple[str, str | None]]
) -> None:
    """Sessions that were being made when their users were revoked; the store has not heard of them."""
    emulator.add_faults(Fault(path="/sessions", delay=0.5, times=len(places)))
    calls = [asyncio.create_task(broker.secret_for(user, device=device)) for user, device in places]
    while len(emulator.requests()) < len(places):
        await asyncio.sleep(0.01)
    for user in {user for user, _ in places}:
        assert (await other.revoke(user)).is_complete
    await asyncio.gather(*calls)


@pytest.mark.usefixtures("short_pause")
@pytest.mark.parametrize(
    "places",
    [[("user_1", None), ("user_2", None)], [("user_1", "phone"), ("user_1", "laptop")]],
    ids=["users", "devices"],
)
async def test_a_caller_that_leaves_stops_no_cancellation_of_revoked_sessions(
    client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator, places: list[tuple[str, str | None]]
) -> None:
    store = CutOffStore(redis_server.url, "keep")
    async with on_store(client, store) as broker, other_process(client, redis_server) as other:
        await lost_and_revoked(emulator, broker, other, places)
        emulator.add_faults(Fault(path="/cancel", status=429, headers={"Retry-After": "1"}))
        store.reconnect()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await broker.owns("user_x", "y")
        await asyncio.sleep(1.5)
        for _ in range(3):
            await broker.owns("user_x", "y")
        assert [session["status"] for session in emulator.sessions()] == ["cancelled"] * 2


async def test_calls_beyond_the_limit_in_an_outage_leave_nothing_to_repeat(client: AsyncChatKit) -> None:
    async with AsyncSessionBroker(client, workflow="wf_1", store=BrokenStore(), sessions_per_minute=1) as broker:
        await broker.renew("user_1")
        for _ in range(100):
            with pytest.raises(MintingLimitError):
                await broker.renew("user_1")
        [key] = broker._store._buffered.keys(9)
        assert len(broker._store._buffered.get(key) or ()) < 9


@pytest.mark.usefixtures("short_pause")
async def test_a_redis_that_is_back_after_many_users_missed_steps_is_not_flooded(
    client: AsyncChatKit, redis_server: RedisServer
) -> None:
    async with AsyncSessionBroker(client, workflow="wf_1", store=RedisStore(redis_server.url)) as broker:
        redis_server.stop()
        await asyncio.gather(*(broker.revoke(f"user_{number}") for number in range(100)))
        redis_server.start()
        await broker.owns("user_x", "y")
        before = redis_server.commands()
        await asyncio.gather(*(broker.owns(f"other_{number}", "y") for number in range(200)))
        assert redis_server.commands() - before < 200 * 3


@pytest.mark.usefixtures("short_pause")
async def test_what_was_made_before_the_store_was_first_reached_stays_known(client: AsyncChatKit) -> None:
    store = BrokenStore()
    store._clock = lambda: time.monotonic() + 1e9  # as Redis, whose clock is the time of day
    async with AsyncSessionBroker(client, workflow="wf_1", store=store) as broker:
        live = await broker.secret_for("user_1")
        store.is_down = False
        await broker._store._check()  # it is back for a moment
        store.is_down = True
        assert await broker.owns("user_1", live.session_id)


@pytest.mark.usefixtures("short_pause")
async def test_a_value_that_the_store_refuses_is_one_users_trouble(
    client: AsyncChatKit, caplog: pytest.LogCaptureFixture
) -> None:
    class Small(MemoryStore):
        async def swap(self, key: str, old: bytes, new: bytes) -> bool:
            if len(new) > 3000:
                raise ValueError("too large")
            return await super().swap(key, old, new)

    async with on_store(client, Small(), sessions_per_minute=None) as broker:
        for number in range(10):
            await broker.secret_for("user_1", device=f"device_{number}")
        caplog.clear()
        for number in range(20):
            await broker.secret_for(f"other_{number}")
        assert len(warnings(caplog)) < 3


@pytest.mark.usefixtures("short_pause")
async def test_a_missed_renewal_undoes_no_later_one(
    client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator
) -> None:
    store = CutOffStore(redis_server.url, "keep")
    broker = AsyncSessionBroker(client, workflow="wf_1", store=store)
    other = AsyncSessionBroker(client, workflow="wf_1", store=RedisStore(redis_server.url))
    async with broker, other:
        first = await broker.renew("user_1", state_variables={"plan": "free"})
        later = await other.renew("user_1", state_variables={"plan": "pro"})
        store.reconnect()
        await broker.owns("user_x", "repeats")
        assert await broker.secret_for("user_1") != first
        assert await other.secret_for("user_1") == later


@pytest.mark.usefixtures("short_pause")
async def test_creations_of_an_earlier_minute_limit_nobody_after_the_outage(
    client: AsyncChatKit, clock: MovedClock
) -> None:
    store = BrokenStore()
    async with AsyncSessionBroker(client, workflow="wf_1", store=store, sessions_per_minute=2) as broker:
        for _ in range(2):
            await broker.renew("user_1")
        clock.ahead_s = 300
        store.is_down = False
        await broker.renew("user_1")


@pytest.mark.usefixtures("short_pause")
async def test_a_slow_read_hides_no_session_in_an_outage(client: AsyncChatKit) -> None:
    class SlowGet(BrokenStore):
        slow_next = False

        async def get(self, key: str) -> tuple[bytes, float]:
            reply = await MemoryStore.get(self, key)
            if self.slow_next and key != "state":
                self.slow_next = False
                await asyncio.sleep(0.2)
            return reply

    store = SlowGet(is_down=False)
    async with AsyncSessionBroker(client, workflow="wf_1", store=store) as broker:
        await broker.secret_for("user_1", device="a")
        store.slow_next = True
        reading = asyncio.create_task(broker.owns("user_1", "y"))
        await asyncio.sleep(0.01)
        live = await broker.secret_for("user_1")
        await reading
        store.is_down = True
        assert live.session_id in {result.session_id for result in (await broker.revoke("user_1")).sessions}
