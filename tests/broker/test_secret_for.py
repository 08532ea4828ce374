"""`secret_for`: when the live secret is handed out again, and when a new one is made."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pytest
from django.utils.functional import SimpleLazyObject

from chatkit_async import AsyncChatKit, ClientClosedError, ConfigurationError, ParamsValidationError, Secret
from chatkit_async.broker import AsyncSessionBroker, LiveSecret, MemoryStore
from chatkit_async.emulator import Emulator

from ..async_.test_secrets import locals_of_ours
from ..sync.running import CHECKOUT


async def test_it_gives_secret_expiry_and_id_of_a_session_of_this_user(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    live = await broker.secret_for("user_1")
    [session] = emulator.sessions()
    assert live == LiveSecret(session["client_secret"], session["expires_at"], session["id"])
    assert isinstance(live.client_secret, Secret)
    assert (session["user"], session["workflow"]["id"]) == ("user_1", "wf_1")


async def test_the_live_secret_is_handed_out_again(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    first = await broker.secret_for("user_1")
    assert await broker.secret_for("user_1") == first
    assert await broker.secret_for("user_1", current="ek_of_another_session") == first
    assert len(emulator.sessions()) == 1


async def test_users_share_no_session(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    await broker.secret_for("user_1")
    await broker.secret_for("user_2")
    assert [session["user"] for session in emulator.sessions()] == ["user_1", "user_2"]


async def test_devices_of_a_user_share_no_session(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    lives = [await broker.secret_for("user_1", device=device) for device in (None, "phone", "laptop", "phone")]
    assert len(emulator.sessions()) == 3
    assert lives[1] == lives[3]


async def test_a_browser_that_has_the_live_secret_gets_another_and_the_old_one_lives_on(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    first = await broker.secret_for("user_1")
    second = await broker.secret_for("user_1", current=str(first.client_secret))
    assert second.client_secret != first.client_secret
    assert await broker.secret_for("user_1", current=first.client_secret) == second
    assert [session["status"] for session in emulator.sessions()] == ["active", "active"]


async def test_the_secret_a_browser_has_is_compared_in_constant_time_and_by_hashes(
    broker: AsyncSessionBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr("hmac.compare_digest", lambda a, b: compared.append((a, b)) or a == b)
    live = await broker.secret_for("user_1")
    await broker.secret_for("user_1", current="ek_another")
    [(ours, theirs)] = compared
    assert len(ours) == len(theirs) == 32
    assert live.client_secret.encode() not in ours + theirs


async def test_the_settings_of_the_broker_are_those_of_its_sessions(client: AsyncChatKit, emulator: Emulator) -> None:
    broker = AsyncSessionBroker(
        client,
        workflow={"id": "wf_2", "version": "3"},
        expires_after=120,
        rate_limits={"max_requests_per_1_minute": 7},
        chatkit_configuration={"file_upload": {"enabled": True}},
    )
    await broker.secret_for("user_1")
    [session] = emulator.sessions()
    assert session["workflow"]["version"] == "3"
    assert session["rate_limits"]["max_requests_per_1_minute"] == 7
    assert session["chatkit_configuration"]["file_upload"]["enabled"]


@pytest.mark.parametrize("user", ["", " ", "u" * 513, None, 5, "\ud800"])
async def test_a_user_that_the_api_would_refuse_is_refused_before_anything_is_sent(
    broker: AsyncSessionBroker, emulator: Emulator, user: Any
) -> None:
    for call in (broker.secret_for(user), broker.renew(user), broker.revoke(user), broker.owns(user, "cksess_1")):
        with pytest.raises(ParamsValidationError, match="user"):
            await call
    assert emulator.requests() == []


@pytest.mark.parametrize("device", ["", " ", "d" * 513, 5, "\ud800"])
async def test_a_device_that_the_api_would_refuse_is_refused_before_anything_is_sent(
    broker: AsyncSessionBroker, emulator: Emulator, device: Any
) -> None:
    for call in (broker.secret_for("user_1", device=device), broker.renew("user_1", device=device)):
        with pytest.raises(ParamsValidationError, match="device"):
            await call
    assert emulator.requests() == []


@pytest.mark.parametrize("current", [5, b"ek_1", ["ek_1"]])
async def test_a_current_secret_that_is_not_a_string_is_refused_unshown(
    broker: AsyncSessionBroker, current: Any
) -> None:
    with pytest.raises(ParamsValidationError, match="current: must be a string") as caught:
        await broker.secret_for("user_1", current=current)
    assert "ek_1" not in str(caught.value)


@pytest.mark.parametrize("current", ["", "\ud800", "x" * 1_000_000])
async def test_any_string_may_be_the_current_secret(broker: AsyncSessionBroker, current: str) -> None:
    first = await broker.secret_for("user_1", current=current)
    assert await broker.secret_for("user_1", current=current) == first


async def test_a_closed_broker_makes_nothing_and_leaves_the_client_open(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    async with AsyncSessionBroker(client, workflow="wf_1") as broker:
        pass
    await broker.aclose()
    for call in (broker.secret_for("u"), broker.renew("u"), broker.revoke("u"), broker.owns("u", "x")):
        with pytest.raises(ClientClosedError, match="broker is closed"):
            await call
    assert emulator.requests() == []
    await client.sessions.create(user="u", workflow="wf_1")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"margin_s": 600}, "margin_s.*600"),
        ({"margin_s": -1}, "margin_s"),
        ({"margin_s": float("nan")}, "margin_s"),
        ({"margin_s": "60"}, "margin_s"),
        ({"expires_after": 60}, "margin_s.*60"),
        ({"lease_s": 0}, "lease_s"),
        ({"lease_s": float("inf")}, "lease_s"),
        ({"sessions_per_minute": 0}, "sessions_per_minute"),
        ({"sessions_per_minute": 1.5}, "sessions_per_minute"),
    ],
)
def test_settings_that_cannot_work_are_refused(client: AsyncChatKit, settings: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        AsyncSessionBroker(client, workflow="wf_1", **settings)


@pytest.mark.parametrize("store", ["redis://:hushhush@localhost", object(), 5, MemoryStore])
def test_an_object_that_is_not_a_store_is_refused_rather_than_taken_for_an_outage(
    client: AsyncChatKit, store: Any
) -> None:
    with pytest.raises(
        ConfigurationError, match="store: a MemoryStore, a RedisStore or one of your own, not"
    ) as caught:
        AsyncSessionBroker(client, workflow="wf_1", store=store)
    assert [line for line in [str(caught.value), *locals_of_ours(caught.value)] if "hushhush" in line] == []


def test_a_workflow_that_the_api_would_refuse_is_refused(client: AsyncChatKit) -> None:
    with pytest.raises(ParamsValidationError, match="workflow"):
        AsyncSessionBroker(client, workflow="")


async def test_no_task_is_left_behind(client: AsyncChatKit) -> None:
    before = asyncio.all_tasks()
    async with AsyncSessionBroker(client, workflow="wf_1") as broker:
        await asyncio.gather(*(broker.secret_for(f"user_{number % 3}") for number in range(9)))
        await broker.renew("user_1")
        await broker.revoke("user_1")
        assert asyncio.all_tasks() == before


class Shop(StrEnum):
    BOOKS = "books"


@pytest.mark.parametrize(
    ("make", "plain"), [(lambda: SimpleLazyObject(lambda: "user_1"), "user_1"), (lambda: Shop.BOOKS, "books")]
)
async def test_a_lazy_user_is_the_string_it_stands_for(
    broker: AsyncSessionBroker, emulator: Emulator, make: Callable[[], Any], plain: str
) -> None:
    user = make()
    live = await broker.secret_for(user, device=user)
    assert emulator.sessions()[0]["user"] == plain
    assert await broker.secret_for(plain, device=plain) == live
    assert (await broker.revoke(user)).sessions[0].session_id == live.session_id


async def test_a_lazy_user_object_is_refused(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    with pytest.raises(ParamsValidationError, match="user: must be a string"):
        await broker.secret_for(SimpleLazyObject(object))
    assert emulator.requests() == []


async def test_starting_does_what_the_first_call_needs_and_sends_nothing(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    await broker.start()
    assert emulator.requests() == []
    program = """
