"""Users, keys and client secrets stay out of logs, reprs, error texts and the frames of tracebacks."""

from __future__ import annotations

import asyncio
import gc
import logging
import pickle
import weakref
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from cryptography.fernet import Fernet

from chatkit_async import AsyncChatKit, ChatKit, Secret
from chatkit_async.broker import AsyncSessionBroker, MemoryStore, SessionBroker
from chatkit_async.emulator import Emulator, Fault

from ..async_.test_secrets import chain, locals_of_ours

KEY = "sk-proj-hushhush0123456789"
SECRET = "ek_hushhush0123456789abcdef"
USER = "user-hushhush@example.com"
SHARE = Fernet.generate_key().decode()
HIDDEN = [KEY[:15], SECRET[:15], SECRET[-10:], SHARE[:15]]
BODY = {"id": "cksess_1", "client_secret": SECRET, "expires_at": 2_000_000_000, "user": USER, "status": "active"}


@pytest.fixture
def blocking_client(emulator: Emulator) -> Iterator[ChatKit]:
    with ChatKit(KEY, base_url=emulator.base_url) as made:
        yield made


Act = Callable[[AsyncSessionBroker, Emulator], Awaitable[Any]]


class BrokenStore(MemoryStore):
    async def read(self, *arguments: Any) -> Any:
        raise ConnectionError(f"no connection for {USER} with {SECRET}")


def acting(*faults: Fault, **call: Any) -> Act:
    async def act(broker: AsyncSessionBroker, emulator: Emulator) -> None:
        emulator.add_faults(*faults)
        await broker.secret_for(USER, **{"current": SECRET, **call})

    return act


async def limited(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    current = SECRET
    for _ in range(40):
        current = str((await broker.secret_for(USER, current=current)).client_secret)


async def revoked(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=0.3))
    call = asyncio.create_task(broker.secret_for(USER, current=SECRET))
    while not emulator.sessions():
        await asyncio.sleep(0.005)
    await broker.revoke(USER)
    try:
        await call
    finally:
        del call


