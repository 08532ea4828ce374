"""`share_secrets`: one live session for all processes, encrypted in the store and bound to its user."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from cryptography.fernet import Fernet

from chatkit_async import AsyncChatKit, ConfigurationError, Secret, SessionRevokedError
from chatkit_async.broker import AsyncSessionBroker, LiveSecret, MemoryStore, RedisStore, Store
from chatkit_async.broker._resilient_store import ResilientStore
from chatkit_async.broker._secret_cache import SecretCache
from chatkit_async.broker._user_record import EncryptedSecret, Place, PlaceState, dumps, loads
from chatkit_async.emulator import Emulator, Fault

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    made = MemoryStore() if request.param == "memory" else RedisStore(request.getfixturevalue("redis_server").url)
    yield made
    await made.aclose()


def sharing(
    client: AsyncChatKit, store: Store, keys: Sequence[str | bytes] = (NEW,), **settings: Any
) -> AsyncSessionBroker:
    """A broker as another process would have it."""
    return AsyncSessionBroker(client, workflow="wf_1", store=store, share_secrets=keys, **settings)


async def test_brokers_with_the_same_keys_hand_out_one_session(
    client: AsyncChatKit, store: Store, emulator: Emulator
) -> None:
    live = await sharing(client, store).secret_for("user_1")
    assert await sharing(client, store).secret_for("user_1") == live
    assert len(emulator.sessions()) == 1


@pytest.mark.parametrize("ahead_s", [3600, -3600])
async def test_brokers_with_a_wrong_clock_share_one_session(
    client: AsyncChatKit, store: Store, emulator: Emulator, ahead_s: float
) -> None:
    emulator.advance_clock(ahead_s)
    brokers = [sharing(client, store) for _ in range(4)]
    lives = await asyncio.gather(*(broker.secret_for("user_1") for broker in brokers))
    assert len(set(lives)) == 1
    assert len(emulator.sessions()) == 1


async def test_brokers_without_keys_each_have_their_own(client: AsyncChatKit, store: Store, emulator: Emulator) -> None:
    for _ in range(2):
        await AsyncSessionBroker(client, workflow="wf_1", store=store).secret_for("user_1")
    assert len(emulator.sessions()) == 2


async def test_brokers_that_are_called_at_once_make_one_session(
    client: AsyncChatKit, store: Store, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(delay=0.3))
    brokers = [sharing(client, store) for _ in range(4)]
    lives = await asyncio.gather(*(broker.secret_for("user_1") for broker in brokers for _ in range(10)))
    assert len(set(lives)) == 1
    assert len(emulator.sessions()) == 1


async def test_a_refresh_at_one_broker_is_seen_by_the_others(client: AsyncChatKit, store: Store) -> None:
    first, second = sharing(client, store), sharing(client, store)
    old = await first.secret_for("user_1")
    new = await second.secret_for("user_1", current=old.client_secret)
    assert await first.secret_for("user_1", current=old.client_secret) == new != old


async def test_a_renewal_at_one_broker_is_seen_by_the_others(client: AsyncChatKit, store: Store) -> None:
    first, second = sharing(client, store), sharing(client, store)
    old = await first.secret_for("user_1")
    new = await second.renew("user_1")
    assert await first.secret_for("user_1") == new != old


async def test_a_revoke_at_one_broker_is_seen_by_the_others(client: AsyncChatKit, store: Store) -> None:
    first, second = sharing(client, store), sharing(client, store)
    old = await first.secret_for("user_1")
    assert (await second.revoke("user_1")).is_complete
    assert await first.secret_for("user_1") != old


async def test_brokers_of_different_workflows_share_no_session_but_revoke_both(
    client: AsyncChatKit, store: Store, emulator: Emulator
) -> None:
    brokers = [
        AsyncSessionBroker(client, workflow=workflow, store=store, share_secrets=[NEW])
        for workflow in ("wf_1", "wf_2", {"id": "wf_2", "version": "7"})
    ]
    assert len({await broker.secret_for("user_1") for broker in brokers}) == 3
    assert len((await brokers[0].revoke("user_1")).sessions) == 3


async def test_waiting_for_another_brokers_creation_ends_when_the_user_is_revoked(
    client: AsyncChatKit, store: Store, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(delay=0.5))
    brokers = [sharing(client, store) for _ in range(2)]
    calls = [asyncio.create_task(broker.secret_for("user_1")) for broker in brokers]
    async with asyncio.timeout(20):
        while not emulator.sessions():
            await asyncio.sleep(0.005)
    await brokers[0].revoke("user_1")
    errors = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(error) for error in errors] == [SessionRevokedError] * 2
    assert [session["status"] for session in emulator.sessions()] == ["cancelled"]


async def test_after_an_error_another_broker_tries_at_once(
    client: AsyncChatKit, store: Store, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(status=400, delay=0.2))
    calls = [sharing(client, store, lease_s=60).secret_for("user_1") for _ in range(2)]
    async with asyncio.timeout(20):  # less than the lease
        results = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(result, Exception) for result in results) == 1
    assert len(emulator.requests()) == 2


async def test_the_first_key_encrypts_and_all_decrypt(client: AsyncChatKit, store: Store, emulator: Emulator) -> None:
    old = await sharing(client, store, [OLD]).secret_for("user_1")
    assert await sharing(client, store, [NEW, OLD]).secret_for("user_1") == old
    new = await sharing(client, store, [NEW, OLD]).secret_for("user_2")
    assert await sharing(client, store, [NEW]).secret_for("user_2") == new
    assert len(emulator.sessions()) == 2


async def test_a_record_under_an_unknown_key_is_ignored_and_logged_once(
    client: AsyncChatKit, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    old = await sharing(client, store, [OLD]).secret_for("user_1")
    caplog.clear()
    broker = sharing(client, store, [NEW])
    assert await broker.secret_for("user_1") != old
    await sharing(client, store, [OLD]).secret_for("user_1")
    await broker.secret_for("user_1")
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len([text for text in warnings if "share_secrets" in text]) == 2  # one for each broker that saw it


class Spied(MemoryStore):
    """Shows what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = ""

    async def swap(self, key: str, old: bytes, new: bytes) -> bool:
        self.seen += f"{key} {new.decode()} "
        return await super().swap(key, old, new)

    async def secret(self, place: Place) -> str:
        """The encrypted secret of a place."""
        value, _ = await self.get(place.user)
        return loads(value).secrets[place.slot][2]

    async def replace_secret(self, place: Place, text: str) -> None:
        """What any program that can write to the store can do."""
        value, now_s = await self.get(place.user)
        record = loads(value)
        record.secrets[place.slot] = (now_s + 600, "a ticket", text)
        await super().swap(place.user, value, dumps(record))


