"""What holds after a store was away, or lost what it held."""

from __future__ import annotations

import asyncio
import json

import pytest

from chatkit_async import AsyncChatKit, SessionRevokedError
from chatkit_async.broker import AsyncSessionBroker, MemoryStore, RedisStore
from chatkit_async.emulator import Emulator, Fault

from .failures import KEYS, full, other_process, well
from .outages import BrokenStore, MovedClock, user_key, warnings
from .redis_server import RedisServer

# --- what other processes learn of it ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("short_pause", "well_again")
async def test_after_an_outage_no_revocation_is_complete_for_a_sessions_life(
    client: AsyncChatKit, redis_server: RedisServer, clock: MovedClock, emulator: Emulator
) -> None:
    async with other_process(client, redis_server) as first, other_process(client, redis_server) as second:
        assert (await second.revoke("user_1")).is_complete
        await first.secret_for("user_0")
        redis_server.freeze()
        alone = await first.secret_for("user_1")
        well(redis_server)
        await first.secret_for("user_2")  # its next call to Redis tells the others
        revocation = await second.revoke("user_1")
        assert ([result.session_id for result in revocation.sessions], revocation.is_complete) == (
            [alone.session_id],
            False,
        )
        clock.ahead_s = 601
        epoch, _, written_s = json.loads(redis_server.ask("GET", "chatkit-async:state").splitlines()[-1])
        state = json.dumps([epoch, 1.0, written_s])  # as ten minutes later
        redis_server.ask("SET", "chatkit-async:state", state)
        assert (await second.revoke("user_1")).is_complete


@pytest.mark.usefixtures("short_pause", "well_again")
async def test_a_revocation_in_an_outage_holds_when_redis_is_back(
    client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator
) -> None:
    async with other_process(client, redis_server) as first, other_process(client, redis_server) as second:
        live = await first.secret_for("user_1")
        assert await second.secret_for("user_1") == live
        redis_server.freeze()
        assert not (await first.revoke("user_1")).is_complete
        assert not (await first.revoke("user_2", device="phone")).is_complete
        well(redis_server)
        assert await first.secret_for("user_1") != live
        assert await second.secret_for("user_1") != live
        assert emulator.sessions()[0]["status"] == "cancelled"


@pytest.mark.usefixtures("short_pause", "well_again")
async def test_a_revocation_in_an_outage_reaches_redis_with_the_next_call_for_any_user(
    client: AsyncChatKit, redis_server: RedisServer
) -> None:
    async with other_process(client, redis_server) as first, other_process(client, redis_server) as second:
        live = await first.secret_for("user_1")
        redis_server.freeze()
        await first.revoke("user_1")
        well(redis_server)
        await first.secret_for("user_2")
        assert await second.secret_for("user_1") != live


@pytest.mark.usefixtures("short_pause", "well_again")
async def test_a_revocation_in_an_outage_reaches_redis_when_the_broker_closes(
    client: AsyncChatKit, redis_server: RedisServer
) -> None:
    async with other_process(client, redis_server) as second:
        async with other_process(client, redis_server) as first:
            live = await first.secret_for("user_1")
            redis_server.freeze()
            await first.revoke("user_1")
            well(redis_server)
        assert await second.secret_for("user_1") != live


@pytest.mark.usefixtures("short_pause", "well_again")
async def test_what_a_renewal_in_an_outage_cancelled_is_not_handed_out_when_redis_is_back(
    client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator
) -> None:
    async with other_process(client, redis_server) as first, other_process(client, redis_server) as second:
        old = await first.secret_for("user_1")
        redis_server.freeze()
        new = await first.renew("user_1")
        well(redis_server)
        await first.secret_for("user_2")
        for broker in (first, second):
            live = await broker.secret_for("user_1")
            assert live != old
            assert await broker.owns("user_1", live.session_id)
        assert {session["id"] for session in emulator.sessions() if session["status"] == "cancelled"} == {
            old.session_id
        }
        assert new != old


