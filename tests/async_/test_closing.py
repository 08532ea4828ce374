"""The end of a client: closed once, from anywhere, with calls under way or none."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from chatkit_async import AsyncChatKit, ChatSession
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.errors import APITimeoutError, ClientClosedError

from ..conftest import KEY
from .helpers import cancel, create, made, raised
from .raw import always, never, raw_server, response

pytestmark = pytest.mark.transport


@pytest.mark.parametrize("call", [create, cancel])
async def test_a_closed_client_sends_nothing(emulator: Emulator, call: Callable[..., Any]) -> None:
    async with made(emulator.base_url) as client:
        await create(client)
    await raised(ClientClosedError, call(client))
    await raised(ClientClosedError, call(client.with_options(timeout=5)))
    assert len(emulator.requests()) == 1


@pytest.mark.parametrize("used", [False, True])
async def test_closing_again_is_nothing(emulator: Emulator, used: bool) -> None:
    client = made(emulator.base_url)
    if used:
        await create(client)
    await client.aclose()
    await client.aclose()
    await asyncio.gather(client.aclose(), client.aclose())


async def test_closing_ends_the_connections() -> None:
    async with raw_server(never) as server:
        client = made(server.base_url)
        call = asyncio.create_task(create(client))
        await server.until(lambda known: bool(known.requests))
        await client.aclose()
        await raised(ClientClosedError, call)
        await server.until(lambda known: known.open_connections == 0)


async def waits_for_a_response(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=30))


async def waits_for_the_body(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(kind="trickle", delay=9))


async def waits_for_another_attempt(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=503, headers={"retry-after": "25"}))


UNDER_WAY = [waits_for_a_response, waits_for_the_body, waits_for_another_attempt]


@pytest.mark.parametrize("arrange", UNDER_WAY)
@pytest.mark.parametrize("calls", [1, 3])
async def test_calls_under_way_end_with_the_client(emulator: Emulator, arrange: Any, calls: int) -> None:
    client = made(emulator.base_url)
    for _ in range(calls):
        await arrange(client, emulator)
    tasks = [asyncio.create_task(create(client)) for _ in range(calls)]
    while len(emulator.requests()) < calls:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    await client.aclose()
    for task in tasks:
        assert "closed" in str(await raised(ClientClosedError, task))
    assert len(emulator.requests()) == calls


async def test_calls_in_the_queue_for_a_connection_end_with_the_client(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=30))
    client = made(emulator.base_url, max_connections=1)
    tasks = [asyncio.create_task(create(client)) for _ in range(3)]
    while not emulator.requests():
        await asyncio.sleep(0.01)
    await client.aclose()
    for task in tasks:
        await raised(ClientClosedError, task)
    assert len(emulator.requests()) == 1


async def test_a_call_that_awaits_its_key_ends_without_being_sent(emulator: Emulator) -> None:
    is_asked, is_closed = asyncio.Event(), asyncio.Event()

    async def key() -> str:
        is_asked.set()
        await is_closed.wait()
        return KEY

    client = made(emulator.base_url, api_key=key)
    call = asyncio.create_task(create(client))
    await is_asked.wait()
    await client.aclose()
    is_closed.set()
    await raised(ClientClosedError, call)
    assert emulator.requests() == []


async def test_a_call_that_is_cancelled_while_the_client_closes_is_cancelled(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=30))
    client = made(emulator.base_url)
    call = asyncio.create_task(create(client))
    while not emulator.requests():
        await asyncio.sleep(0.01)
    call.cancel()
    await client.aclose()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_calls_of_other_loops_end_too_when_a_client_is_closed_from_this_one(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=30))
    client = made(emulator.base_url)
    found: list[BaseException] = []

    def elsewhere() -> None:
        found.append(asyncio.run(raised(ClientClosedError, create(client))))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    while not emulator.requests():
        await asyncio.sleep(0.01)
    await client.aclose()
    await asyncio.to_thread(thread.join)
    assert len(found) == 1


async def test_idle_connections_of_other_loops_end_too_when_a_client_is_closed_from_this_one() -> None:
    async with raw_server(always(response())) as server:
        client, is_used, may_end = made(server.base_url), threading.Event(), threading.Event()

        async def use_and_stay() -> None:
            await create(client)
            is_used.set()
            while not may_end.is_set():
                await asyncio.sleep(0.01)

        thread = threading.Thread(target=asyncio.run, args=(use_and_stay(),))
        thread.start()
        while not is_used.is_set():
            await asyncio.sleep(0.01)
        await client.aclose()
        try:
            await server.until(lambda known: known.open_connections == 0)
        finally:
            may_end.set()
        await asyncio.to_thread(thread.join)


async def test_an_unclosed_client_that_is_collected_leaves_no_connection() -> None:
    async with raw_server(never) as server:
        client = made(server.base_url, timeout=0.2, max_retries=0)
        with suppress(APITimeoutError):
            await create(client)
        await asyncio.sleep(0)  # asyncio holds the cancellation behind the timeout until the task's next step
        with pytest.warns(ResourceWarning, match="unclosed AsyncChatKit"):  # noqa: PT031 - dropped here
            del client
            gc.collect()
        await server.until(lambda known: known.open_connections == 0)


async def test_an_unclosed_client_that_is_collected_closes_its_idle_connection() -> None:
    async with raw_server(always(response())) as server:
        client = made(server.base_url)
        await create(client)
        assert server.open_connections == 1
        with pytest.warns(ResourceWarning, match="unclosed AsyncChatKit"):  # noqa: PT031 - dropped here
            del client
            gc.collect()
        await server.until(lambda known: known.open_connections == 0)


async def test_leaving_the_block_closes_also_when_it_raises(emulator: Emulator) -> None:
    client = made(emulator.base_url)
    with suppress(LookupError):
        async with client as entered:
            assert entered is client
            raise LookupError
    await raised(ClientClosedError, create(client))


def test_a_client_is_made_without_a_loop_and_used_in_one(emulator: Emulator) -> None:
    client = AsyncChatKit(KEY, base_url=emulator.base_url)
    assert isinstance(asyncio.run(create(client)), ChatSession)


async def test_a_users_session_is_never_closed(emulator: Emulator) -> None:
    async with aiohttp.ClientSession() as own:
        client = made(emulator.base_url, http_session=own)
        await create(client)
        await client.aclose()
        del client
        gc.collect()
        assert not own.closed


def test_a_users_session_whose_loop_has_ended_is_not_closed_either(emulator: Emulator) -> None:
    async def use() -> tuple[aiohttp.ClientSession, AsyncChatKit]:
        own = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        client = made(emulator.base_url, http_session=own)
        await create(client)
        return own, client

    loop = asyncio.new_event_loop()
    own, client = loop.run_until_complete(use())
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()
    asyncio.run(client.aclose())
    assert not own.closed
    own.detach()


@pytest.mark.parametrize("arrange", UNDER_WAY)
async def test_calls_on_a_users_session_end_with_the_client_too(emulator: Emulator, arrange: Any) -> None:
    async with aiohttp.ClientSession() as own:
        client = made(emulator.base_url, http_session=own)
        await arrange(client, emulator)
        call = asyncio.create_task(create(client))
        while not emulator.requests():
            await asyncio.sleep(0.01)
        await client.aclose()
        await raised(ClientClosedError, call)
        assert not own.closed