async def test_a_record_moved_to_another_user_is_ignored(client: AsyncChatKit, emulator: Emulator) -> None:
    store = Spied()
    broker = sharing(client, store)
    stolen = await broker.secret_for("user_1")
    live = await broker.secret_for("user_2")
    of_another, own = (broker._template.place(user, None) for user in ("user_1", "user_2"))
    await store.replace_secret(own, await store.secret(of_another))
    found = await broker.secret_for("user_2")
    assert found not in (stolen, live)
    assert emulator.sessions()[-1]["user"] == "user_2"


async def test_a_record_is_bound_to_its_user_device_and_settings() -> None:
    live, own = LiveSecret(Secret("ek_1"), 2_000_000_000, "cksess_1"), Place("user", "device", "device.settings")
    text = SecretCache([NEW]).encrypted(own, live, "variables")
    assert text is not None
    state = PlaceState("/", "", EncryptedSecret(text, "ticket", 60))
    found = SecretCache([NEW]).find(own, state)
    assert found is not None
    assert found.live == live
    for place in (
        Place("other", "device", "device.settings"),
        Place("user", "phone", "phone.settings"),
        Place("user", "device", "device.x"),
    ):
        assert SecretCache([NEW]).find(place, state) is None


@pytest.mark.parametrize("record", ["", "rubbish", "é", "gAAAAA==", "\x00"])
async def test_rubbish_in_place_of_a_record_is_ignored(client: AsyncChatKit, emulator: Emulator, record: str) -> None:
    store = Spied()
    broker = sharing(client, store)
    await broker.secret_for("user_1")
    await store.replace_secret(broker._template.place("user_1", None), record)
    await broker.secret_for("user_1")
    assert len(emulator.sessions()) == 2


