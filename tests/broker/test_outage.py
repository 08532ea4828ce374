"""A store that fails, in each way: never the user's problem, and never claimed to be whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from chatkit_async import AsyncChatKit, MintingLimitError
from chatkit_async.broker import AsyncSessionBroker, RedisStore
from chatkit_async.broker._circuit_breaker import FAILURES
from chatkit_async.broker._redis_link import MOST_AT_ONCE, Link
from chatkit_async.emulator import Emulator

from .failures import frozen, full, other_process, read_only, stopped, well
from .outages import BrokenStore, MovedClock, warnings
from .redis_server import RedisServer

OUTAGES: list[tuple[Callable[[RedisServer], None], str]] = [
    (stopped, "ConnectionError"),
    (frozen, "TimeoutError"),
    (full, "OutOfMemoryError"),
    (read_only, "ReadOnlyError"),
]
each_outage = pytest.mark.parametrize(
    ("fail", "error"), OUTAGES, ids=["killed", "frozen", "full of data", "a read-only replica"]
)


@each_outage
@pytest.mark.usefixtures("well_again")
async def test_in_an_outage_sessions_are_made_handed_out_limited_and_revoked(
    either_broker: AsyncSessionBroker,
    redis_server: RedisServer,
    emulator: Emulator,
    caplog: pytest.LogCaptureFixture,
    fail: Callable[[RedisServer], None],
    error: str,
) -> None:
    before = await either_broker.secret_for("user_0")
    fail(redis_server)
    live = await either_broker.secret_for("user_1")
    assert await either_broker.secret_for("user_1") == live
    assert (await either_broker.secret_for("user_1", current=live.client_secret)) != live
    assert await either_broker.owns("user_1", live.session_id)
    assert await either_broker.secret_for("user_0") == before
    revocation = await either_broker.revoke("user_1")
    assert (len(revocation.sessions), revocation.is_complete) == (2, False)
    ended = [session["id"] for session in emulator.sessions() if session["status"] == "cancelled"]
    assert sorted(ended) == sorted(result.session_id for result in revocation.sessions)
    for _ in range(30):
        live = await either_broker.secret_for("user_2", current=live.client_secret)
    with pytest.raises(MintingLimitError):
        await either_broker.secret_for("user_2", current=live.client_secret)
    [text] = warnings(caplog)
    assert text.startswith(f"The broker's store is down: RedisStore('{redis_server.path}', prefix='chatkit-async'):")
    assert error in text


@pytest.mark.usefixtures("well_again")
@pytest.mark.parametrize("fail", [stopped, frozen], ids=["killed", "frozen"])
async def test_an_outage_is_logged_once_and_its_end_once(
    either_broker: AsyncSessionBroker,
    redis_server: RedisServer,
    caplog: pytest.LogCaptureFixture,
    clock: MovedClock,
    fail: Callable[[RedisServer], None],
) -> None:
    await either_broker.secret_for("user_0")
    fail(redis_server)
    for number in range(12):
        await either_broker.secret_for(f"user_{number}")
        clock.ahead_s += 1
    well(redis_server)
    clock.ahead_s += 3
    for number in range(5):
        await either_broker.secret_for(f"user_{number}")
    assert [text.split(":")[0] for text in warnings(caplog)] == [
        "The broker's store is down",
        "The broker's store is up again",
    ]


@pytest.mark.usefixtures("well_again")
async def test_a_frozen_redis_holds_up_no_call_for_long(
    either_broker: AsyncSessionBroker, redis_server: RedisServer
) -> None:
    await either_broker.secret_for("user_0")
    redis_server.freeze()
    took = []
    for number in range(8):
        began_s = time.monotonic()
        await either_broker.secret_for(f"user_{number}")
        took.append(time.monotonic() - began_s)
    assert len([seconds for seconds in took if seconds > 0.5]) <= 2  # afterwards Redis is left alone


@pytest.fixture
def counted_exchanges(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many commands each exchange with Redis has."""
    counts: list[int] = []
    exchange = Link._exchange

    async def counted(link: Link, commands: Any) -> Any:
        counts.append(len(commands))
        return await exchange(link, commands)

    monkeypatch.setattr(Link, "_exchange", counted)
    return counts


@pytest.mark.usefixtures("well_again")
async def test_a_frozen_redis_costs_a_few_exchanges_however_many_callers_wait(
    either_broker: AsyncSessionBroker, redis_server: RedisServer, counted_exchanges: list[int]
) -> None:
    live = await either_broker.secret_for("user_0")
    redis_server.freeze()
    counted_exchanges.clear()
    count = 6 * MOST_AT_ONCE  # of callers with a secret, and one without
    calls = [either_broker.secret_for("user_0") for _ in range(count)]
    *lives, other = await asyncio.gather(*calls, either_broker.secret_for("user_1"))
    assert (set(lives), other != live) == ({live}, True)
    assert len(counted_exchanges) <= FAILURES + 1  # The first two fail calls that began together, which count once.


