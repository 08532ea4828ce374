"""Expiry is judged by the API's clock, whatever this machine's says."""

from __future__ import annotations

import asyncio
import time

import pytest

from chatkit_async import APIError, AsyncChatKit, MintingLimitError
from chatkit_async.broker import AsyncSessionBroker, MemoryStore
from chatkit_async.emulator import Emulator, Fault

from .failures import on_store
from .outages import MovedClock


@pytest.fixture
async def broker(client: AsyncChatKit, clock: MovedClock) -> AsyncSessionBroker:
    return AsyncSessionBroker(client, workflow="wf_1", margin_s=60)


async def test_a_session_with_more_than_the_margin_left_is_handed_out(
    broker: AsyncSessionBroker, clock: MovedClock
) -> None:
    first = await broker.secret_for("user_1")
    clock.ahead_s = 530
    assert await broker.secret_for("user_1") == first


async def test_a_session_with_less_than_the_margin_left_is_not(broker: AsyncSessionBroker, clock: MovedClock) -> None:
    first = await broker.secret_for("user_1")
    clock.ahead_s = 545
    assert await broker.secret_for("user_1") != first


async def test_margin_s_sets_the_margin(client: AsyncChatKit, clock: MovedClock) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", margin_s=5)
    first = await broker.secret_for("user_1")
    clock.ahead_s = 590
    assert await broker.secret_for("user_1") == first
    clock.ahead_s = 596
    assert await broker.secret_for("user_1") != first


@pytest.mark.parametrize("ahead_s", [3600, -3600])
async def test_a_wrong_clock_of_this_machine_changes_nothing(
    broker: AsyncSessionBroker, clock: MovedClock, emulator: Emulator, ahead_s: float
) -> None:
    emulator.advance_clock(ahead_s)
    first = await broker.secret_for("user_1")
    assert await broker.secret_for("user_1") == first
    clock.ahead_s = 530
    assert await broker.secret_for("user_1") == first
    clock.ahead_s = 545
    assert await broker.secret_for("user_1") != first


@pytest.mark.parametrize("ahead_s", [0, 7200, -7200])
@pytest.mark.parametrize("date", ["Thu, 01 Jan 1970 00:00:00 GMT", "never", ""])
async def test_a_response_with_a_strange_date_changes_nothing(
    broker: AsyncSessionBroker, clock: MovedClock, emulator: Emulator, date: str, ahead_s: float
) -> None:
    emulator.advance_clock(ahead_s)
    emulator.add_faults(Fault(headers={"Date": date}))
    first = await broker.secret_for("user_1")
    clock.ahead_s = 530
    assert await broker.secret_for("user_1") == first
    clock.ahead_s = 545
    assert await broker.secret_for("user_1") != first


async def test_a_refresh_with_90_seconds_left_gives_another_secret(
    broker: AsyncSessionBroker, clock: MovedClock, emulator: Emulator
) -> None:
    first = await broker.secret_for("user_1")
    clock.ahead_s = 510
    emulator.advance_clock(510)
    second = await broker.secret_for("user_1", current=first.client_secret)
    assert second.client_secret != first.client_secret
    assert second.expires_at >= first.expires_at + 510


async def test_an_expired_session_is_not_owned_and_not_revoked(client: AsyncChatKit) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", margin_s=0, expires_after=1)
    live = await broker.secret_for("user_1")
    async with asyncio.timeout(20):
        while await broker.owns("user_1", live.session_id):
            await asyncio.sleep(0.05)
    assert (await broker.revoke("user_1")).sessions == ()


@pytest.mark.parametrize("fault", [Fault(status=500, times=9), Fault(status=400), Fault(drop=True), Fault(delay=30)])
@pytest.mark.parametrize("is_held", [False, True], ids=["a browser without a secret", "the browser that has it"])
async def test_a_live_secret_inside_the_margin_is_handed_out_when_the_api_fails(
    emulator: Emulator, clock: MovedClock, fault: Fault, is_held: bool
) -> None:
    async with AsyncChatKit("k", base_url=emulator.base_url, max_retries=0, timeout=0.3) as client:
        broker = AsyncSessionBroker(client, workflow="wf_1")
        first = await broker.secret_for("user_1")
        clock.ahead_s = 560
        emulator.add_faults(fault)
        assert await broker.secret_for("user_1", current=first.client_secret if is_held else None) == first
        clock.ahead_s = 601
        emulator.add_faults(Fault(status=400))
        with pytest.raises(APIError):
            await broker.secret_for("user_1")


async def test_a_live_secret_inside_the_margin_is_handed_out_beyond_the_limit(
    client: AsyncChatKit, clock: MovedClock
) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", sessions_per_minute=1, expires_after=70)
    first = await broker.secret_for("user_1")
    clock.ahead_s = 20
    assert await broker.secret_for("user_1") == first
    clock.ahead_s = 0
    with pytest.raises(MintingLimitError):  # outside the margin a browser that wants another one is refused
        await broker.secret_for("user_1", current=first.client_secret)


async def test_a_revoked_secret_is_not_handed_out_when_the_api_fails(
    broker: AsyncSessionBroker, clock: MovedClock, emulator: Emulator
) -> None:
    await broker.secret_for("user_1")
    await broker.revoke("user_1")
    clock.ahead_s = 560
    emulator.add_faults(Fault(status=400))
    with pytest.raises(APIError):
        await broker.secret_for("user_1")


async def test_a_clock_of_the_store_that_is_set_back_revives_no_expired_secret(
    client: AsyncChatKit, clock: MovedClock
) -> None:
    ahead_s = 3000.0
    store = MemoryStore(clock=lambda: time.monotonic() + ahead_s + clock.ahead_s)
    async with on_store(client, store) as broker:
        expired = await broker.secret_for("user_1")
        ahead_s, clock.ahead_s = 0.0, 601
        assert await broker.secret_for("user_1") != expired