@pytest.mark.parametrize("plain", [b"[]", b"{}", b"null", b'["a"]', b"\xff", b"[" * 5000])
async def test_another_programs_text_under_our_key_is_ignored(client: AsyncChatKit, plain: bytes) -> None:
    store = Spied()
    broker = sharing(client, store)
    live = await broker.secret_for("user_1")
    await store.replace_secret(broker._template.place("user_1", None), Fernet(NEW).encrypt(plain).decode())
    assert await broker.secret_for("user_1") != live


@pytest.mark.parametrize("keys", [None, [NEW]], ids=["ids only", "shared"])
async def test_a_store_sees_neither_user_nor_device_nor_secret_nor_state(client: AsyncChatKit, keys: Any) -> None:
    store = Spied()
    broker = AsyncSessionBroker(client, workflow="wf_hushhush", store=store, share_secrets=keys)
    live = await broker.secret_for("ada@example.com", device="phone", state_variables={"plan": "pro-plan"})
    for part in ("ada@example.com", "phone", "pro-plan", "wf_hushhush", live.client_secret, live.client_secret[5:20]):
        assert part not in store.seen
    assert ("gAAAAA" in store.seen) == (keys is not None)
    assert live.session_id in store.seen


@pytest.mark.parametrize(
    "keys",
    [
        [],
        (),
        "",
        NEW,
        NEW.encode(),
        5,
        ["short"],
        [NEW, "x" * 44],
        [NEW[:-2]],
        [None],
        [b"\xff" * 44],
        ["é" * 44],
        {NEW: 1},
    ],
    ids=lambda keys: type(keys).__name__,
)
def test_a_wrong_key_is_refused_with_how_to_make_one(client: AsyncChatKit, keys: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"share_secrets.*Fernet.generate_key\(\)") as caught:
        sharing(client, MemoryStore(), keys)
    assert NEW not in str(caught.value)


def test_the_refusal_says_which_key_it_is(client: AsyncChatKit) -> None:
    with pytest.raises(ConfigurationError, match=r"share_secrets\[1\] is not a Fernet key"):
        sharing(client, MemoryStore(), [NEW, "short"])


async def test_the_command_in_the_refusal_makes_a_key(client: AsyncChatKit) -> None:
    with pytest.raises(ConfigurationError) as caught:
        sharing(client, MemoryStore(), [])
    program = str(caught.value).split('python -c "')[1].removesuffix('"')
    key = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True, timeout=30).stdout
    await sharing(client, MemoryStore(), [key.strip()]).secret_for("user_1")


async def test_keys_may_be_bytes_and_a_tuple(client: AsyncChatKit) -> None:
    store = MemoryStore()
    live = await sharing(client, store, (NEW.encode(),)).secret_for("user_1")
    assert await sharing(client, store, [NEW]).secret_for("user_1") == live


async def test_a_creation_that_a_revocation_ends_at_its_beginning_blocks_no_caller(
    client: AsyncChatKit, store: Store, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker, other = sharing(client, store, lease_s=600), sharing(client, store, lease_s=600)
    change = ResilientStore.change

    async def late(self: Any, *arguments: Any, **more: Any) -> Any:
        monkeypatch.undo()
        await other.revoke("user_1")  # between the look and the beginning
        return await change(self, *arguments, **more)

    monkeypatch.setattr(ResilientStore, "change", late)
    with pytest.raises(SessionRevokedError):
        await broker.secret_for("user_1")
    assert emulator.requests() == []
    async with asyncio.timeout(20):  # far less than the lease
        await other.secret_for("user_1")
    assert (await other.revoke("user_1")).is_complete
