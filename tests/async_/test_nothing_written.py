"""Retries and outcomes: the row about requests of which nothing was written. Both calls are sent again."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import pytest

from chatkit_async import AsyncChatKit, RequestOptions, RetryPolicy, Timeout
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.errors import APIConnectionError, APITimeoutError

from .helpers import cancel, create, made, raised
from .raw import always, never, raw_server, response

pytestmark = pytest.mark.transport

Call = Callable[..., Any]
each_call = pytest.mark.parametrize("call", [create, cancel])


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port whose queue of new connections is full, so that connecting hangs."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(deaf.getsockname())
        yield deaf.getsockname()[1]
        for one in waiting:
            one.close()


def unused_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@each_call
async def test_a_refused_connection_is_tried_again(call: Call) -> None:
    async with made(f"http://127.0.0.1:{unused_port()}/v1") as client:
        error = await raised(APIConnectionError, call(client))
    assert (type(error), error.outcome, error.attempts) == (APIConnectionError, "not_sent", 3)
    assert isinstance(error.__cause__, aiohttp.ClientConnectorError)


@each_call
async def test_a_name_that_does_not_resolve_is_tried_again(call: Call) -> None:
    async with made("https://nowhere.invalid/v1") as client:
        error = await raised(APIConnectionError, call(client))
    assert (error.outcome, error.attempts) == ("not_sent", 3)
    assert isinstance(error.__cause__, aiohttp.ClientConnectorDNSError)


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "api..example"])
async def test_a_name_that_cannot_be_one_is_our_error(host: str) -> None:
    async with made(f"https://{host}/v1") as client:
        error = await raised(APIConnectionError, create(client))
    assert error.outcome == "not_sent"


@each_call
async def test_an_untrusted_certificate_is_tried_again(call: Call, tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async with raw_server(always(response()), context=tls[0]) as server:
        async with made(f"https://127.0.0.1:{server.port}/v1") as client:
            error = await raised(APIConnectionError, call(client))
        assert (error.outcome, error.attempts, server.requests) == ("not_sent", 3, [])
    assert isinstance(error.__cause__, aiohttp.ClientConnectorCertificateError)


@each_call
async def test_a_server_that_speaks_no_tls_is_tried_again(call: Call) -> None:
    async with raw_server(never) as server, made(f"https://127.0.0.1:{server.port}/v1") as client:
        error = await raised(APIConnectionError, call(client, RequestOptions(timeout=Timeout(9, connect=0.2))))
    assert (error.outcome, error.attempts, server.connections) == ("not_sent", 3, 3)


@each_call
async def test_a_connection_that_does_not_come_up_is_given_up_and_tried_again(call: Call, deaf_port: int) -> None:
    async with made(f"http://127.0.0.1:{deaf_port}/v1", timeout=Timeout(20, connect=0.1)) as client:
        error = await raised(APITimeoutError, call(client))
    assert (error.outcome, error.attempts) == ("not_sent", 3)
    assert isinstance(error.__cause__, aiohttp.ConnectionTimeoutError)
    assert f"127.0.0.1:{deaf_port}" in str(error)


async def test_without_a_limit_for_connecting_the_deadline_still_holds(deaf_port: int) -> None:
    forever = Timeout(0.3, connect=float("inf"))
    async with made(f"http://127.0.0.1:{deaf_port}/v1", timeout=forever) as client:
        error = await raised(APITimeoutError, create(client))
    assert (error.outcome, error.attempts) == ("not_sent", 1)


@each_call
async def test_a_call_that_waits_for_a_free_connection_has_sent_nothing(emulator: Emulator, call: Call) -> None:
    emulator.add_faults(Fault(delay=30))
    async with made(emulator.base_url, max_connections=1) as client:
        holder = asyncio.create_task(create(client))
        while not emulator.requests():
            await asyncio.sleep(0.01)
        error = await raised(APITimeoutError, call(client, RequestOptions(timeout=0.2)))
        holder.cancel()
        await asyncio.wait([holder])
    assert (error.outcome, error.attempts, len(emulator.requests())) == ("not_sent", 1, 1)


@each_call
@pytest.mark.parametrize("max_retries", [0, 2])
async def test_a_pooled_connection_found_closing_has_carried_nothing_and_costs_no_retry(
    emulator: Emulator, call: Call, max_retries: int
) -> None:
    lost: list[asyncio.Transport] = []

    async def lose_the_reused(session: aiohttp.ClientSession, *_: object) -> None:
        assert session.connector is not None
        for protocol in session.connector._acquired:
            lost.append(protocol.transport)
            protocol.transport = None

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(lose_the_reused)
    waits = RetryPolicy(initial_delay_s=60)
    async with made(emulator.base_url, trace_configs=[trace], max_retries=max_retries, retry_policy=waits) as client:
        session = await create(client)
        again = await (create(client) if call is create else client.sessions.cancel(session.id))
        lost[0].abort()
    assert (again.response.attempts, len(lost), len(emulator.requests())) == (2, 1, 2)


async def test_a_proxy_that_refuses_the_tunnel_has_passed_nothing_on() -> None:
    refusal = response(b"", status="502 Bad Gateway")
    async with raw_server(always(refusal)) as proxy:
        async with AsyncChatKit("sk-test", proxy=f"http://127.0.0.1:{proxy.port}", max_retries=0) as client:
            error = await raised(APIConnectionError, create(client))
        assert [received.method for received in proxy.requests] == ["CONNECT"]
    assert (error.outcome, error.attempts) == ("not_sent", 1)
