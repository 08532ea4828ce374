"""A server closes connections while the client's loop stands still: creates succeed all the same, once each."""

from __future__ import annotations

import asyncio
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from chatkit_async import AsyncChatKit, ChatSession
from chatkit_async.emulator import Emulator

from ..conftest import KEY
from .helpers import create, made
from .raw import ReceivedRequest, raw_server_in_thread, response

pytestmark = pytest.mark.transport


def test_creates_after_a_blocked_loop_succeed_with_one_session_each() -> None:
    with Emulator.in_thread(keep_alive_s=0.4) as emulator:

        async def five_creates() -> list[int]:
            async with AsyncChatKit(KEY, base_url=emulator.base_url) as client:
                await create(client)
                return [(await after_a_blocked_loop(client)).response.attempts for _ in range(5)]

        with ThreadPoolExecutor(4) as threads:
            four = [threads.submit(asyncio.run, five_creates()) for _ in range(4)]
        assert [each.result() for each in four] == [[1] * 5] * 4
        assert len(emulator.sessions()) == len(emulator.requests()) == 24


async def after_a_blocked_loop(client: AsyncChatKit) -> ChatSession:
    time.sleep(0.7)
    return await create(client)


async def test_many_creates_at_once_after_a_blocked_loop_succeed_too() -> None:
    with Emulator.in_thread(keep_alive_s=0.4) as emulator:
        async with AsyncChatKit(KEY, base_url=emulator.base_url) as client:
            for _ in range(3):
                await asyncio.gather(*(create(client) for _ in range(30)))
                time.sleep(0.7)
            await asyncio.gather(*(create(client) for _ in range(30)))
        assert len(emulator.sessions()) == len(emulator.requests()) == 120


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_connection_closed_during_a_blocked_loop_carries_nothing(
    tls: tuple[ssl.SSLContext, ssl.SSLContext], encrypted: bool
) -> None:
    async def respond_and_leave(writer: asyncio.StreamWriter, received: ReceivedRequest) -> None:
        writer.write(response())
        await writer.drain()
        asyncio.get_running_loop().call_later(0.05, writer.close)

    with raw_server_in_thread(respond_and_leave, context=tls[0] if encrypted else None) as server:
        url = f"https://localhost:{server.port}/v1" if encrypted else server.base_url
        async with made(url, ssl=tls[1]) as client:
            for number in range(1, 6):
                assert (await create(client)).response.attempts == 1
                time.sleep(0.15)
                assert len(server.requests) == number


def test_a_connection_closed_a_moment_ago_is_noticed_before_it_is_used() -> None:
    with Emulator.in_thread(keep_alive_s=0.03) as emulator:

        async def creates() -> list[int]:
            async with AsyncChatKit(KEY, base_url=emulator.base_url, max_retries=0) as client:
                await create(client)
                return [(await after_a_short_block(client)).response.attempts for _ in range(5)]

        assert asyncio.run(creates()) == [1] * 5
        assert len(emulator.sessions()) == len(emulator.requests()) == 6


async def after_a_short_block(client: AsyncChatKit) -> ChatSession:
    time.sleep(0.08)
    return await create(client)


@pytest.mark.usefixtures("fast_path")
async def test_where_sockets_cannot_be_polled_the_loop_runs_two_turns(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncChatKit(KEY, base_url=emulator.base_url) as client:
        await create(client)
        [pool] = client._caller.shared.transport().pools.all().values()
        assert not pool.may_have_ended()
        monkeypatch.delattr("select.poll")
        assert pool.may_have_ended()
        assert (await create(client)).response.attempts == 1
