"""The transport alone, against mocked responses; all other tests in this folder use real sockets."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import AsyncIterator, Iterator
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from aioresponses import aioresponses

from chatkit_async._async.delivery import Delivery, UndeliveredError
from chatkit_async._async.proxies import ConnectionSettings
from chatkit_async._async.transport import Transport
from chatkit_async._core.message import Request, Response
from chatkit_async.errors import ClientClosedError

from .helpers import raised

pytestmark = pytest.mark.transport

URL = "https://api.example/v1/chatkit/sessions"
ASKS_FOR_A_WRITER = "stream_writer" in inspect.signature(aiohttp.ClientResponse).parameters
REQUEST = Request("POST", URL, {"x-a": "1", "content-type": "application/json"}, b"{}")


class MockedResponse(aiohttp.ClientResponse):
    """aioresponses does not know that aiohttp asks for a stream writer from 3.14 on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        writer = {"stream_writer": Mock(output_size=0)} if ASKS_FOR_A_WRITER else {}
        super().__init__(*args, **{**writer, **kwargs})


@pytest.fixture
def server() -> Iterator[aioresponses]:
    with aioresponses() as mocked:
        yield mocked


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    made = Transport(ConnectionSettings())
    yield made
    await made.aclose()


async def send(transport: Transport, delivery: Delivery | None = None, connect_s: float = 5) -> Response:
    pool = transport.pools.here()
    return await transport.send(pool, REQUEST, delivery or Delivery(), connect_s=connect_s, proxy=None)


def mock_response(server: aioresponses, **settings: Any) -> None:
    server.post(URL, response_class=MockedResponse, **settings)


@pytest.mark.parametrize("status", [200, 204, 302, 404, 500])
async def test_a_response_is_returned_whole_with_any_status(
    transport: Transport, server: aioresponses, status: int
) -> None:
    mock_response(server, status=status, body=b'{"a": 1}', headers={"X-Request-Id": "req_1"})
    response = await send(transport)
    assert (response.status, response.body, response.is_whole) == (status, b'{"a": 1}', True)
    assert response.headers["x-request-id"] == "req_1"


async def test_what_is_handed_to_aiohttp_is_complete(transport: Transport, server: aioresponses) -> None:
    mock_response(server)
    await send(transport, connect_s=3)
    ((call,),) = server.requests.values()
    passed = call.kwargs
    assert (passed["data"], passed["headers"]) == (b"{}", REQUEST.headers)
    assert (passed["allow_redirects"], passed["raise_for_status"], passed["proxy"]) == (False, False, None)
    assert passed["timeout"] == aiohttp.ClientTimeout(total=None, sock_connect=3)
    assert set(passed["skip_auto_headers"]) == {"user-agent", "accept"}


async def test_no_limit_for_connecting_is_none_for_aiohttp(transport: Transport, server: aioresponses) -> None:
    mock_response(server)
    await send(transport, connect_s=math.inf)
    ((call,),) = server.requests.values()
    assert call.kwargs["timeout"] == aiohttp.ClientTimeout(total=None)


@pytest.mark.parametrize(
    ("error", "is_timeout"),
    [
        (aiohttp.ClientConnectionError("gone"), False),
        (aiohttp.ServerDisconnectedError(), False),
        (aiohttp.ConnectionTimeoutError("slow"), True),
        (ConnectionResetError(104, "reset"), False),
        (TimeoutError(), True),
        (UnicodeError("label too long"), False),
    ],
    ids=repr,
)
async def test_what_aiohttp_raises_before_it_wrote_is_undelivered(
    transport: Transport, server: aioresponses, error: Exception, is_timeout: bool
) -> None:
    mock_response(server, exception=error)
    found = await raised(UndeliveredError, send(transport))
    assert (found.written, found.is_timeout, found.__cause__) == (False, is_timeout, error)


async def test_an_error_that_may_quote_the_response_is_replaced_as_cause(
    transport: Transport, server: aioresponses
) -> None:
    mock_response(server, exception=aiohttp.ClientPayloadError("half of: ek_THE_SECRET"))
    found = await raised(UndeliveredError, send(transport))
    assert type(found.__cause__) is aiohttp.ClientPayloadError
    assert "SECRET" not in str(found) + str(found.__cause__)
    assert found.message


@pytest.mark.parametrize("error", [ValueError("theirs"), RuntimeError("theirs"), LookupError("theirs")], ids=repr)
async def test_errors_that_are_not_the_networks_pass(
    transport: Transport, server: aioresponses, error: Exception
) -> None:
    mock_response(server, exception=error)
    assert await raised(type(error), send(transport)) is error


async def test_a_delivery_that_was_written_says_so_until_the_next_attempt(
    transport: Transport, server: aioresponses
) -> None:
    delivery = Delivery()
    request: Any = Mock(response=None, headers={})

    async def write(written: Any) -> Any:
        written.response = Mock()

    await delivery(request, write)
    assert delivery.is_written
    mock_response(server, exception=aiohttp.ServerDisconnectedError())
    assert (await raised(UndeliveredError, send(transport, delivery))).written
    delivery.begin()
    assert not delivery.is_written


async def test_an_error_caused_by_closing_is_a_client_closed_error(transport: Transport, server: aioresponses) -> None:
    async def close(*_: object, **__: object) -> None:
        await transport.aclose()
        raise aiohttp.ClientConnectionError("Connector is closed")

    mock_response(server, callback=close)
    await raised(ClientClosedError, send(transport))


async def test_each_loop_has_a_session_of_its_own(transport: Transport, server: aioresponses) -> None:
    mock_response(server, repeat=True)
    await send(transport)
    await send(transport)
    here = transport.pools.all()[asyncio.get_running_loop()].session
    await asyncio.to_thread(asyncio.run, send(transport))
    assert list(transport.pools.all().values()) == [transport.pools.all()[asyncio.get_running_loop()]]
    assert not here.closed


async def test_our_own_session_keeps_no_cookies_and_reads_no_environment(
    transport: Transport, server: aioresponses
) -> None:
    mock_response(server)
    await send(transport)
    session = transport.pools.all()[asyncio.get_running_loop()].session
    assert isinstance(session.cookie_jar, aiohttp.DummyCookieJar)
    assert session.trust_env is False
    assert session.connector is not None
    assert (session.connector.limit, session.connector._keepalive_timeout) == (100, 15)
