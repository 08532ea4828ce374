"""A store that is down, hangs, forgets or answers rubbish: never the user's problem, said once, made good later."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import redis.asyncio
from cryptography.fernet import Fernet

from chatkit_async import AsyncChatKit, ConfigurationError, MintingLimitError, SessionRevokedError
from chatkit_async.broker import AsyncSessionBroker, MemoryStore, RedisStore
from chatkit_async.broker.keys import digest
from chatkit_async.broker.store import Place
from chatkit_async.emulator import Emulator, Fault

from .redis_server import RedisServer

USER_KEYS = f"chatkit-async:{{{digest('user', 'user_1')}}}"


@pytest.fixture(autouse=True)
def _short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that failed is asked again at once, so that tests need not wait."""
    monkeypatch.setattr("chatkit_async.broker.watched_store.PAUSE_S", 0.0)


@pytest.fixture
async def broker(client: AsyncChatKit, redis_server: RedisServer) -> AsyncIterator[AsyncSessionBroker]:
    async with AsyncSessionBroker(client, workflow="wf_1", store=RedisStore(redis_server.url)) as made:
        yield made


@contextmanager
def frozen(redis_server: RedisServer) -> Iterator[None]:
    """A Redis that takes commands and answers none; it is not waited for as long as in earnest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chatkit_async.broker.watched_store.ANSWER_S", 0.1)
        redis_server.freeze()
        try:
            yield
        finally:
            redis_server.thaw()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of the store."""
    shown = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    return ["fails" if "fails" in text else "answers again" if "answers again" in text else text for text in shown]


def remembered(redis_server: RedisServer) -> int:
    """How many sessions of the user the store knows."""
    return int(redis_server.ask("ZCARD", f"{USER_KEYS}:sessions"))


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


async def test_a_store_that_is_set_up_wrongly_is_no_outage(client: AsyncChatKit, redis_server: RedisServer) -> None:
    pool = redis.asyncio.BlockingConnectionPool.from_url(redis_server.url)
    store = RedisStore(client=redis.asyncio.Redis(connection_pool=pool))

    async def elsewhere() -> None:
        await store.count("user", 60)
        await pool.disconnect()

    await asyncio.to_thread(asyncio.run, elsewhere())
    with pytest.raises(ConfigurationError, match="give it a url"):
        await AsyncSessionBroker(client, workflow="wf_1", store=store).secret_for("user_1")


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


async def test_the_limit_holds_during_an_outage(client: AsyncChatKit) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", store=BrokenStore(), sessions_per_minute=1)
    live = await broker.secret_for("user_1")
    with pytest.raises(MintingLimitError):
        await broker.secret_for("user_1", current=live.client_secret)


async def test_a_store_that_never_gives_the_turn_holds_up_nobody_for_ever(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    class StingyStore(MemoryStore):
        async def lease(self, place: Place, holder: str, lease_s: float) -> bool:
            return False

    broker = AsyncSessionBroker(
        client, workflow="wf_1", store=StingyStore(), share_secrets=[Fernet.generate_key()], lease_s=0.2
    )
    async with asyncio.timeout(20):
        await broker.secret_for("user_1")
    assert len(emulator.sessions()) == 1


async def test_many_who_ask_during_an_outage_share_one_session(client: AsyncChatKit, emulator: Emulator) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", store=BrokenStore())
    assert len(set(await asyncio.gather(*(broker.secret_for("user_1") for _ in range(50))))) == 1
    assert len(emulator.sessions()) == 1


@pytest.mark.parametrize("name", ["generation", "sessions", "minted"])
async def test_rubbish_in_redis_is_no_reason_to_fail(
    broker: AsyncSessionBroker, redis_server: RedisServer, emulator: Emulator, name: str
) -> None:
    redis_server.ask("HSET", f"{USER_KEYS}:{name}", "rub", "bish")
    live = await broker.secret_for("user_1")
    revocation = await broker.revoke("user_1")
    assert live.session_id in {result.session_id for result in revocation.sessions}
    assert emulator.sessions()[0]["status"] == "cancelled"


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"+OK\r\n" * 9, b"*1\r\n$99\r\n", b"\x00\xff"]
)
async def test_a_server_that_is_no_redis_is_no_reason_to_fail(
    client: AsyncChatKit, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            writer.write(answer)
        writer.close()
        await writer.wait_closed()

    monkeypatch.setattr("chatkit_async.broker.watched_store.ANSWER_S", 0.2)
    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        store = RedisStore(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        broker = AsyncSessionBroker(client, workflow="wf_1", store=store, share_secrets=[Fernet.generate_key()])
        live = await broker.secret_for("user_1")
        assert await broker.secret_for("user_1") == live
        assert not (await broker.revoke("user_1")).is_complete
        await broker.aclose()


@pytest.mark.parametrize("rubbish", ["..", "", "/", "\ud800", "x" * 5000])
async def test_ids_that_no_session_has_are_no_reason_to_fail(client: AsyncChatKit, rubbish: str) -> None:
    class RubbishStore(MemoryStore):
        async def revoke(self, user: str, generation: str, device: str | None = None) -> Mapping[str, str]:
            return {rubbish: "device", **await super().revoke(user, generation, device)}

    broker = AsyncSessionBroker(client, workflow="wf_1", store=RubbishStore())
    await broker.secret_for("user_1")
    assert len((await broker.revoke("user_1")).sessions) == 2


@pytest.mark.parametrize("rubbish", [None, 5, "text", b"\xff", [], {"a": 1}, object()])
async def test_a_store_that_answers_rubbish_is_no_reason_to_fail(
    client: AsyncChatKit, emulator: Emulator, rubbish: Any
) -> None:
    class RubbishStore(MemoryStore):
        def __getattribute__(self, name: str) -> Any:
            async def answer(*arguments: object) -> Any:
                return rubbish

            return (
                answer
                if name in {"read", "keep", "sessions", "revoke", "count", "lease"}
                else super().__getattribute__(name)
            )

    broker = AsyncSessionBroker(client, workflow="wf_1", store=RubbishStore())
    live = await broker.secret_for("user_1")
    assert await broker.owns("user_1", live.session_id)
    await broker.renew("user_1")
    revocation = await broker.revoke("user_1")
    assert not revocation.is_complete
    assert {session["status"] for session in emulator.sessions()} == {"cancelled"}
    await broker.aclose()


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


class BrokenStore(MemoryStore):
    """Down from the start; counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def __getattribute__(self, name: str) -> Any:
        async def fail(*arguments: object) -> Any:
            self.asked += 1
            raise ConnectionError("down")

        return (
            fail
            if name in {"read", "keep", "sessions", "revoke", "forget", "count"}
            else super().__getattribute__(name)
        )
