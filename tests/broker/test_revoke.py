"""`revoke` and `owns`: which sessions end, the result of each, and that no session escapes meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from chatkit_async import (
    AsyncChatKit,
    AuthenticationError,
    ClientClosedError,
    ConfigurationError,
    ParamsValidationError,
    SessionRevokedError,
)
from chatkit_async.broker import AsyncSessionBroker, MemoryStore, RedisStore, RevokedSession
from chatkit_async.emulator import Emulator, Fault

from ..conftest import KEY


def statuses(emulator: Emulator, user: str = "user_1") -> list[object]:
    return [session["status"] for session in emulator.sessions() if session["user"] == user]


async def created(emulator: Emulator, times: int = 1) -> None:
    """Waits until so many sessions exist."""
    async with asyncio.timeout(20):
        while len(emulator.sessions()) < times:
            await asyncio.sleep(0.005)


async def test_all_live_sessions_of_a_user_end_and_no_other(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    first = await broker.secret_for("user_1")
    second = await broker.secret_for("user_1", current=first.client_secret)
    third = await broker.secret_for("user_1", device="phone")
    await broker.secret_for("user_2")
    revocation = await broker.revoke("user_1")
    assert set(revocation.sessions) == {RevokedSession(live.session_id) for live in (first, second, third)}
    assert revocation.is_complete
    assert statuses(emulator) == ["cancelled"] * 3
    assert statuses(emulator, "user_2") == ["active"]


async def test_a_user_without_sessions_is_revoked_at_once(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    revocation = await broker.revoke("user_1")
    assert (revocation.sessions, revocation.is_complete) == ((), True)
    assert emulator.requests() == []


async def test_a_revoked_secret_is_not_handed_out_again(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    first = await broker.secret_for("user_1")
    await broker.revoke("user_1")
    second = await broker.secret_for("user_1")
    assert second.client_secret != first.client_secret
    assert statuses(emulator) == ["cancelled", "active"]


async def test_a_second_revoke_finds_nothing(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    await broker.secret_for("user_1")
    await broker.revoke("user_1")
    assert (await broker.revoke("user_1")).sessions == ()


async def test_a_session_that_is_gone_counts_as_ended(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    live = await broker.secret_for("user_1")
    emulator.add_faults(Fault(path="/cancel", status=404))
    revocation = await broker.revoke("user_1")
    assert (revocation.sessions, revocation.is_complete) == ((RevokedSession(live.session_id),), True)


async def test_a_session_that_cannot_be_cancelled_is_reported_not_handed_out_and_tried_again(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    first = await broker.secret_for("user_1")
    await broker.secret_for("user_1", device="phone")
    emulator.add_faults(Fault(path=f"{first.session_id}/cancel", status=401))
    revocation = await broker.revoke("user_1")
    errors = {result.session_id: result.error for result in revocation.sessions}
    assert isinstance(errors.pop(first.session_id), AuthenticationError)
    assert list(errors.values()) == [None]
    assert not revocation.is_complete
    assert (await broker.secret_for("user_1")).session_id != first.session_id
    again = await broker.revoke("user_1")
    assert again.is_complete
    assert first.session_id in {result.session_id for result in again.sessions}
    assert set(statuses(emulator)) == {"cancelled"}


async def test_a_session_being_made_meanwhile_is_cancelled_and_no_caller_gets_it(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(delay=0.3))
    calls = [asyncio.create_task(broker.secret_for("user_1")) for _ in range(5)]
    await created(emulator)
    await broker.revoke("user_1")
    errors = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(error) for error in errors] == [SessionRevokedError] * 5
    assert statuses(emulator) == ["cancelled"]


async def test_a_session_being_renewed_meanwhile_is_cancelled_and_no_caller_gets_it(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    await broker.secret_for("user_1")
    emulator.add_faults(Fault(delay=0.3))
    call = asyncio.create_task(broker.renew("user_1"))
    await created(emulator, 2)
    await broker.revoke("user_1")
    with pytest.raises(SessionRevokedError):
        await call
    assert statuses(emulator) == ["cancelled", "cancelled"]


@pytest.mark.usefixtures("short_close")
async def test_a_call_after_the_revoke_does_not_wait_for_a_creation_begun_before(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(delay=30))
    doomed = asyncio.create_task(broker.secret_for("user_1"))
    await created(emulator)
    await broker.revoke("user_1")
    async with asyncio.timeout(10):
        live = await broker.secret_for("user_1")
    assert await broker.owns("user_1", live.session_id)
    doomed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doomed


async def test_revokes_and_creations_that_race_leave_no_live_session_behind(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    async def ask() -> None:
        try:
            live = await broker.secret_for("user_1")
        except SessionRevokedError:
            return
        assert live.session_id in {session["id"] for session in emulator.sessions()}

    for delay_s in (0.0, 0.001, 0.002, 0.003, 0.005, 0.008):
        calls = [asyncio.create_task(ask()) for _ in range(5)]
        await asyncio.sleep(delay_s)
        await broker.revoke("user_1")
        await asyncio.gather(*calls)
    await broker.revoke("user_1")
    assert set(statuses(emulator)) <= {"cancelled"}


async def test_a_revoke_ends_the_secrets_that_other_brokers_keep(client: AsyncChatKit, emulator: Emulator) -> None:
    store = MemoryStore()
    first, second = (AsyncSessionBroker(client, workflow="wf_1", store=store) for _ in range(2))
    await first.secret_for("user_1")
    kept = await second.secret_for("user_1")
    assert len((await first.revoke("user_1")).sessions) == 2
    assert statuses(emulator) == ["cancelled", "cancelled"]
    assert await second.secret_for("user_1") != kept


async def test_a_session_that_another_broker_is_making_is_cancelled_too(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    store = MemoryStore()
    first, second = (AsyncSessionBroker(client, workflow="wf_1", store=store) for _ in range(2))
    emulator.add_faults(Fault(delay=0.3))
    call = asyncio.create_task(first.secret_for("user_1"))
    await created(emulator)
    await second.revoke("user_1")
    with pytest.raises(SessionRevokedError):
        await call
    assert statuses(emulator) == ["cancelled"]


async def test_only_some_sessions_are_cancelled_at_once(emulator: Emulator) -> None:
    under_way, most = 0, 0

    async def count(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await handler(request)
        finally:
            under_way -= 1

    async with AsyncChatKit(KEY, base_url=emulator.base_url, middlewares=[count]) as client:
        broker = AsyncSessionBroker(client, workflow="wf_1", sessions_per_minute=None)
        for number in range(40):
            await broker.secret_for("user_1", device=f"device {number}")
        emulator.add_faults(Fault(path="/cancel", delay=0.05, times=40))
        assert len((await broker.revoke("user_1")).sessions) == 40
    assert 1 < most <= 8


async def test_a_revoke_that_is_cancelled_leaves_no_task_and_can_be_repeated(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    for number in range(5):
        await broker.secret_for("user_1", device=f"device {number}")
    emulator.add_faults(Fault(path="/cancel", delay=30, times=5))
    tasks = asyncio.all_tasks()
    call = asyncio.create_task(broker.revoke("user_1"))
    async with asyncio.timeout(20):
        while len(emulator.requests()) < 10:
            await asyncio.sleep(0.005)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert asyncio.all_tasks() == tasks
    emulator.clear_faults()
    assert len((await broker.revoke("user_1")).sessions) == 5
    assert set(statuses(emulator)) == {"cancelled"}


async def test_a_client_that_cannot_call_raises_once_rather_than_for_each_session(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    store = MemoryStore()
    await AsyncSessionBroker(client, workflow="wf_1", store=store).secret_for("user_1")
    broker = AsyncSessionBroker(AsyncChatKit(base_url=emulator.base_url), workflow="wf_1", store=store)
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        await broker.revoke("user_1")


async def test_a_user_owns_only_their_own_live_sessions(broker: AsyncSessionBroker) -> None:
    live = await broker.secret_for("user_1")
    assert await broker.owns("user_1", live.session_id)
    assert not await broker.owns("user_2", live.session_id)
    assert not await broker.owns("user_1", "cksess_unknown")
    await broker.revoke("user_1")
    assert not await broker.owns("user_1", live.session_id)


@pytest.mark.parametrize("session_id", [["x"], None, 5, b"cksess_1", {}])
async def test_an_id_that_is_not_a_string_is_refused(broker: AsyncSessionBroker, session_id: Any) -> None:
    with pytest.raises(ParamsValidationError, match="session_id"):
        await broker.owns("user_1", session_id)


async def test_what_was_cancelled_elsewhere_is_not_owned_again(client: AsyncChatKit) -> None:
    store = MemoryStore()
    first, second = (AsyncSessionBroker(client, workflow="wf_1", store=store) for _ in range(2))
    gone = await first.secret_for("user_1")
    await second.revoke("user_1")
    await first.secret_for("user_1")  # sees a revocation, and no loss of what was stored
    assert not await first.owns("user_1", gone.session_id)


async def test_a_closed_client_raises_whether_or_not_there_are_sessions(client: AsyncChatKit) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1")
    await client.aclose()
    with pytest.raises(ClientClosedError):
        await broker.revoke("user_1")


async def test_a_broker_on_the_same_store_knows_the_owner_of_a_session(client: AsyncChatKit) -> None:
    store = MemoryStore()
    first, second = (AsyncSessionBroker(client, workflow="wf_1", store=store) for _ in range(2))
    live = await first.secret_for("user_1")
    assert await second.owns("user_1", live.session_id)
    await second.revoke("user_1")
    assert not await first.owns("user_1", live.session_id)


@pytest.mark.parametrize("kind", ["memory", "redis"])
async def test_one_device_is_revoked_for_all_brokers_of_the_store(
    client: AsyncChatKit, emulator: Emulator, request: pytest.FixtureRequest, kind: str
) -> None:
    store = MemoryStore() if kind == "memory" else RedisStore(request.getfixturevalue("redis_server").url)
    first, second = (AsyncSessionBroker(client, workflow=name, store=store) for name in ("wf_1", "wf_2"))
    laptop, other = await first.secret_for("user_1", device="laptop"), await first.secret_for("user_1")
    phones = [await broker.secret_for("user_1", device="phone") for broker in (first, second)]
    revocation = await first.revoke("user_1", device="phone")
    assert revocation.is_complete
    assert {result.session_id for result in revocation.sessions} == {live.session_id for live in phones}
    assert [await first.secret_for("user_1", device="laptop"), await first.secret_for("user_1")] == [laptop, other]
    assert await second.secret_for("user_1", device="phone") not in phones
    assert len((await first.revoke("user_1")).sessions) == 3
    await store.aclose()


async def test_a_session_being_made_for_a_device_ends_when_the_device_is_revoked(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(delay=0.3, times=2))
    calls = [asyncio.create_task(broker.secret_for("user_1", device=device)) for device in ("phone", "laptop")]
    await created(emulator, 2)
    await broker.revoke("user_1", device="phone")
    with pytest.raises(SessionRevokedError):
        await calls[0]
    assert await broker.owns("user_1", (await calls[1]).session_id)