@pytest.mark.usefixtures("short_pause", "well_again")
async def test_a_creation_that_ended_in_an_outage_blocks_no_other_process_when_redis_is_back(
    client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator
) -> None:
    async with other_process(client, redis_server, lease_s=600) as first, other_process(client, redis_server) as second:
        emulator.add_faults(Fault(delay=0.5))
        call = asyncio.create_task(first.secret_for("user_1"))
        async with asyncio.timeout(20):
            while not emulator.sessions():
                await asyncio.sleep(0.005)
        full(redis_server)
        live = await call
        well(redis_server)
        await first.secret_for("user_2")
        async with asyncio.timeout(20):  # far less than the lease
            assert await second.secret_for("user_1") == live
        assert not (await second.revoke("user_1")).is_complete


@pytest.mark.usefixtures("short_pause", "well_again")
@pytest.mark.parametrize("returns", [False, True], ids=["that goes on", "that ends before it"])
async def test_a_creation_under_way_when_its_user_is_revoked_in_an_outage_is_cancelled(
    either_broker: AsyncSessionBroker, redis_server: RedisServer, emulator: Emulator, returns: bool
) -> None:
    await either_broker.secret_for("user_0")
    emulator.add_faults(Fault(delay=2))
    call = asyncio.create_task(either_broker.secret_for("user_1"))
    async with asyncio.timeout(20):
        while len(emulator.sessions()) < 2:
            await asyncio.sleep(0.005)
    redis_server.freeze()
    await either_broker.revoke("user_1")
    if returns:
        well(redis_server)
    with pytest.raises(SessionRevokedError):
        await call
    assert emulator.sessions()[1]["status"] == "cancelled"


@pytest.mark.usefixtures("short_pause", "well_again")
@pytest.mark.parametrize("is_empty", [False, True], ids=["frozen", "restarted empty"])
async def test_a_redis_that_is_away_when_a_session_has_been_made_is_no_reason_to_fail(
    either_broker: AsyncSessionBroker, redis_server: RedisServer, emulator: Emulator, is_empty: bool
) -> None:
    await either_broker.secret_for("user_1")
    await either_broker.revoke("user_1")
    emulator.add_faults(Fault(delay=0.5))
    call = asyncio.create_task(either_broker.secret_for("user_1"))
    async with asyncio.timeout(20):
        while len(emulator.sessions()) < 2:
            await asyncio.sleep(0.005)
    redis_server.restart() if is_empty else redis_server.freeze()
    live = await call
    well(redis_server)
    assert await either_broker.owns("user_1", live.session_id)
    revocation = await either_broker.revoke("user_1")
    assert [result.session_id for result in revocation.sessions] == [live.session_id]
    assert not revocation.is_complete


@pytest.mark.usefixtures("well_again")
async def test_callers_at_once_share_one_session_in_an_outage(
    either_broker: AsyncSessionBroker, redis_server: RedisServer, emulator: Emulator
) -> None:
    redis_server.stop()
    assert len(set(await asyncio.gather(*(either_broker.secret_for("user_1") for _ in range(50))))) == 1
    assert len(emulator.sessions()) == 1


# --- a Redis that lost what it held -----------------------------------------------------------------------------------


