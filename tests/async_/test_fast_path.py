"""Which requests take the fast path, and which changes of aiohttp turn it off."""

from __future__ import annotations

import ast
import inspect
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp import connector
from aioresponses import aioresponses

from chatkit_async import RequestOptions
from chatkit_async._async._fast_path import guard, pool
from chatkit_async._async._fast_path.request import LARGEST_SINGLE_WRITE_BYTES, FastRequest
from chatkit_async._async.delivery import Delivery
from chatkit_async.emulator import Emulator
from chatkit_async.errors import APIConnectionError, APIStatusError

from .helpers import create, made, raised
from .raw import ReceivedRequest, always, raw_server, response
from .test_transport import REQUEST, MockedResponse

LARGE = RequestOptions(body={"more": "x" * LARGEST_SINGLE_WRITE_BYTES})
EXPECTING = RequestOptions(headers={"expect": "100-continue"})


@pytest.fixture
def fast_requests(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The requests that took the fast path."""
    seen: list[Any] = []

    def noting(send: Any) -> Any:
        def note(*args: Any) -> Any:
            seen.append(args[1])
            return send(*args)

        return note

    monkeypatch.setattr(pool, "send", noting(pool.send))
    monkeypatch.setattr(pool, "send_repeatable", noting(pool.send_repeatable))
    return seen


async def test_plain_requests_take_the_fast_path(emulator: Emulator, fast_requests: list[Any]) -> None:
    async with made(emulator.base_url) as client:
        session = await create(client)
        await client.sessions.cancel(session.id)
        await client.threads.list()
    assert len(fast_requests) == len(emulator.requests()) == 3


async def middleware(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    return await handler(request)


WATCHED: dict[str, dict[str, Any]] = {
    "a middleware": {"middlewares": [middleware]},
    "a trace": {"trace_configs": [aiohttp.TraceConfig()]},
}


@pytest.mark.parametrize("settings", WATCHED.values(), ids=WATCHED)
async def test_requests_that_the_user_observes_go_through_aiohttp(
    emulator: Emulator, fast_requests: list[Any], settings: dict[str, Any]
) -> None:
    async with made(emulator.base_url, **settings) as client:
        await create(client)
    assert (fast_requests, len(emulator.requests())) == ([], 1)


async def test_requests_of_an_http_session_go_through_aiohttp(emulator: Emulator, fast_requests: list[Any]) -> None:
    async with aiohttp.ClientSession() as own, made(emulator.base_url, http_session=own) as client:
        await create(client)
    assert (fast_requests, len(emulator.requests())) == ([], 1)


async def test_requests_through_a_proxy_go_through_aiohttp(fast_requests: list[Any]) -> None:
    async with raw_server(always(response())) as proxy:
        settings = {"proxy": f"http://127.0.0.1:{proxy.port}", "allow_insecure_http": True}
        async with made("http://api.example/v1", **settings) as client:
            await create(client)
        assert (fast_requests, len(proxy.requests)) == ([], 1)


@pytest.mark.parametrize("options", [EXPECTING, LARGE])
async def test_a_request_that_is_not_plain_goes_through_aiohttp(
    fast_requests: list[Any], options: RequestOptions
) -> None:
    async with raw_server(always(response())) as server:
        async with made(server.base_url) as client:
            await create(client, options)
            assert fast_requests == []
            await create(client)
        assert (len(fast_requests), len(server.requests)) == (1, 2)


async def test_a_mock_of_sessions_sees_the_requests_of_a_client_that_is_already_open(
    emulator: Emulator, fast_requests: list[Any]
) -> None:
    async with made(emulator.base_url) as client:
        await create(client)
        with aioresponses() as mocked:
            url = f"{emulator.base_url}/chatkit/sessions"
            mocked.post(url, response_class=MockedResponse, status=418, payload={})
            assert (await raised(APIStatusError, create(client))).status == 418
        await create(client)
    assert (len(fast_requests), len(emulator.requests())) == (2, 2)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    guard.is_fast_path_known.cache_clear()
    caplog.set_level(logging.DEBUG, "chatkit_async")
    return lambda: [record.message for record in caplog.records if "Fast path disabled" in record.message]


@pytest.fixture
async def received(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[], Awaitable[list[ReceivedRequest]]]]:
    """Two creates, each by a new client; the requests that arrived."""

    async def two_creates() -> list[ReceivedRequest]:
        async with raw_server(always(response())) as server:
            async with made(server.base_url) as client:
                await create(client)
            async with made(server.base_url) as client:
                await create(client)
            return server.requests

    yield two_creates
    monkeypatch.undo()
    guard.is_fast_path_known.cache_clear()


def of_a_version_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiohttp, "__version__", "3.99.0")


def with_another_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(self: Any, request: Any, *, timeout: Any) -> None: ...

    monkeypatch.setattr(connector.BaseConnector, "connect", connect)
    monkeypatch.setattr(connector.TCPConnector, "connect", connector_connect, raising=False)


connector_connect = connector.BaseConnector.connect


def without_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    from aiohttp import client_proto

    monkeypatch.delattr(client_proto, "ResponseHandler")


def with_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    known = aiohttp.ClientRequest.connection_key
    monkeypatch.setattr(
        aiohttp.ClientRequest, "connection_key", property(lambda self: (known.fget(self), self.novelty)[0])
    )
    monkeypatch.setattr(aiohttp.ClientRequest, "novelty", 1, raising=False)


def without_its_encodings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiohttp.ClientRequest, "DEFAULT_HEADERS", {})


@pytest.mark.parametrize(
    "change",
    [of_a_version_to_come, with_another_signature, without_a_class, with_another_key, without_its_encodings],
)
async def test_an_unknown_aiohttp_disables_the_fast_path_and_the_log_says_so_once(
    change: Callable[[pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
    fast_requests: list[Any],
    logged: Callable[[], list[str]],
    received: Callable[[], Awaitable[list[ReceivedRequest]]],
) -> None:
    change(monkeypatch)
    assert len(await received()) == 2
    assert (fast_requests, len(logged())) == ([], 1)
    assert aiohttp.__version__ in logged()[0]


async def test_the_installed_aiohttp_is_known(
    fast_requests: list[Any], logged: Callable[[], list[str]], received: Callable[[], Awaitable[list[ReceivedRequest]]]
) -> None:
    assert len(await received()) == len(fast_requests) == 2
    assert logged() == []


def test_the_connector_reads_no_new_attribute_of_a_request() -> None:
    asked_for = {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(connector)))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "req"
    }
    always_there = {"connection_key", "host", "is_ssl", "port", "request_info", "server_hostname", "ssl", "url"}
    for_proxies = {"headers", "proxy", "proxy_auth", "proxy_headers"}
    assert asked_for <= always_there | for_proxies, "read aiohttp's connector, then FastRequest and guard"


@pytest.mark.usefixtures("both_paths")
async def test_a_connection_that_is_refused_is_tried_once() -> None:
    async with raw_server(always(b"")) as server:
        unused = server.base_url
    async with made(unused, max_retries=0) as client:
        error = await raised(APIConnectionError, client.threads.retrieve("cthr_1"))
    assert (error.attempts, error.outcome) == (1, "not_sent")


@pytest.mark.usefixtures("both_paths")
async def test_informational_responses_are_skipped() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n"
    async with raw_server(always(early + early + response())) as server, made(server.base_url) as client:
        assert (await create(client)).client_secret == "ek_raw"
        assert (await create(client)).response.status == 200
        assert server.connections == 1


RENAMED = """
import logging, sys
import aiohttp
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, format="%(message)s")
del aiohttp.ClientRequest.send, aiohttp.ClientRequest.DEFAULT_HEADERS
from chatkit_async._async._fast_path.guard import is_fast_path_known
from chatkit_async._async import transport
print(is_fast_path_known())
"""


def test_an_aiohttp_without_the_functions_that_are_left_out_is_no_error_at_import() -> None:
    found = subprocess.run([sys.executable, "-c", RENAMED], capture_output=True, text=True, check=True, timeout=30)
    assert found.stdout.splitlines()[-1] == "False"
    assert "Fast path disabled" in found.stdout


@pytest.mark.usefixtures("both_paths")
async def test_a_response_without_a_length_ends_with_its_connection() -> None:
    endless = always(response(content_length=""), then_close=True)
    async with raw_server(endless) as server, made(server.base_url) as client:
        assert (await create(client)).client_secret == "ek_raw"


@pytest.mark.parametrize("closing", [None, Mock(is_closing=lambda: True)], ids=["closed", "closing"])
def test_nothing_is_written_to_a_connection_that_is_closed(closing: Any) -> None:
    fast = FastRequest(REQUEST, Delivery())
    with pytest.raises(aiohttp.ClientConnectionResetError, match="Cannot write to closing transport"):
        fast.write(closing)
    assert fast.response is None
    assert closing is None or not closing.write.called
