"""What is Redis's own: event loops, forks, a client of the user's, urls, and what is said when it cannot be."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio

from chatkit_async import ConfigurationError
from chatkit_async.broker import RedisStore, Store
from chatkit_async.broker.store import Minted, Place

from ..sync.running import printed
from .redis_server import RedisServer

HERE = Place("user", "device")


async def counted(store: Store) -> int:
    return (await store.count("user", 60)).number


def connections(redis_server: RedisServer) -> int:
    """How many clients Redis has beside the one that asks."""
    return len([line for line in redis_server.ask("CLIENT", "LIST").splitlines() if "cmd=client" not in line]) - 1


def test_loops_one_after_another_each_have_a_client_that_closes_with_them(redis_server: RedisServer) -> None:
    store = RedisStore(redis_server.url)
    assert [asyncio.run(counted(store)) for _ in range(3)] == [1, 2, 3]
    assert store._clients._held == {}


def test_loops_in_several_threads_each_have_a_client(redis_server: RedisServer) -> None:
    store, found = RedisStore(redis_server.url), []
    together = threading.Barrier(4)

    async def work() -> None:
        together.wait(20)
        found.extend([await counted(store) for _ in range(10)])

    threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found) == list(range(1, 41))


def test_closing_it_in_one_loop_has_the_others_close_theirs(redis_server: RedisServer) -> None:
    store = RedisStore(redis_server.url)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(counted(store), loop).result(20)

    async def close() -> None:
        await counted(store)
        await store.aclose()
        async with asyncio.timeout(20):
            while store._clients._held:
                await asyncio.sleep(0.01)

    asyncio.run(close())
    assert asyncio.run_coroutine_threadsafe(counted(store), loop).result(20) == 3
    asyncio.run_coroutine_threadsafe(store.aclose(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()


async def test_many_at_once_use_few_connections(redis_server: RedisServer) -> None:
    store = RedisStore(redis_server.url)
    await asyncio.gather(*(counted(store) for _ in range(200)))
    clients = redis_server.ask("INFO", "clients")
    assert int(clients.split("connected_clients:")[1].split()[0]) <= 17
    await store.aclose()


@pytest.mark.parametrize("decode_responses", [False, True])
async def test_a_client_of_the_users_serves_and_stays_open(redis_server: RedisServer, decode_responses: bool) -> None:
    async with redis.asyncio.from_url(redis_server.url, decode_responses=decode_responses) as client:
        store = RedisStore(client=client)
        assert (await store.read(HERE, "first")).generations.user == "first"
        await store.revoke("user", "second")
        assert dict(await store.sessions("user")) == {}
        await store.aclose()
        assert await client.ping()


def test_a_client_of_the_users_gives_other_loops_its_settings(redis_server: RedisServer) -> None:
    client = redis.asyncio.from_url(redis_server.url, db=3)
    store = RedisStore(client=client)

    async def home() -> int:
        async with client:
            return await counted(store)

    assert [asyncio.run(home()), asyncio.run(counted(store)), asyncio.run(counted(store))] == [1, 2, 3]


def test_a_client_that_serves_one_loop_alone_says_so_in_another(redis_server: RedisServer) -> None:
    pool: Any = redis.asyncio.BlockingConnectionPool.from_url(redis_server.url)
    client = redis.asyncio.Redis(connection_pool=pool)
    store = RedisStore(client=client)

    async def home() -> None:
        await counted(store)
        await pool.disconnect()

    asyncio.run(home())
    with pytest.raises(ConfigurationError, match="BlockingConnectionPool, which serves one event loop: give it a url"):
        asyncio.run(counted(store))


async def test_stores_with_different_prefixes_share_nothing(redis_server: RedisServer) -> None:
    first, second = RedisStore(redis_server.url), RedisStore(redis_server.url, prefix="other")
    assert [await counted(first), await counted(second), await counted(first)] == [1, 1, 2]
    assert all(key.startswith(("chatkit-async:", "other:")) for key in redis_server.ask("KEYS", "*").split()[2::2])
    await first.aclose()
    await second.aclose()


async def test_a_generation_outlives_the_sessions_made_under_it(redis_server: RedisServer) -> None:
    store, key = RedisStore(redis_server.url), "chatkit-async:{user}:generation"
    generations = (await store.read(HERE, "first")).generations
    redis_server.ask("PEXPIRE", key, "60000")
    await store.keep(HERE, Minted("cksess_1", 600, generations))
    assert int(redis_server.ask("PTTL", key)) > 600_000
    await store.aclose()


async def test_scripts_are_loaded_again_where_redis_has_forgotten_them(redis_server: RedisServer) -> None:
    store = RedisStore(redis_server.url)
    await counted(store)
    redis_server.ask("SCRIPT", "FLUSH")
    assert await counted(store) == 2
    await store.aclose()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "a url, or a client"),
        ({"url": "redis://h", "client": redis.asyncio.Redis()}, "a url, or a client"),
        ({"url": "http://somebody:hushhush@h"}, "redis://host"),
        ({"url": ""}, "redis://host"),
        ({"url": "redis://somebody:hushhush@h:port"}, "redis://host"),
        ({"url": 5}, "redis://host"),
        ({"client": redis.Redis()}, "takes a redis.asyncio.Redis as client, not Redis"),
        ({"client": "redis://somebody:hushhush@h"}, "takes a redis.asyncio.Redis as client, not str"),
    ],
)
def test_what_cannot_be_is_refused_without_showing_a_password(arguments: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        RedisStore(**arguments)
    ours = [
        line
        for frame in traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
        for line in (frame.locals or {}).values()
        if "/broker/redis" in frame.filename and "tests" not in frame.filename
    ]
    assert "hushhush" not in f"{caught.value} {ours}"


def test_a_repr_shows_no_password() -> None:
    assert repr(RedisStore("redis://somebody:hushhush@h/0")) == "RedisStore(prefix='chatkit-async')"


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
async def main():
    asyncio.get_running_loop().slow_callback_duration = 60  # it waits for a child
    print((await store.count("user", 60)).number, flush=True)
    child = os.fork()
    if not child:
        return True
    print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    async with asyncio.timeout(20):
        print((await store.count("user", 60)).number, flush=True)
    await store.aclose()
loop = asyncio.new_event_loop()
if loop.run_until_complete(main()):
    async def again():
        asyncio.get_running_loop().slow_callback_duration = 60  # the machine may be busy
        return (await store.count("user", 60)).number
    print("child", asyncio.run(again()), flush=True)
    gc.collect()
    os._exit(0)
loop.close()
"""
    assert printed(tmp_path, text) == "1\nchild 2\nended 0\n3\n"
