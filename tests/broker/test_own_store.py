"""A store of the user's own, which may hang, return rubbish, or be set up wrongly."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatkit_async import AsyncChatKit, ConfigurationError
from chatkit_async.broker import AsyncSessionBroker, MemoryStore
from chatkit_async.broker._resilient_store import ResilientStore
from chatkit_async.broker._user_record import Creation
from chatkit_async.emulator import Emulator

from .failures import KEYS, begin
from .outages import STEPS, user_key, warnings


async def test_a_store_of_the_users_own_has_a_time_limit(
    client: AsyncChatKit, caplog: pytest.LogCaptureFixture
) -> None:
    class HangingStore(MemoryStore):
        def __getattribute__(self, name: str) -> Any:
            async def hang(*arguments: object, **more: object) -> None:
                await asyncio.Event().wait()

            return hang if name in {*STEPS, "aclose"} else super().__getattribute__(name)

    broker = AsyncSessionBroker(client, workflow="wf_1", store=HangingStore())
    async with asyncio.timeout(20):
        live = await broker.secret_for("user_1")
        assert await broker.secret_for("user_1") == live
        assert not (await broker.revoke("user_1")).is_complete
        await broker.aclose()
    [text] = warnings(caplog)
    assert "HangingStore: TimeoutError" in text


@pytest.mark.parametrize("rubbish", [None, 5, "text", b"\xff", [], {"a": 1}, object()])
async def test_a_store_that_returns_rubbish_counts_as_down(
    client: AsyncChatKit, emulator: Emulator, rubbish: Any
) -> None:
    class RubbishStore(MemoryStore):
        def __getattribute__(self, name: str) -> Any:
            async def reply(*arguments: object, **more: object) -> Any:
                return rubbish

            return reply if name in STEPS else super().__getattribute__(name)

    broker = AsyncSessionBroker(client, workflow="wf_1", store=RubbishStore())
    live = await broker.secret_for("user_1")
    assert await broker.owns("user_1", live.session_id)
    await broker.renew("user_1")
    assert not (await broker.revoke("user_1")).is_complete
    assert {session["status"] for session in emulator.sessions()} == {"cancelled"}
    await broker.aclose()


async def test_a_lease_of_another_broker_holds_up_no_caller_for_ever(client: AsyncChatKit, emulator: Emulator) -> None:
    store = MemoryStore()
    broker = AsyncSessionBroker(client, workflow="wf_1", store=store, share_secrets=KEYS, lease_s=0.1)
    place = broker._template.place("user_1", None)
    await begin(ResilientStore(store), Creation(place, "another", 600, is_shared=True))
    async with asyncio.timeout(20):
        live = await broker.secret_for("user_1")
    assert len(emulator.sessions()) == 1
    assert await broker.owns("user_1", live.session_id)


async def test_a_store_that_is_set_up_wrongly_is_no_outage(client: AsyncChatKit) -> None:
    class WrongStore(MemoryStore):
        async def get(self, key: str) -> Any:
            raise ConfigurationError("set me up")

    with pytest.raises(ConfigurationError, match="set me up"):
        await AsyncSessionBroker(client, workflow="wf_1", store=WrongStore()).secret_for("user_1")


async def test_a_store_that_never_swaps_counts_as_down(
    client: AsyncChatKit, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    class UnswappedStore(MemoryStore):
        async def swap(self, key: str, old: bytes, new: bytes) -> bool:
            return False

    broker = AsyncSessionBroker(client, workflow="wf_1", store=UnswappedStore())
    live = await broker.secret_for("user_1")
    assert await broker.secret_for("user_1") == live
    assert not (await broker.revoke("user_1")).is_complete
    assert [session["status"] for session in emulator.sessions()] == ["cancelled"]
    [text] = warnings(caplog)
    assert "store is down: UnswappedStore: StoreRefusedError (swap failed each time)" in text


async def test_a_step_missed_without_an_outage_leaves_no_complete_revocation(
    client: AsyncChatKit, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    class Glitch(MemoryStore):
        """Loses what would be written of one user; another user's calls succeed meanwhile."""

        async def swap(self, key: str, old: bytes, new: bytes) -> bool:
            if fails and key == user_key().split(":")[1]:
                await asyncio.sleep(0)
                await one.owns("user_2", "y")
                raise ConnectionError("glitch")
            return await super().swap(key, old, new)

    store, fails = Glitch(), False
    one, other = (AsyncSessionBroker(client, workflow="wf_1", store=store) for _ in range(2))
    async with one, other:
        await one.owns("user_2", "y")
        fails = True
        await one.secret_for("user_1")
        fails = False
        assert warnings(caplog) == []  # no outage
        revocation = await other.revoke("user_1")
        await one.owns("user_2", "tells what was missed")
        alive = [s for s in emulator.sessions() if s["status"] == "active"]
        assert not (revocation.is_complete and alive)