async def test_losing_one_redis_key_affects_one_user(
    either_broker: AsyncSessionBroker, redis_server: RedisServer, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    lives = [await either_broker.secret_for(f"user_{number}") for number in range(20)]
    redis_server.ask("DEL", user_key("user_7"))
    again = [await either_broker.secret_for(f"user_{number}") for number in range(20)]
    assert [number for number in range(20) if lives[number] != again[number]] in ([], [7])
    assert (await either_broker.revoke("user_1")).is_complete
    assert len(emulator.sessions()) <= 21
    assert warnings(caplog) == []


@pytest.mark.parametrize("lose", ["FLUSHALL", "restart"])
async def test_a_redis_that_lost_its_data_makes_revocations_incomplete_for_every_process(
    client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator, caplog: pytest.LogCaptureFixture, lose: str
) -> None:
    async with other_process(client, redis_server) as first:
        await first.secret_for("user_1")
        assert (await first.revoke("user_0")).is_complete
        redis_server.restart() if lose == "restart" else redis_server.ask("FLUSHALL")
        first._store._checked_s -= 2  # it checks once a second
        await first.secret_for("user_2")  # which has nothing to do with the loss
        async with other_process(client, redis_server) as fresh:
            assert not (await fresh.revoke("user_1")).is_complete
        revocation = await first.revoke("user_1")
        assert not revocation.is_complete
        assert {result.session_id for result in revocation.sessions} >= {emulator.sessions()[0]["id"]}
        assert warnings(caplog) == []


async def test_a_revocation_right_after_the_loss_is_incomplete(
    either_broker: AsyncSessionBroker, redis_server: RedisServer
) -> None:
    live = await either_broker.secret_for("user_1")
    redis_server.ask("FLUSHALL")
    revocation = await either_broker.revoke("user_1")
    assert [result.session_id for result in revocation.sessions] == [live.session_id]
    assert not revocation.is_complete


async def test_with_a_fresh_redis_a_revocation_is_complete(either_broker: AsyncSessionBroker) -> None:
    await either_broker.secret_for("user_1")
    assert (await either_broker.revoke("user_1")).is_complete


async def test_a_redis_that_evicts_is_warned_of_and_makes_revocations_incomplete(
    client: AsyncChatKit, caplog: pytest.LogCaptureFixture
) -> None:
    server = RedisServer("--maxmemory", "2mb", "--maxmemory-policy", "allkeys-lru")
    server.start()
    try:
        async with other_process(client, server) as broker:
            await broker.start()
            [text] = warnings(caplog)
            assert "maxmemory-policy is allkeys-lru" in text
            assert "noeviction or volatile-ttl" in text
            assert (await broker.revoke("user_1")).is_complete
            for number in range(20):
                server.ask("EVAL", 'redis.call("SET", KEYS[1], string.rep("x", 100000))', "1", f"filler_{number}")
            assert not (await broker.revoke("user_1")).is_complete
            assert len(warnings(caplog)) == 1
    finally:
        server.close()


@pytest.mark.parametrize(
    "reply", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"+OK\r\n" * 9, b"*1\r\n$99\r\n", b"\x00\xff"]
)
async def test_a_server_that_is_not_redis_is_no_reason_to_fail(client: AsyncChatKit, reply: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            writer.write(reply)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        store = RedisStore(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with AsyncSessionBroker(client, workflow="wf_1", store=store, share_secrets=KEYS) as broker:
            async with asyncio.timeout(20):
                live = await broker.secret_for("user_1")
                assert await broker.secret_for("user_1") == live
            assert not (await broker.revoke("user_1")).is_complete


async def test_closing_reports_the_revocations_of_all_users_that_the_store_missed(client: AsyncChatKit) -> None:
    store, users = BrokenStore(is_down=False), [f"user_{number}" for number in range(30)]
    one, other = (AsyncSessionBroker(client, workflow="wf_1", store=store) for _ in range(2))
    before = [await other.secret_for(user) for user in users]
    store.is_down = True
    for user in users:
        await one.revoke(user)
    store.is_down = False
    await one.aclose()
    after = [await other.secret_for(user) for user in users]
    assert not {live.session_id for live in before} & {live.session_id for live in after}


async def test_a_loss_that_could_not_be_written_down_is_not_forgotten(client: AsyncChatKit) -> None:
    class Blip(BrokenStore):
        is_blip = False

        async def swap(self, key: str, old: bytes, new: bytes) -> bool:
            if self.is_blip and key == "state":
                self.is_blip = False
                raise ConnectionError("once")
            return await MemoryStore.swap(self, key, old, new)

    store = Blip(is_down=False)
    one, other, fresh = (AsyncSessionBroker(client, workflow="wf_1", store=store) for _ in range(3))
    await one.start()
    await other.secret_for("user_1")
    MemoryStore.__init__(store)  # loses its data
    await fresh.start()  # which cannot know that
    store.is_blip = True
    assert not (await one.revoke("user_1")).is_complete
    assert not (await one.revoke("user_1")).is_complete  # the session of `other` lives
