"""`RedisStore`: any event loop, forks, a client of the user's, and keys that other programs wrote to."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio

from chatkit_async import AsyncChatKit, ConfigurationError
from chatkit_async.broker import AsyncSessionBroker, RedisStore
from chatkit_async.emulator import Emulator

from ..conftest import KEY
from ..sync.running import printed
from .failures import KEYS, connected, other_process
from .outages import user_key, warnings
from .redis_server import RedisServer


@pytest.fixture
async def broker(client: AsyncChatKit, redis_server: RedisServer) -> AsyncIterator[AsyncSessionBroker]:
    async with other_process(client, redis_server) as made:
        await made.start()
        yield made


# --- event loops, forks, clients --------------------------------------------------------------------------------------


def test_loops_one_after_another_each_have_a_connection_that_closes_with_them(
    redis_server: RedisServer, emulator: Emulator
) -> None:
    client = AsyncChatKit(KEY, base_url=emulator.base_url)
    broker = other_process(client, redis_server)
    assert len({asyncio.run(broker.secret_for("user_1")) for _ in range(3)}) == 1
    assert broker._store._breaker._store._links.all() == {}  # type: ignore[attr-defined]


def test_loops_in_several_threads_share_one_session(redis_server: RedisServer, emulator: Emulator) -> None:
    client = AsyncChatKit(KEY, base_url=emulator.base_url)
    broker, found, together = other_process(client, redis_server), [], threading.Barrier(4)

    async def work() -> None:
        together.wait(20)
        found.extend(await asyncio.gather(*(broker.secret_for(f"user_{number % 3}") for number in range(12))))

    threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(found), len(set(found)), len(emulator.sessions())) == (48, 3, 3)


def test_closing_it_in_one_loop_has_the_others_close_theirs(redis_server: RedisServer) -> None:
    store = RedisStore(redis_server.url)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(store.get("user"), loop).result(20)

    async def close() -> None:
        await store.get("user")
        await store.aclose()
        async with asyncio.timeout(20):
            while store._links.all():
                await asyncio.sleep(0.01)

    asyncio.run(close())
    deadline_s = time.monotonic() + 20
    while connected(redis_server) > 1:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    asyncio.run_coroutine_threadsafe(store.get("user"), loop).result(20)
    asyncio.run_coroutine_threadsafe(store.aclose(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()


@pytest.mark.parametrize("decode_responses", [False, True])
async def test_a_client_of_the_users_serves_and_stays_open(
    client: AsyncChatKit, redis_server: RedisServer, decode_responses: bool
) -> None:
    async with redis.asyncio.from_url(redis_server.url, decode_responses=decode_responses) as given:
        store = RedisStore(client=given)
        async with AsyncSessionBroker(client, workflow="wf_1", store=store, share_secrets=KEYS) as broker:
            live = await broker.secret_for("user_1")
            assert await broker.secret_for("user_1") == live
            assert await broker.owns("user_1", live.session_id)
            assert (await broker.renew("user_1")) != live
            assert (await broker.revoke("user_1")).is_complete
        assert await given.ping()


def test_a_client_of_the_users_gives_other_loops_its_settings(redis_server: RedisServer) -> None:
    given = redis.asyncio.from_url(redis_server.url, db=3)
    store = RedisStore(client=given)

    async def home() -> bool:
        async with given:
            return await store.swap("user", b"", b"value")

    async def elsewhere() -> bytes:
        return (await store.get("user"))[0]

    assert [asyncio.run(home()), asyncio.run(elsewhere()), asyncio.run(elsewhere())] == [True, b"value", b"value"]


def test_a_client_that_serves_one_loop_alone_says_so_in_another(redis_server: RedisServer) -> None:
    pool: Any = redis.asyncio.BlockingConnectionPool.from_url(redis_server.url)
    store = RedisStore(client=redis.asyncio.Redis(connection_pool=pool))

    async def home() -> None:
        await store.get("user")
        await pool.disconnect()

    asyncio.run(home())
    with pytest.raises(ConfigurationError, match="BlockingConnectionPool, which serves one event loop: give it a url"):
        asyncio.run(store.get("user"))


async def test_stores_with_different_prefixes_share_nothing(
    client: AsyncChatKit, redis_server: RedisServer, emulator: Emulator
) -> None:
    stores = [RedisStore(redis_server.url, prefix=prefix) for prefix in ("one", "two")]
    brokers = [AsyncSessionBroker(client, workflow="wf_1", store=store, share_secrets=KEYS) for store in stores]
    one, two = [await broker.secret_for("user_1") for broker in brokers]
    assert one != two
    assert not await brokers[0].owns("user_1", two.session_id)
    assert {line[:4] for line in redis_server.ask("KEYS", "*").split()[2::2]} == {"one:", "two:"}
    for broker in brokers:
        await broker.aclose()


async def test_scripts_work_after_redis_has_forgotten_them(
    broker: AsyncSessionBroker, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    redis_server.ask("SCRIPT", "FLUSH")
    live = await broker.secret_for("user_1")
    assert await broker.owns("user_1", live.session_id)
    assert warnings(caplog) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "a url, or a client"),
        ({"url": "redis://h", "client": redis.asyncio.Redis()}, "a url, or a client"),
        ({"url": "http://name:hushhush@h"}, "redis://host"),
        ({"url": ""}, "redis://host"),
        ({"url": "redis://name:hushhush@h:port"}, "redis://host"),
        ({"url": 5}, "redis://host"),
        ({"client": redis.Redis()}, "takes a redis.asyncio.Redis as client, not Redis"),
        (
            {"client": object.__new__(redis.asyncio.RedisCluster)},
            "not RedisCluster: RedisStore cannot use a Cluster; give",
        ),
        ({"client": "redis://name:hushhush@h"}, "takes a redis.asyncio.Redis as client, not str"),
    ],
)
def test_wrong_arguments_are_refused_without_showing_a_password(arguments: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        RedisStore(**arguments)
    ours = [
        line
        for frame in traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
        for line in (frame.locals or {}).values()
        if "/broker/_redis" in frame.filename and "tests" not in frame.filename
    ]
    assert "hushhush" not in f"{caught.value} {ours}"


def test_a_repr_shows_the_server_and_no_password() -> None:
    assert repr(RedisStore("redis://name:hushhush@h/2")) == "RedisStore('h:6379/2', prefix='chatkit-async')"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_child_leaves_the_connections_of_its_parent_alone(
    tmp_path: Path, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "REDIS", redis_server.url)
    text = """