@pytest.mark.usefixtures("well_again")
async def test_a_frozen_redis_costs_a_few_exchanges_however_many_devices_a_user_has(
    either_broker: AsyncSessionBroker, redis_server: RedisServer, counted_exchanges: list[int]
) -> None:
    await either_broker.secret_for("user_0")
    calls = [asyncio.create_task(either_broker.secret_for("user_1", device=f"{number}")) for number in range(30)]
    while not either_broker._store._locks:
        await asyncio.sleep(0)
    redis_server.freeze()
    counted_exchanges.clear()
    assert len(set(await asyncio.gather(*calls))) == 30
    assert len(counted_exchanges) <= FAILURES + 2  # Some began before Redis was frozen.


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (("ACL", "SETUSER", "default", "resetpass", ">secret"), "AuthenticationError"),
        (("ACL", "SETUSER", "default", "-eval"), "NoPermissionError"),
    ],
    ids=["a wrong password", "a user without rights"],
)
async def test_the_log_distinguishes_a_refusal_from_a_fault_of_the_network(
    client: AsyncChatKit,
    redis_server: RedisServer,
    caplog: pytest.LogCaptureFixture,
    ask: tuple[str, ...],
    error: str,
) -> None:
    redis_server.ask(*ask)
    try:
        async with other_process(client, redis_server) as broker:
            await broker.start()
            await broker.secret_for("user_1")
    finally:
        redis_server.restart()
    [text] = warnings(caplog)
    assert f"{error} (it refuses commands: check password, rights, memory and role)" in text
    assert "hushhush" not in text


OF_CLUSTER = "it is a node of a Redis Cluster: RedisStore cannot use a Cluster; give it the url of"


@pytest.mark.parametrize(
    ("reply", "error", "advice"),
    [
        ("MOVED 3999 127.0.0.1:6381", "MovedError", OF_CLUSTER),
        ("CLUSTERDOWN Hash slot not served", "ClusterDownError", OF_CLUSTER),
        ("MASTERDOWN Link with MASTER is down", "MasterDownError", "it refuses commands: check password, rights"),
    ],
)
async def test_the_log_tells_a_redis_cluster_which_cannot_be_used_from_a_replica_without_its_master(
    client: AsyncChatKit, caplog: pytest.LogCaptureFixture, reply: str, error: str, advice: str
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            writer.write(f"-{reply}\r\n".encode() * 9)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        store = RedisStore(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with AsyncSessionBroker(client, workflow="wf_1", store=store) as broker:
            await broker.start()
            await broker.secret_for("user_1")
    [text] = warnings(caplog)
    assert f"{error} ({advice}" in text


async def test_nothing_listens_there_and_the_log_says_so_when_the_app_starts(
    client: AsyncChatKit, caplog: pytest.LogCaptureFixture
) -> None:
    store = RedisStore("redis://name:hushhush@127.0.0.1:1/5")
    async with AsyncSessionBroker(client, workflow="wf_1", store=store) as broker:
        await broker.start()
        [text] = warnings(caplog)
        assert "RedisStore('127.0.0.1:1/5', prefix='chatkit-async'): ConnectionError (the call failed)" in text


async def test_one_hiccup_is_no_outage_and_costs_no_second_session(
    either_broker: AsyncSessionBroker, redis_server: RedisServer, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    live = await either_broker.secret_for("user_1")
    for _ in range(5):
        redis_server.ask("CLIENT", "KILL", "TYPE", "normal")
        assert await either_broker.secret_for("user_1") == live
    assert await either_broker.owns("user_1", live.session_id)
    assert (await either_broker.revoke("user_1")).is_complete
    assert warnings(caplog) == []


async def test_callers_that_fail_together_count_once(client: AsyncChatKit, caplog: pytest.LogCaptureFixture) -> None:
    store = BrokenStore()
    broker = AsyncSessionBroker(client, workflow="wf_1", store=store)
    await asyncio.gather(*(broker.owns(f"user_{number}", "cksess_1") for number in range(500)))
    assert warnings(caplog) == []
    for _ in range(2):
        await broker.owns("user_1", "cksess_1")
    assert len(warnings(caplog)) == 1


async def test_a_busy_event_loop_is_no_outage(
    either_broker: AsyncSessionBroker, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    await either_broker.secret_for("user_1")

    async def block() -> None:
        for _ in range(12):
            time.sleep(0.3)  # far beyond the limit of an exchange, in sum
            await asyncio.sleep(0)

    _, lives = await asyncio.gather(
        block(), asyncio.gather(*(either_broker.secret_for(f"user_{n}") for n in range(50)))
    )
    assert len(set(lives)) == len(emulator.sessions()) == 50
    assert warnings(caplog) == []