async def renewed(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    await broker.secret_for(USER)
    emulator.add_faults(Fault(path="/cancel", status=400, body=BODY))
    await broker.renew(USER)
    emulator.add_faults(Fault(status=409, body=BODY, times=9))
    await broker.renew(USER)


async def closed(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    await broker.aclose()
    await broker.secret_for(USER, current=SECRET)


FAILURES: dict[str, Act] = {
    "a refusal that echoes the secret": acting(Fault(status=400, body=BODY)),
    "a response of another type": acting(Fault(body={**BODY, "expires_at": "soon"})),
    "a response without an id": acting(Fault(body={"client_secret": SECRET, "expires_at": 2_000_000_000})),
    "broken JSON": acting(Fault(kind="broken_json")),
    "no response": acting(Fault(drop=True)),
    "a response too late": acting(Fault(delay=30)),
    "a user that cannot be": lambda broker, emulator: broker.secret_for("", current=SECRET),
    "a device that cannot be": acting(device="x" * 513),
    "state variables that cannot be": acting(state_variables={"a": None}),
    "a current secret that is none": acting(current=[SECRET]),
    "current secret bytes": acting(current=SECRET.encode()),
    "a limit that is reached": limited,
    "a revoke meanwhile": revoked,
    "a renewal that fails": renewed,
    "a closed broker": closed,
}
STORES: dict[str, Callable[[], dict[str, Any]]] = {
    "memory": dict,
    "shared": lambda: {"share_secrets": [SHARE]},
    "broken": lambda: {"store": BrokenStore()},
}
each_failure = pytest.mark.parametrize("act", FAILURES.values(), ids=FAILURES)
each_store = pytest.mark.parametrize("settings", STORES.values(), ids=STORES)


async def failed(emulator: Emulator, act: Act, settings: dict[str, Any]) -> Exception:
    async with AsyncChatKit(KEY, base_url=emulator.base_url, max_retries=0, timeout=1) as client:
        broker = AsyncSessionBroker(client, workflow="wf_1", **settings)
        try:
            await act(broker, emulator)
        except Exception as error:
            return error
    raise AssertionError("it succeeded")


@each_failure
@each_store
async def test_a_traceback_with_locals_shows_neither_key_nor_secret(
    emulator: Emulator, act: Act, settings: Callable[[], dict[str, Any]]
) -> None:
    error = await failed(emulator, act, settings())
    hidden = [*HIDDEN, *(str(session["client_secret"])[:20] for session in emulator.sessions())]
    shown = locals_of_ours(error)
    assert shown
    assert [line for line in shown if any(part in line for part in hidden)] == []


@each_failure
@each_store
async def test_logs_hold_neither_user_nor_key_nor_secret_and_errors_neither_key_nor_secret(
    emulator: Emulator, act: Act, settings: Callable[[], dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    error = await failed(emulator, act, settings())
    hidden = [*HIDDEN, *(str(session["client_secret"])[:20] for session in emulator.sessions())]
    logged = [repr(vars(record)) for record in caplog.records if record.name == "chatkit_async"]
    assert [text for text in logged if any(part in text for part in [*hidden, USER])] == []
    texts = [f"{link} {link!r}" for link in chain(error)] + [str(pickle.loads(pickle.dumps(error)).__reduce__())]
    assert [text for text in texts if any(part in text for part in hidden)] == []


@each_failure
@each_store
async def test_an_error_is_in_no_reference_cycle(
    emulator: Emulator, act: Act, settings: Callable[[], dict[str, Any]]
) -> None:
    gc.collect()
    gc.disable()
    try:
        error = weakref.ref(await failed(emulator, act, settings()))
        assert error() is None, [type(holder) for holder in gc.get_referrers(error())]
    finally:
        gc.enable()


async def test_no_repr_shows_a_secret(client: AsyncChatKit, emulator: Emulator) -> None:
    for settings in ({}, {"share_secrets": [SHARE]}):
        broker = AsyncSessionBroker(client, workflow="wf_1", **settings)  # type: ignore[arg-type]
        live = await broker.secret_for(USER)
        revocation = await broker.revoke(USER)
        shown = f"{broker!r} {live!r} {live} {revocation!r} {vars(broker)}"
        assert [part for part in (str(live.client_secret), SHARE, USER) if part in shown] == []


@pytest.mark.parametrize(
    "keys",
    [[SHARE, f"x{SHARE}"], SHARE, [SHARE.encode(), b"x"], (SHARE, SECRET), {SHARE}],
    ids=["second", "text", "bytes", "tuple", "set"],
)
def test_a_broker_that_cannot_be_made_shows_no_key(client: AsyncChatKit, blocking_client: ChatKit, keys: Any) -> None:
    for make in (
        lambda: AsyncSessionBroker(client, workflow="wf_1", share_secrets=keys),
        lambda: SessionBroker(blocking_client, workflow="wf_1", share_secrets=keys),
        lambda: AsyncSessionBroker(client, workflow="wf_1", share_secrets=keys, margin_s=-1),
        lambda: AsyncSessionBroker(client, workflow="", share_secrets=keys),
    ):
        with pytest.raises(Exception, match=r"share_secrets|margin_s|workflow") as caught:
            make()
        shown = [f"{caught.value} {caught.value!r}", *locals_of_ours(caught.value)]
        assert [line for line in shown if any(part in line for part in HIDDEN)] == []


def test_the_blocking_brokers_frames_show_no_secret(blocking_client: ChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=400, body=BODY))
    with SessionBroker(blocking_client, workflow="wf_1") as broker, pytest.raises(Exception, match="400") as caught:
        broker.secret_for(USER, current=SECRET)
    shown = locals_of_ours(caught.value)
    assert [line for line in shown if any(part in line for part in HIDDEN)] == []


async def test_a_browser_gets_exactly_the_secret_and_its_expiry(broker: AsyncSessionBroker) -> None:
    live = await broker.secret_for(USER)
    given = live.for_browser()
    assert given == {"client_secret": str(live.client_secret), "expires_at": live.expires_at}
    assert type(given["client_secret"]) is str
    assert isinstance(live.client_secret, Secret)
