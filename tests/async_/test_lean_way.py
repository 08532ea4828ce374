"""The lean way of a request and the public one: which is taken when, and what upstream may not change."""

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
from chatkit_async._async import lean_guard, pool, transport
from chatkit_async._async.delivery import Delivery
from chatkit_async._async.lean_request import LARGEST_LEAN_BODY_BYTES, LeanRequest
from chatkit_async.emulator import Emulator
from chatkit_async.errors import APIConnectionError, APIStatusError

from .helpers import create, made, raised
from .raw import Asked, always, raw_server, response
from .test_transport import REQUEST, MockedResponse

LARGE = RequestOptions(body={"more": "x" * LARGEST_LEAN_BODY_BYTES})
EXPECTING = RequestOptions(headers={"expect": "100-continue"})


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests choose the way themselves, whatever --public-way says."""
    monkeypatch.setattr(pool, "is_known", lambda: True)


@pytest.fixture
def lean_requests(monkeypatch: pytest.MonkeyPatch) -> list[LeanRequest]:
    """The requests that went the lean way."""
    seen: list[LeanRequest] = []
    send = transport.send_lean

    def noting(*args: Any) -> Any:
        seen.append(args[1])
        return send(*args)

    monkeypatch.setattr(transport, "send_lean", noting)
    return seen


async def test_requests_go_the_lean_way(emulator: Emulator, lean_requests: list[LeanRequest]) -> None:
    async with made(emulator.base_url) as client:
        session = await create(client)
        await client.sessions.cancel(session.id)
        await client.threads.list()
    assert len(lean_requests) == len(emulator.requests()) == 3


async def middleware(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    return await handler(request)


WATCHED: dict[str, dict[str, Any]] = {
    "a middleware": {"middlewares": [middleware]},
    "a trace": {"trace_configs": [aiohttp.TraceConfig()]},
}


@pytest.mark.parametrize("settings", WATCHED.values(), ids=WATCHED)
async def test_what_the_user_watches_goes_the_public_way(
    emulator: Emulator, lean_requests: list[LeanRequest], settings: dict[str, Any]
) -> None:
    async with made(emulator.base_url, **settings) as client:
        await create(client)
    assert (lean_requests, len(emulator.requests())) == ([], 1)


async def test_a_session_of_the_users_goes_the_public_way(emulator: Emulator, lean_requests: list[LeanRequest]) -> None:
    async with aiohttp.ClientSession() as own, made(emulator.base_url, http_session=own) as client:
        await create(client)
    assert (lean_requests, len(emulator.requests())) == ([], 1)


async def test_a_proxy_is_asked_the_public_way(lean_requests: list[LeanRequest]) -> None:
    async with raw_server(always(response())) as proxy:
        settings = {"proxy": f"http://127.0.0.1:{proxy.port}", "allow_insecure_http": True}
        async with made("http://api.example/v1", **settings) as client:
            await create(client)
        assert (lean_requests, len(proxy.requests)) == ([], 1)


@pytest.mark.parametrize("options", [EXPECTING, LARGE])
async def test_a_request_that_aiohttp_must_care_for_goes_the_public_way(
    lean_requests: list[LeanRequest], options: RequestOptions
) -> None:
    async with raw_server(always(response())) as server:
        async with made(server.base_url) as client:
            await create(client, options)
            assert lean_requests == []
            await create(client)
        assert (len(lean_requests), len(server.requests)) == (1, 2)


async def test_who_mocks_sessions_sees_requests_even_of_an_open_client(
    emulator: Emulator, lean_requests: list[LeanRequest]
) -> None:
    async with made(emulator.base_url) as client:
        await create(client)
        with aioresponses() as mocked:
            url = f"{emulator.base_url}/chatkit/sessions"
            mocked.post(url, response_class=MockedResponse, status=418, payload={})
            assert (await raised(APIStatusError, create(client))).status == 418
        await create(client)
    assert (len(lean_requests), len(emulator.requests())) == (2, 2)


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    lean_guard.is_known.cache_clear()
    caplog.set_level(logging.DEBUG, "chatkit_async")
    return lambda: [record.message for record in caplog.records if "public way" in record.message]


@pytest.fixture
async def asked(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[], Awaitable[list[Asked]]]]:
    """Two creates by a client that asks the guard itself; what came."""
    monkeypatch.setattr(pool, "is_known", lean_guard.is_known)

    async def two_creates() -> list[Asked]:
        async with raw_server(always(response())) as server:
            async with made(server.base_url) as client:
                await create(client)
            async with made(server.base_url) as client:
                await create(client)
            return server.requests

    yield two_creates
    monkeypatch.undo()
    lean_guard.is_known.cache_clear()


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
async def test_an_aiohttp_that_is_not_as_known_is_used_the_public_way_and_said_so_once(
    change: Callable[[pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
    lean_requests: list[LeanRequest],
    said: Callable[[], list[str]],
    asked: Callable[[], Awaitable[list[Asked]]],
) -> None:
    change(monkeypatch)
    assert len(await asked()) == 2
    assert (lean_requests, len(said())) == ([], 1)
    assert aiohttp.__version__ in said()[0]


async def test_this_aiohttp_is_as_known(
    lean_requests: list[LeanRequest], said: Callable[[], list[str]], asked: Callable[[], Awaitable[list[Asked]]]
) -> None:
    assert len(await asked()) == len(lean_requests) == 2
    assert said() == []


def test_the_connector_asks_a_request_for_nothing_new() -> None:
    asked_for = {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(connector)))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "req"
    }
    always_there = {"connection_key", "host", "is_ssl", "port", "request_info", "server_hostname", "ssl", "url"}
    for_proxies = {"headers", "proxy", "proxy_auth", "proxy_headers"}
    assert asked_for <= always_there | for_proxies, "read aiohttp's connector, then LeanRequest and lean_guard"


both_ways = pytest.mark.parametrize("is_known", [True, False], ids=["lean", "public"])


@both_ways
async def test_a_connection_that_is_refused_is_tried_once(monkeypatch: pytest.MonkeyPatch, is_known: bool) -> None:
    monkeypatch.setattr(pool, "is_known", lambda: is_known)
    async with raw_server(always(b"")) as server:
        nobody_there = server.base_url
    async with made(nobody_there, max_retries=0) as client:
        error = await raised(APIConnectionError, client.threads.retrieve("cthr_1"))
    assert (error.attempts, error.outcome) == (1, "not_sent")


@both_ways
async def test_answers_before_the_answer_are_passed_over(monkeypatch: pytest.MonkeyPatch, is_known: bool) -> None:
    monkeypatch.setattr(pool, "is_known", lambda: is_known)
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
from chatkit_async._async.lean_guard import is_known
from chatkit_async._async import transport
print(is_known())
"""


def test_an_aiohttp_without_what_the_lean_way_goes_past_is_no_error_at_import() -> None:
    found = subprocess.run([sys.executable, "-c", RENAMED], capture_output=True, text=True, check=True, timeout=30)
    assert found.stdout.splitlines()[-1] == "False"
    assert "not as known" in found.stdout


@both_ways
async def test_an_answer_without_a_length_ends_with_its_connection(
    monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    monkeypatch.setattr(pool, "is_known", lambda: is_known)
    endless = always(response(content_length=""), then_close=True)
    async with raw_server(endless) as server, made(server.base_url) as client:
        assert (await create(client)).client_secret == "ek_raw"


@pytest.mark.parametrize("closing", [None, Mock(is_closing=lambda: True)], ids=["closed", "closing"])
def test_nothing_is_written_to_a_connection_that_is_closed(closing: Any) -> None:
    lean = LeanRequest(REQUEST, Delivery())
    with pytest.raises(aiohttp.ClientConnectionResetError, match="Cannot write to closing transport"):
        lean.write(closing)
    assert lean.response is None
    assert closing is None or not closing.write.called
