"""Without a private part of aiohttp one feature is off, the log says which, and all calls still work."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from chatkit_async._async._fast_path import guard
from chatkit_async._async._fast_path.guard import CLASS_PARTS, PARTS, TEXTS, Part
from chatkit_async._async.pool import Connector
from chatkit_async.emulator import Emulator
from chatkit_async.errors import APIConnectionError

from ..conftest import KEY
from .conftest import FOLDER
from .helpers import create, made, raised
from .raw import in_turn, raw_server, response

Log = Callable[[], list[str]]


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Log:
    """The warnings of the guard."""
    guard._report.cache_clear()
    caplog.set_level(logging.WARNING, "chatkit_async")
    return lambda: [record.getMessage() for record in caplog.records if "has changed" in record.getMessage()]


def take_away(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(PARTS, name, Part("session.gone_in_another_version", PARTS[name].off))


async def use_everything(base_url: str) -> list[str]:
    """What the client does with the parts: reuse, wait for a connection, a session of the user, a cancelled call."""
    ran: list[str] = []

    async def theirs(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        ran.append("theirs")
        return await handler(request)

    async with made(base_url, max_connections=1) as client:
        assert (await create(client)).response.attempts == 1
        calls = [asyncio.ensure_future(create(client)) for _ in range(3)]
        await asyncio.sleep(0)
        calls[1].cancel()
        await asyncio.wait(calls)
        assert calls[0].result().response.attempts == calls[2].result().response.attempts == 1
    async with aiohttp.ClientSession(middlewares=[theirs]) as own, made(base_url, http_session=own) as client:
        assert (await create(client)).response.attempts == 1
    return ran


@pytest.mark.parametrize("name", PARTS)
async def test_a_part_that_is_gone_is_off_and_the_log_says_what(
    name: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, logged: Log
) -> None:
    take_away(monkeypatch, name)
    assert await use_everything(emulator.base_url) == ["theirs"]
    assert len(logged()) == 1
    assert PARTS[name].off in logged()[0]
    assert aiohttp.__version__ in logged()[0]


@pytest.mark.parametrize("name", PARTS)
def test_a_loop_that_is_closed_without_its_parts_is_no_error(
    name: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_away(monkeypatch, name)
    client = made(emulator.base_url, api_key=KEY)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(create(client))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    asyncio.run(client.aclose())


@pytest.mark.parametrize("name", CLASS_PARTS)
async def test_a_part_of_a_class_that_is_gone_is_in_the_log(
    name: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, logged: Log
) -> None:
    off = CLASS_PARTS[name].off
    monkeypatch.setitem(CLASS_PARTS, name, Part("client_proto.Gone", off))
    await use_everything(emulator.base_url)
    assert [line for line in logged() if line.endswith(off)] == logged() != []


async def test_a_connection_that_no_longer_tells_of_unsolicited_responses_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection = object()

    async def connect(*_: object, **__: object) -> object:
        return connection

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", connect)
    async with Connector() as connector:
        request: Any = object()
        assert await connector.connect(request, traces=[], timeout=aiohttp.ClientTimeout()) is connection


async def test_a_fast_path_that_cannot_be_imported_is_off_and_the_log_says_so(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, logged: Log
) -> None:
    for name in [name for name in sys.modules if name.startswith(FOLDER)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("aiohttp.http_exceptions.HttpProcessingError")
    await use_everything(emulator.base_url)
    assert len(logged()) == 1
    assert "HttpProcessingError" in logged()[0]


@pytest.mark.parametrize("text", TEXTS)
async def test_an_error_text_that_is_gone_is_in_the_log(
    text: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, logged: Log
) -> None:
    path, off = TEXTS[text]
    monkeypatch.setattr(guard, "TEXTS", {"another text": (path, off)})
    await use_everything(emulator.base_url)
    assert len(logged()) == 1
    assert off in logged()[0]
    assert "another text" in logged()[0]


async def test_a_function_that_raised_a_known_text_and_is_gone_is_in_the_log(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, logged: Log
) -> None:
    monkeypatch.setattr(guard, "TEXTS", {"a text": ("http_writer.Gone.write", "the consequence")})
    await use_everything(emulator.base_url)
    assert [line for line in logged() if line.endswith("the consequence")] == logged() != []


async def test_nothing_is_off_with_the_installed_aiohttp(emulator: Emulator, logged: Log) -> None:
    await use_everything(emulator.base_url)
    assert logged() == []


async def test_without_the_middlewares_of_a_session_a_lost_response_may_have_arrived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take_away(monkeypatch, "middlewares")
    async with raw_server(in_turn(None, response())) as server, aiohttp.ClientSession() as own:
        async with made(server.base_url, http_session=own) as client:
            error = await raised(APIConnectionError, create(client))
        assert (error.outcome, len(server.requests)) == ("unknown", 1)


async def test_without_the_middlewares_of_a_session_a_refused_connection_was_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take_away(monkeypatch, "middlewares")
    async with aiohttp.ClientSession() as own, made("http://127.0.0.1:1/v1", http_session=own) as client:
        error = await raised(APIConnectionError, create(client))
    assert (error.outcome, error.attempts) == ("not_sent", 3)
