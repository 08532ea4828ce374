"""A step whose reply is lost, and a process that alone is cut off from Redis: no session escapes a revocation."""

from __future__ import annotations

import asyncio

import pytest

from chatkit_async import AsyncChatKit, SessionRevokedError
from chatkit_async.broker import AsyncSessionBroker, RevokedSession
from chatkit_async.broker._circuit_breaker import FAILURES
from chatkit_async.broker._user_record import loads
from chatkit_async.emulator import Emulator, Fault

from .failures import on_store, other_process
from .outages import CutOffStore, MovedClock, user_key, warnings
from .redis_server import RedisServer

pytestmark = pytest.mark.usefixtures("short_pause")
is_done = pytest.mark.parametrize("is_done", [False, True], ids=["the command is lost", "the reply is lost"])


def status(emulator: Emulator, session_id: str) -> object:
    return next(session["status"] for session in emulator.sessions() if session["id"] == session_id)


@is_done
@pytest.mark.parametrize("step", ["begin", "keep"])
async def test_a_single_loss_hides_no_creation_from_the_revocation_of_another_process(
    client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator, step: str, is_done: bool
) -> None:
    async with other_process(client, redis_server) as other:
        store = CutOffStore(redis_server.url, step, times=1, is_done=is_done, meanwhile=lambda: other.revoke("user_1"))
        async with on_store(client, store) as broker:
            with pytest.raises(SessionRevokedError):
                await broker.secret_for("user_1")
    assert {session["status"] for session in emulator.sessions()} <= {"cancelled"}


@is_done
@pytest.mark.parametrize("is_renewal", [False, True], ids=["creation", "renewal"])
@pytest.mark.parametrize("when", ["before the session is handed out", "afterwards"])
@pytest.mark.parametrize("end", ["call", "close"])
async def test_a_session_whose_user_is_revoked_while_its_process_is_cut_off_ends_when_that_is_back(
    client: AsyncChatKit,
    redis_server: RedisServer,
    emulator: Emulator,
    is_done: bool,
    is_renewal: bool,
    when: str,
    end: str,
) -> None:
    async with other_process(client, redis_server) as other:
        revoked = asyncio.Event()

        async def revoke() -> None:
            assert (await other.revoke("user_1")).is_complete  # as beside any creation that is under way
            revoked.set()

        store = CutOffStore(redis_server.url, "keep", is_done=is_done)
        store.meanwhile = revoke if when == "before the session is handed out" else None
        broker = on_store(client, store)
        live = await (broker.renew("user_1") if is_renewal else broker.secret_for("user_1"))
        if not revoked.is_set():
            await revoke()
        store.reconnect()
        if end == "call":
            await broker.secret_for("user_2")
            assert await broker.secret_for("user_1") != live
            assert not await broker.owns("user_1", live.session_id)
        await broker.aclose()
        assert status(emulator, live.session_id) == "cancelled"
        assert not await other.owns("user_1", live.session_id)


@is_done
async def test_a_session_whose_keeping_was_lost_is_shared_and_revoked_when_its_process_is_back(
    client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator, is_done: bool
) -> None:
    store = CutOffStore(redis_server.url, "keep", is_done=is_done)
    async with on_store(client, store) as broker, other_process(client, redis_server) as other:
        live = await broker.secret_for("user_1")
        store.reconnect()
        await broker.secret_for("user_2")
        assert [await broker.secret_for("user_1"), await other.secret_for("user_1")] == [live, live]
        assert (await other.revoke("user_1")).sessions == (RevokedSession(live.session_id),)
        assert await broker.secret_for("user_1") != live


async def test_while_a_process_is_cut_off_its_creation_makes_revocations_incomplete_once_the_lease_has_ended(
    client: AsyncChatKit, redis_server: RedisServer
) -> None:
    store = CutOffStore(redis_server.url, "keep")
    broker = on_store(client, store, lease_s=0.1)
    async with other_process(client, redis_server) as other:
        await broker.secret_for("user_1")
        async with asyncio.timeout(20):
            while (await other.revoke("user_1")).is_complete:
                await asyncio.sleep(0.05)


async def test_a_session_that_ended_while_its_process_was_cut_off_is_not_kept_afterwards(
    client: AsyncChatKit, redis_server: RedisServer, clock: MovedClock
) -> None:
    store = CutOffStore(redis_server.url, "keep")
    async with on_store(client, store) as broker, other_process(client, redis_server) as other:
        revoked, expired = await broker.secret_for("user_1"), await broker.secret_for("user_2")
        await broker.revoke("user_1")
        clock.ahead_s = 601
        store.reconnect()
        await broker.secret_for("user_3")
        assert not await other.owns("user_1", revoked.session_id)
        assert not await other.owns("user_2", expired.session_id)


async def test_a_session_that_is_kept_late_expires_when_it_does(
    client: AsyncChatKit, redis_server: RedisServer, clock: MovedClock
) -> None:
    store = CutOffStore(redis_server.url, "keep")
    async with on_store(client, store) as broker:
        live = await broker.secret_for("user_1")
        clock.ahead_s = 400
        store.reconnect()
        await broker.secret_for("user_2")
    now_s = int(redis_server.ask("TIME").split()[2])
    ends_s, _ = loads(redis_server.ask("GET", user_key()).splitlines()[-1].encode()).sessions[live.session_id]
    assert 150 < ends_s - now_s <= 201


async def test_a_session_that_cannot_be_cancelled_when_its_process_is_back_stays_known(
    client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    store = CutOffStore(redis_server.url, "keep")
    async with on_store(client, store) as broker, other_process(client, redis_server) as other:
        live = await broker.secret_for("user_1")
        await other.revoke("user_1")
        emulator.add_faults(Fault(path="/cancel", status=400))
        store.reconnect()
        await broker.secret_for("user_2")
        assert [text for text in warnings(caplog) if "1 sessions could not be cancelled" in text]
        assert (await other.revoke("user_1")).sessions == (RevokedSession(live.session_id),)


async def test_a_renewal_elsewhere_ends_a_session_whose_keeping_was_lost(
    client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator
) -> None:
    store = CutOffStore(redis_server.url, "keep")
    async with on_store(client, store) as broker:
        live = await broker.secret_for("user_1")
        async with AsyncSessionBroker(client, workflow="wf_1", store=CutOffStore(redis_server.url, "")) as other:
            await other.renew("user_1")
        store.reconnect()
        await broker.secret_for("user_2")
        assert status(emulator, live.session_id) == "cancelled"


async def test_a_revocation_that_is_repeated_does_not_undo_a_later_one_of_another_process(
    client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator
) -> None:
    store = CutOffStore(redis_server.url, "revoke", times=FAILURES, is_done=True)
    async with (
        on_store(client, store) as broker,
        other_process(client, redis_server) as creator,
        other_process(client, redis_server) as other,
    ):
        assert not (await broker.revoke("user_1")).is_complete
        emulator.add_faults(Fault(path="/chatkit/sessions", delay=0.5))
        creating = asyncio.create_task(creator.secret_for("user_1"))
        while not emulator.requests():
            await asyncio.sleep(0.01)
        assert (await other.revoke("user_1")).is_complete
        await broker.owns("user_1", "repeats the revocation")
        with pytest.raises(SessionRevokedError):
            await creating
