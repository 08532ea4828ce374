"""A store that is down or hangs: never the user's problem, said once, made good later."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
import redis.asyncio
from cryptography.fernet import Fernet

from chatkit_async import AsyncChatKit, ConfigurationError, MintingLimitError, SessionRevokedError
from chatkit_async.broker import AsyncSessionBroker, MemoryStore, RedisStore
from chatkit_async.emulator import Emulator, Fault

from .outages import BrokenStore, frozen, remembered, said
from .redis_server import RedisServer

pytestmark = pytest.mark.usefixtures("short_pause")


@pytest.fixture
async def broker(redis_broker: AsyncSessionBroker) -> AsyncSessionBroker:
    return redis_broker


async def test_with_the_store_down_sessions_are_made_handed_out_and_revoked(
    broker: AsyncSessionBroker, redis_server: RedisServer, emulator: Emulator
) -> None:
    redis_server.stop()
    live = await broker.secret_for("user_1")
    assert await broker.secret_for("user_1") == live
    assert await broker.owns("user_1", live.session_id)
    revocation = await broker.revoke("user_1")
    assert [result.error for result in revocation.sessions] == [None]
    assert not revocation.is_complete
    assert emulator.sessions()[0]["status"] == "cancelled"
    assert await broker.secret_for("user_1") != live


async def test_an_outage_is_said_once_and_its_end_once(
    broker: AsyncSessionBroker, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    await broker.secret_for("user_1")
    assert said(caplog) == []
    for _ in range(2):
        redis_server.stop()
        for user in ("user_1", "user_2", "user_3"):
            await broker.secret_for(user)
        redis_server.start()
        for user in ("user_1", "user_2", "user_3"):
            await broker.secret_for(user)
    assert said(caplog) == ["fails", "answers again"] * 2


async def test_ids_wait_in_the_process_and_are_written_when_the_store_returns(
    broker: AsyncSessionBroker, client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator
) -> None:
    redis_server.stop()
    live = await broker.secret_for("user_1")
    redis_server.start()
    await broker.secret_for("user_2")  # whoever comes first
    other = AsyncSessionBroker(client, workflow="wf_1", store=RedisStore(redis_server.url))
    assert await other.owns("user_1", live.session_id)
    revocation = await other.revoke("user_1")
    assert revocation.is_complete
    assert {session["status"] for session in emulator.sessions() if session["user"] == "user_1"} == {"cancelled"}
    await other.aclose()


async def test_a_revoke_during_an_outage_holds_when_the_store_returns(
    broker: AsyncSessionBroker, client: AsyncChatKit, redis_server: RedisServer
) -> None:
    other = AsyncSessionBroker(client, workflow="wf_1", store=RedisStore(redis_server.url))
    kept = await other.secret_for("user_1")
    with frozen(redis_server):
        assert not (await broker.revoke("user_1")).is_complete  # it cannot know of that session
    await broker.secret_for("user_2")
    assert await other.secret_for("user_1") != kept
    assert (await broker.revoke("user_1")).is_complete
    assert not await other.owns("user_1", kept.session_id)
    await other.aclose()


async def test_a_session_being_made_while_a_revoke_meets_an_outage_is_handed_out_to_nobody(
    broker: AsyncSessionBroker, redis_server: RedisServer, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(delay=1.0))
    call = asyncio.create_task(broker.secret_for("user_1"))
    async with asyncio.timeout(20):
        while not emulator.sessions():
            await asyncio.sleep(0.005)
    with frozen(redis_server):
        assert not (await broker.revoke("user_1")).is_complete
    with pytest.raises(SessionRevokedError):
        await call  # by now the store answers, and knows of no revocation
    assert emulator.sessions()[0]["status"] == "cancelled"


async def test_a_shared_secret_is_not_handed_out_before_the_store_knows_of_the_revocation(
    client: AsyncChatKit, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatkit_async.broker.ledger.WRITTEN_PER_CALL", 0)
    keys = [Fernet.generate_key()]
    brokers = [
        AsyncSessionBroker(client, workflow="wf_1", store=RedisStore(redis_server.url), share_secrets=keys)
        for _ in range(2)
    ]
    live = await brokers[0].secret_for("user_1")
    with frozen(redis_server):
        await brokers[1].revoke("user_1")
    assert await brokers[1].secret_for("user_1") != live
    for broker in brokers:
        await broker.aclose()


async def test_a_store_that_hangs_holds_up_nobody_for_long(
    broker: AsyncSessionBroker, redis_server: RedisServer, emulator: Emulator
) -> None:
    await broker.secret_for("user_1")
    with frozen(redis_server):
        async with asyncio.timeout(30):  # what a hanging call would take is for ever
            await broker.secret_for("user_1")
    await broker.secret_for("user_1")


async def test_a_store_that_fails_is_left_alone_for_a_while(
    client: AsyncChatKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatkit_async.broker.watched_store.PAUSE_S", 3600.0)
    store = BrokenStore()
    broker = AsyncSessionBroker(client, workflow="wf_1", store=store)
    for number in range(20):
        await broker.secret_for(f"user_{number}")
    assert store.asked == 1
    await broker.revoke("user_1")  # which is worth another try
    assert store.asked > 1


async def test_a_store_that_is_set_up_wrongly_is_no_outage(client: AsyncChatKit, redis_server: RedisServer) -> None:
    pool = redis.asyncio.BlockingConnectionPool.from_url(redis_server.url)
    store = RedisStore(client=redis.asyncio.Redis(connection_pool=pool))

    async def elsewhere() -> None:
        await store.count("user", 60)
        await pool.disconnect()

    await asyncio.to_thread(asyncio.run, elsewhere())
    with pytest.raises(ConfigurationError, match="give it a url"):
        await AsyncSessionBroker(client, workflow="wf_1", store=store).secret_for("user_1")


async def test_the_limit_holds_during_an_outage(client: AsyncChatKit) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", store=BrokenStore(), sessions_per_minute=1)
    live = await broker.secret_for("user_1")
    with pytest.raises(MintingLimitError):
        await broker.secret_for("user_1", current=live.client_secret)


async def test_many_who_ask_during_an_outage_share_one_session(client: AsyncChatKit, emulator: Emulator) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", store=BrokenStore())
    assert len(set(await asyncio.gather(*(broker.secret_for("user_1") for _ in range(50))))) == 1
    assert len(emulator.sessions()) == 1


async def test_closing_writes_what_is_unwritten_though_the_store_has_just_failed(
    client: AsyncChatKit, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatkit_async.broker.watched_store.PAUSE_S", 3600.0)
    broker = AsyncSessionBroker(client, workflow="wf_1", store=RedisStore(redis_server.url))
    redis_server.stop()
    for device in range(30):
        await broker.secret_for("user_1", device=f"device {device}")
    redis_server.start()
    await broker.aclose()
    assert remembered(redis_server) == 30


async def test_closing_with_the_store_down_is_bounded_and_says_what_was_not_written(
    client: AsyncChatKit, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", store=RedisStore(redis_server.url))
    with frozen(redis_server):
        for number in range(3):
            await broker.secret_for(f"user_{number}")
        async with asyncio.timeout(30):
            await broker.aclose()
    assert any("not told of 3 sessions" in text for text in said(caplog))


async def test_a_revoke_while_an_earlier_one_is_written_is_written_too(client: AsyncChatKit) -> None:
    writing, go_on = asyncio.Event(), asyncio.Event()
    told: list[str] = []

    class FitfulStore(MemoryStore):
        async def revoke(self, user: str, generation: str, device: str | None = None) -> Mapping[str, str]:
            told.append(generation)
            if len(told) in {1, 3}:
                raise ConnectionError("down")
            if len(told) == 2:
                writing.set()
                await go_on.wait()
            return await super().revoke(user, generation, device)

    broker = AsyncSessionBroker(client, workflow="wf_1", store=FitfulStore())
    await broker.revoke("user_1")
    call = asyncio.create_task(broker.secret_for("user_2"))
    async with asyncio.timeout(20):
        await writing.wait()
    await broker.revoke("user_1")
    go_on.set()
    await call
    await broker.secret_for("user_3")
    assert [told[0], told[2]] == [told[1], told[3]]
