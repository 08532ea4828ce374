"""Expiry is judged by the API's clock, whatever this machine's says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker
from chatkit_async.broker.api_clock import ApiClock
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.types._clock import unix_now_s


class MovedClock:
    """This machine's clock, moved at will."""

    def __init__(self) -> None:
        self.ahead_s = 0.0
        self._real: Callable[[], float] = unix_now_s

    def __call__(self) -> float:
        return self._real() + self.ahead_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MovedClock:
    moved = MovedClock()
    monkeypatch.setattr("chatkit_async.broker.broker.ApiClock", lambda life_s: ApiClock(life_s, moved))
    return moved


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


async def test_a_session_with_just_the_margin_left_is_not(
    broker: AsyncSessionBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await broker.secret_for("user_1")
    monkeypatch.setattr(ApiClock, "seconds_left", lambda clock, expires_at: 60.0)
    assert await broker.secret_for("user_1") != first


async def test_the_margin_is_what_was_asked_for(client: AsyncChatKit, clock: MovedClock) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", margin_s=5)
    first = await broker.secret_for("user_1")
    clock.ahead_s = 590
    assert await broker.secret_for("user_1") == first
    clock.ahead_s = 596
    assert await broker.secret_for("user_1") != first


@pytest.mark.parametrize("ahead_s", [3600, -3600])
async def test_a_machine_whose_clock_is_wrong_judges_all_the_same(
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
async def test_an_answer_with_a_strange_date_is_judged_all_the_same(
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


async def test_a_session_that_has_expired_is_no_more_the_users(client: AsyncChatKit) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", margin_s=0, expires_after=1)
    live = await broker.secret_for("user_1")
    async with asyncio.timeout(20):
        while await broker.owns("user_1", live.session_id):
            await asyncio.sleep(0.05)
    assert (await broker.revoke("user_1")).sessions == ()
