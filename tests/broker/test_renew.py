"""`renew`, and what state variables have to do with which session is handed out."""

from __future__ import annotations

import asyncio
import logging

import pytest

from chatkit_async import APIStatusError, AsyncChatKit, ParamsValidationError
from chatkit_async.broker import AsyncSessionBroker, MemoryStore
from chatkit_async.emulator import Emulator, Fault


def paths(emulator: Emulator) -> list[str]:
    """The requests, in order."""
    return [request.path.removeprefix("/v1/chatkit/sessions") for request in emulator.requests()]


def states(emulator: Emulator) -> list[object]:
    return [session["workflow"]["state_variables"] for session in emulator.sessions()]


async def test_a_new_session_is_made_first_and_then_the_old_one_cancelled(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    old = await broker.secret_for("user_1")
    new = await broker.renew("user_1", state_variables={"plan": "pro"})
    assert paths(emulator) == ["", "", f"/{old.session_id}/cancel"]
    assert states(emulator) == [None, {"plan": "pro"}]
    assert await broker.secret_for("user_1") == new
    assert await broker.owns("user_1", new.session_id)
    assert not await broker.owns("user_1", old.session_id)


async def test_where_nothing_lives_a_session_is_made(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    live = await broker.renew("user_1")
    assert await broker.secret_for("user_1") == live
    assert paths(emulator) == [""]


async def test_other_devices_keep_their_sessions(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    phone = await broker.secret_for("user_1", device="phone")
    laptop = await broker.secret_for("user_1", device="laptop")
    renewed = await broker.renew("user_1", device="phone")
    assert await broker.secret_for("user_1", device="phone") == renewed != phone
    assert await broker.secret_for("user_1", device="laptop") == laptop


async def test_when_no_session_can_be_made_the_old_one_lives_on(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    old = await broker.secret_for("user_1")
    emulator.add_faults(Fault(status=400))
    with pytest.raises(APIStatusError):
        await broker.renew("user_1")
    assert await broker.secret_for("user_1") == old
    assert emulator.sessions()[0]["status"] == "active"


async def test_an_old_session_that_cannot_be_cancelled_is_logged_and_stays_known(
    broker: AsyncSessionBroker, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    old = await broker.secret_for("user_1")
    emulator.add_faults(Fault(path="/cancel", status=400))
    new = await broker.renew("user_1")
    [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "could not be cancelled" in record.getMessage()
    assert await broker.secret_for("user_1") == new
    assert {result.session_id for result in (await broker.revoke("user_1")).sessions} == {
        old.session_id,
        new.session_id,
    }


async def test_a_renewal_ends_what_other_brokers_keep_of_the_device(client: AsyncChatKit, emulator: Emulator) -> None:
    store = MemoryStore()
    first, second = (AsyncSessionBroker(client, workflow="wf_1", store=store) for _ in range(2))
    kept = await second.secret_for("user_1")
    phone = await second.secret_for("user_1", device="phone")
    await first.renew("user_1")
    assert await second.secret_for("user_1") != kept
    assert await second.secret_for("user_1", device="phone") == phone
    assert emulator.sessions()[0]["status"] == "cancelled"


async def test_a_session_that_another_broker_makes_while_one_renews_is_made_again(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    store = MemoryStore()
    first, second = (AsyncSessionBroker(client, workflow="wf_1", store=store) for _ in range(2))
    emulator.add_faults(Fault(delay=0.4))
    slow = asyncio.create_task(second.secret_for("user_1"))
    async with asyncio.timeout(20):
        while not emulator.sessions():
            await asyncio.sleep(0.005)
    await first.renew("user_1", state_variables={"plan": "pro"})
    live = await slow
    by_id = {session["id"]: session["status"] for session in emulator.sessions()}
    assert by_id[live.session_id] == "active"
    assert sorted(by_id.values()) == ["active", "active", "cancelled"]  # each broker has one


async def test_a_renewal_waits_for_a_session_being_made_and_replaces_it(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(delay=0.3))
    made = asyncio.create_task(broker.secret_for("user_1"))
    async with asyncio.timeout(20):
        while not emulator.sessions():
            await asyncio.sleep(0.005)
    renewed = await broker.renew("user_1", state_variables={"plan": "pro"})
    assert (await made).session_id != renewed.session_id
    assert [session["status"] for session in emulator.sessions()] == ["cancelled", "active"]
    assert await broker.secret_for("user_1") == renewed


async def test_a_call_during_a_renewal_gets_what_it_makes(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    await broker.secret_for("user_1")
    emulator.add_faults(Fault(delay=0.3))
    renewal = asyncio.create_task(broker.renew("user_1"))
    async with asyncio.timeout(20):
        while len(emulator.sessions()) < 2:
            await asyncio.sleep(0.005)
    old = emulator.sessions()[0]["client_secret"]
    assert await broker.secret_for("user_1", current=str(old)) == await renewal


async def test_state_variables_are_added_to_those_of_the_workflow(client: AsyncChatKit, emulator: Emulator) -> None:
    workflow = {"id": "wf_1", "state_variables": {"shop": "books", "plan": "free"}}
    broker = AsyncSessionBroker(client, workflow=workflow)
    await broker.secret_for("user_1")
    await broker.secret_for("user_2", state_variables={"plan": "pro"})
    assert states(emulator) == [{"shop": "books", "plan": "free"}, {"shop": "books", "plan": "pro"}]


async def test_a_call_without_state_variables_takes_any_live_session(broker: AsyncSessionBroker) -> None:
    live = await broker.secret_for("user_1", state_variables={"plan": "pro"})
    assert await broker.secret_for("user_1") == live


async def test_a_live_session_with_the_same_state_variables_is_handed_out(broker: AsyncSessionBroker) -> None:
    live = await broker.secret_for("user_1", state_variables={"plan": "pro", "seats": 5})
    assert await broker.secret_for("user_1", state_variables={"seats": 5, "plan": "pro"}) == live


@pytest.mark.parametrize("state", [{"plan": "pro"}, {"plan": "free", "seats": 5}, {}, {"plan": True}])
async def test_a_live_session_with_other_state_variables_is_left_to_expire(
    broker: AsyncSessionBroker, emulator: Emulator, state: dict[str, str | int | bool | float]
) -> None:
    first = await broker.secret_for("user_1", state_variables={"plan": "free"})
    second = await broker.secret_for("user_1", state_variables=state)
    assert second != first
    assert await broker.secret_for("user_1", state_variables=state) == second
    assert [session["status"] for session in emulator.sessions()] == ["active", "active"]


async def test_state_variables_that_the_api_would_refuse_are_refused_before_anything_is_sent(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    for state in ([("plan", "pro")], {"plan": None}, {"plan": float("nan")}, {5: "x"}, {"k" * 65: 1}):
        for call in (broker.secret_for, broker.renew):
            with pytest.raises(ParamsValidationError, match="state_variables"):
                await call("user_1", state_variables=state)  # type: ignore[operator]
    assert emulator.requests() == []


async def test_a_renewal_outlives_its_caller(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    await broker.secret_for("user_1")
    emulator.add_faults(Fault(delay=0.3))
    call = asyncio.create_task(broker.renew("user_1"))
    async with asyncio.timeout(20):
        while len(emulator.sessions()) < 2:
            await asyncio.sleep(0.005)
    call.cancel()
    await asyncio.wait([call])
    async with asyncio.timeout(20):
        while emulator.sessions()[0]["status"] != "cancelled":
            await asyncio.sleep(0.005)
    assert (await broker.secret_for("user_1")).session_id == emulator.sessions()[1]["id"]