import asyncio, gc, os, sys
from chatkit_async.broker import RedisStore
store = RedisStore(os.environ["REDIS"])
async def swapped(old, new):
    asyncio.get_running_loop().slow_callback_duration = 60  # it waits for a child
    return await store.swap("user", old, new)
async def main():
    print(await swapped(b"", b"1"), flush=True)
    child = os.fork()
    if not child:
        return True
    print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    async with asyncio.timeout(20):
        print(await swapped(b"2", b"3"), flush=True)
    await store.aclose()
loop = asyncio.new_event_loop()
if loop.run_until_complete(main()):
    print("child", asyncio.run(swapped(b"1", b"2")), flush=True)
    gc.collect()
    os._exit(0)
loop.close()
"""
    assert printed(tmp_path, text) == "True\nchild True\nended 0\nTrue\n"


# --- keys that other programs wrote to --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("SET", "foo"), ("ZADD", "1", "x"), ("RPUSH", "x")], ids=lambda each: each[0])
async def test_a_users_key_of_another_type_is_dropped_and_is_no_outage(
    broker: AsyncSessionBroker, redis_server: RedisServer, caplog: pytest.LogCaptureFixture, command: tuple[str, ...]
) -> None:
    other = await broker.secret_for("user_2")

    def spoil() -> None:
        redis_server.ask("DEL", user_key())
        redis_server.ask(command[0], user_key(), *command[1:])

    spoil()
    live = await broker.secret_for("user_1")
    assert await broker.secret_for("user_1") == live
    spoil()
    assert not await broker.owns("user_1", live.session_id)
    spoil()
    assert live.session_id in {result.session_id for result in (await broker.revoke("user_1")).sessions}
    assert await broker.secret_for("user_2") == other
    assert warnings(caplog) == []


@pytest.mark.parametrize(
    "value",
    [
        "rubbish",
        "[]",
        "{}",
        "null",
        "[" * 5000,
        '{"sessions": 1}',
        '{"sessions": {"cksess_1": [1]}}',
        '{"creations": {"": [1e999, ""]}}',
        '{"secrets": {"SLOT": [NaN, "", ""]}, "versions": {"SLOT": 5}, "revocations": {"": null}}',
        '{"secrets": {"SLOT": [9e15, "x", "x"]}, "versions": {"SLOT": "x"}, "window": [-1, -1]}',
        '{"leases": {"SLOT": ["", "", ""]}, "window": ["", ""]}',
        '{"leases": {"SLOT": [-1, -1, "x"]}, "window": [-1, 99999999999999]}',
    ],
)
async def test_rubbish_under_a_users_key_is_no_reason_to_fail(
    broker: AsyncSessionBroker,
    redis_server: RedisServer,
    emulator: Emulator,
    caplog: pytest.LogCaptureFixture,
    value: str,
) -> None:
    await broker.secret_for("user_2")
    redis_server.ask("SET", user_key(), value.replace("SLOT", broker._template.place("user_1", None).slot))
    async with asyncio.timeout(20):
        await broker.secret_for("user_1")
        revocation = await broker.revoke("user_1")
        live = await broker.secret_for("user_1")
    assert await broker.owns("user_1", live.session_id)
    ended = [session["status"] for session in emulator.sessions() if session["user"] == "user_1"]
    assert ended == ["cancelled"] * (len(ended) - 1) + ["active"]
    assert len(revocation.sessions) <= 2
    assert [text for text in warnings(caplog) if "down" in text] == []


async def test_a_state_of_another_type_is_no_outage(
    client: AsyncChatKit, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    redis_server.ask("SET", "chatkit-async:state", "foo")
    async with other_process(client, redis_server) as broker:
        await broker.secret_for("user_1")
        assert (await broker.revoke("user_1")).is_complete
    assert warnings(caplog) == []


async def test_a_value_that_redis_py_cannot_decode_is_one_users_trouble(
    client: AsyncChatKit, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with redis.asyncio.Redis(unix_socket_path=redis_server.path, decode_responses=True) as decoding:
        broker = AsyncSessionBroker(client, workflow="wf_1", store=RedisStore(client=decoding))
        await decoding.set(user_key(), b"\xff\xfe")
        for _ in range(3):
            await broker.secret_for("user_1")
        await broker.aclose()
        assert not warnings(caplog)