import asyncio, sys
from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker
async def main():
    broker = AsyncSessionBroker(AsyncChatKit("k", base_url=sys.argv[1]), workflow="wf_1")
    await broker.start()
    before = set(sys.modules)
    await broker.secret_for("user_1")
    print(sorted(name for name in set(sys.modules) - before if "." not in name or name.startswith("chatkit")))
    await broker._client.aclose()
asyncio.run(main())
"""
    command = [sys.executable, "-W", "error", "-c", program, emulator.base_url]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=CHECKOUT, capture_output=True, text=True, timeout=50, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


async def test_a_missing_key_shows_when_the_broker_starts(emulator: Emulator) -> None:
    async with AsyncChatKit(base_url=emulator.base_url) as client:
        broker = AsyncSessionBroker(client, workflow="wf_1")
        with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
            await broker.start()


async def test_a_closed_broker_or_client_does_not_start(client: AsyncChatKit) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1")
    await broker.aclose()
    with pytest.raises(ClientClosedError):
        await broker.start()
    await client.aclose()
    with pytest.raises(ClientClosedError):
        await AsyncSessionBroker(client, workflow="wf_1").start()


async def test_a_key_function_that_raises_cancelled_error_is_not_asked_for_ever(emulator: Emulator) -> None:
    asked = 0

    async def key() -> str:
        nonlocal asked
        asked += 1
        raise ValueError("enough") if asked > 50 else asyncio.CancelledError

    async with (
        AsyncChatKit(api_key=key, base_url=emulator.base_url) as client,
        AsyncSessionBroker(client, workflow="wf_1") as broker,
    ):
        with pytest.raises(BaseException):  # noqa: B017
            await broker.secret_for("user_1")
    assert asked < 5
