"""Cancelling a call from outside: the server sees the request end, nothing is left behind, the client stays usable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import anyio
import pytest

from chatkit_async import AsyncChatKit, ChatSession, RequestOptions
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.errors import APITimeoutError

from .helpers import connections_in_use, create, made
from .raw import RawServer, ReceivedRequest, always, never, raw_server, response

pytestmark = pytest.mark.transport

Leave = Callable[[Callable[[], Awaitable[object]], RawServer], Awaitable[None]]


async def asyncio_timeout(call: Callable[[], Awaitable[object]], server: RawServer) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await call()


async def asyncio_wait_for(call: Callable[[], Awaitable[object]], server: RawServer) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(call(), 0.2)


async def anyio_fail_after(call: Callable[[], Awaitable[object]], server: RawServer) -> None:
    with pytest.raises(TimeoutError), anyio.fail_after(0.2):
        await call()


async def anyio_move_on_after(call: Callable[[], Awaitable[object]], server: RawServer) -> None:
    with anyio.move_on_after(0.2) as scope:
        await call()
    assert scope.cancelled_caught


async def task_cancel(call: Callable[[], Awaitable[object]], server: RawServer) -> None:
    task = asyncio.ensure_future(call())
    await server.until(lambda known: bool(known.requests))
    await asyncio.sleep(0.05)
    task.cancel("enough")
    with pytest.raises(asyncio.CancelledError, match="enough"):
        await task


async def task_group(call: Callable[[], Awaitable[object]], server: RawServer) -> None:
    async def fail() -> None:
        await server.until(lambda known: bool(known.requests))
        raise KeyError("another task's")

    with pytest.raises(ExceptionGroup):  # noqa: PT012 - the group is what raises
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            await call()


LEAVES = [asyncio_timeout, asyncio_wait_for, anyio_fail_after, anyio_move_on_after, task_cancel, task_group]


async def half_a_body(writer: asyncio.StreamWriter, received: ReceivedRequest) -> None:
    writer.write(response(b'{"id":', content_length="100"))


async def half_a_chunk(writer: asyncio.StreamWriter, received: ReceivedRequest) -> None:
    writer.write(response(b'6\r\n{"id":\r\n', content_length="", transfer_encoding="chunked"))


async def half_a_gzip(writer: asyncio.StreamWriter, received: ReceivedRequest) -> None:
    writer.write(response(b"\x1f\x8b\x08\x00\x00", content_length="100", content_encoding="gzip"))


class Stuck:
    """A server that begins its responses as `first` does, and goes on when it is freed."""

    def __init__(self, first: Callable[[asyncio.StreamWriter, ReceivedRequest], Awaitable[None]]) -> None:
        self._first = first
        self._is_stuck = True

    async def __call__(self, writer: asyncio.StreamWriter, received: ReceivedRequest) -> None:
        if self._is_stuck:
            await self._first(writer, received)
        else:
            writer.write(response())

    def free(self) -> None:
        self._is_stuck = False


@pytest.mark.parametrize("leave", LEAVES)
@pytest.mark.parametrize("first", [never, half_a_body, half_a_chunk, half_a_gzip])
async def test_a_cancelled_call_closes_its_connection(
    leave: Leave, first: Callable[[asyncio.StreamWriter, ReceivedRequest], Awaitable[None]]
) -> None:
    stuck = Stuck(first)
    async with raw_server(stuck) as server, made(server.base_url) as client:
        await leave(lambda: create(client), server)
        assert connections_in_use(client) == 0
        await server.until(lambda known: known.open_connections == 0)
        requests, connections = len(server.requests), server.connections
        stuck.free()
        session = await create(client)
        assert session.response.attempts == 1
        assert (len(server.requests), server.connections) == (requests + 1, connections + 1)


@pytest.mark.parametrize("first", [never, half_a_body, half_a_chunk, half_a_gzip])
async def test_a_deadline_of_our_own_ends_the_request_too(
    first: Callable[[asyncio.StreamWriter, ReceivedRequest], Awaitable[None]],
) -> None:
    stuck = Stuck(first)
    async with raw_server(stuck) as server, made(server.base_url) as client:
        with pytest.raises(APITimeoutError):
            await create(client, options=RequestOptions(timeout=0.2))
        assert connections_in_use(client) == 0
        await server.until(lambda known: known.open_connections == 0)
        requests, connections = len(server.requests), server.connections
        stuck.free()
        await create(client)
        assert (len(server.requests), server.connections) == (requests + 1, connections + 1)


async def test_a_cancelled_wait_between_attempts_sends_nothing_more(client: AsyncChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=503, headers={"retry-after": "20"}))
    task = asyncio.create_task(create(client))
    while not emulator.requests():
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(emulator.requests()) == 1
    assert isinstance(await create(client), ChatSession)


async def test_a_call_cancelled_while_it_waits_for_a_connection_leaves_the_queue(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=0.5))
    async with made(emulator.base_url, max_connections=1) as client:
        holder = asyncio.create_task(create(client))
        while not emulator.requests():
            await asyncio.sleep(0.01)
        waiting = asyncio.create_task(create(client))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await holder
        await create(client)
        assert connections_in_use(client) == 0
    assert len(emulator.requests()) == len(emulator.sessions()) == 2


async def test_an_outer_timeout_that_does_not_pass_changes_nothing(client: AsyncChatKit) -> None:
    async with asyncio.timeout(30):
        with anyio.fail_after(30):
            await create(client)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def middleware(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    return await handler(request)


@pytest.mark.usefixtures("fast_path")
@pytest.mark.parametrize("middlewares", [[], [middleware]], ids=["fast", "public"])
async def test_a_call_that_waits_for_a_connection_gets_it_when_the_one_before_is_cancelled_at_any_turn_of_the_loop(
    middlewares: list[aiohttp.ClientMiddlewareType],
) -> None:
    async with raw_server(always(response())) as server:
        for turns in range(1, 25):
            async with made(
                server.base_url, max_connections=1, max_retries=0, timeout=5, middlewares=middlewares
            ) as client:
                await create(client)
                first, second, third = [asyncio.ensure_future(create(client)) for _ in range(3)]
                for _ in range(turns):
                    await asyncio.sleep(0)
                second.cancel()
                await asyncio.gather(first, third)
                await asyncio.wait([second])
