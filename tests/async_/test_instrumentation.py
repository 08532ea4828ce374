"""A tool that replaces parts of aiohttp sees all requests: they go through `ClientSession.request` then."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from chatkit_async._async._fast_path import guard
from chatkit_async.emulator import Emulator

from .helpers import create, made

REQUEST: Any = aiohttp.ClientSession._request
INIT: Any = aiohttp.ClientSession.__init__

Seen = list[Any]
Watch = Callable[[pytest.MonkeyPatch, Seen], None]


class Proxy:
    """Like a proxy of wrapt: equal to what it wraps, and of its class."""

    def __init__(self, wrapped: Any, seen: Seen) -> None:
        self.__wrapped__ = wrapped
        self.__module__ = wrapped.__module__
        self.seen = seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)

    def __get__(self, instance: Any, owner: Any) -> Any:
        return Proxy(self.__wrapped__.__get__(instance, owner), self.seen)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.seen.append(args)
        return self.__wrapped__(*args, **kwargs)

    def __eq__(self, other: object) -> bool:
        return bool(self.__wrapped__ == other)

    def __hash__(self) -> int:
        return hash(self.__wrapped__)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return self.__wrapped__.__class__


def decorated(seen: Seen) -> Any:
    @functools.wraps(REQUEST)
    async def noting(self: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(args)
        return await REQUEST(self, *args, **kwargs)

    return noting


def a_proxy_around_request(monkeypatch: pytest.MonkeyPatch, seen: Seen) -> None:
    monkeypatch.setattr(aiohttp.ClientSession, "_request", Proxy(REQUEST, seen))


def a_decorator_around_request(monkeypatch: pytest.MonkeyPatch, seen: Seen) -> None:
    monkeypatch.setattr(aiohttp.ClientSession, "_request", decorated(seen))


@pytest.mark.parametrize("watch", [a_proxy_around_request, a_decorator_around_request])
async def test_a_tool_sees_the_requests_of_a_client_that_is_already_open(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, watch: Watch
) -> None:
    seen: Seen = []
    async with made(emulator.base_url) as client:
        await create(client)
        watch(monkeypatch, seen)
        await create(client)
    assert (len(seen), len(emulator.requests())) == (1, 2)


@pytest.mark.parametrize("wrapped", [Proxy(REQUEST, []), decorated([])])
def test_a_function_replaced_before_the_first_call_disables_the_fast_path(
    monkeypatch: pytest.MonkeyPatch, wrapped: Any
) -> None:
    guard.is_fast_path_known.cache_clear()
    assert guard.is_fast_path_known()
    guard.is_fast_path_known.cache_clear()
    monkeypatch.setattr(guard, "_LEFT_OUT", (wrapped,))
    try:
        assert not guard.is_fast_path_known()
    finally:
        guard.is_fast_path_known.cache_clear()


def a_session_class(monkeypatch: pytest.MonkeyPatch, seen: Seen) -> None:
    class Session(aiohttp.ClientSession):  # type: ignore[misc]
        async def _request(self, *args: Any, **kwargs: Any) -> Any:
            seen.append(args)
            return await super()._request(*args, **kwargs)

    monkeypatch.setattr(aiohttp, "ClientSession", Session)


def added(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        INIT(self, *args, **kwargs, **settings)

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", init)


def a_request_class(monkeypatch: pytest.MonkeyPatch, seen: Seen) -> None:
    class Request(aiohttp.ClientRequest):
        async def send(self, conn: Any) -> aiohttp.ClientResponse:
            seen.append(conn)
            return await super().send(conn)

    added(monkeypatch, request_class=Request)


def a_response_class(monkeypatch: pytest.MonkeyPatch, seen: Seen) -> None:
    class Response(aiohttp.ClientResponse):
        async def start(self, connection: Any) -> aiohttp.ClientResponse:
            seen.append(connection)
            return await super().start(connection)

    added(monkeypatch, response_class=Response)


def a_middleware(monkeypatch: pytest.MonkeyPatch, seen: Seen) -> None:
    async def note(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        seen.append(request)
        return await handler(request)

    added(monkeypatch, middlewares=(note,))


ADDED = [a_session_class, a_request_class, a_response_class, a_middleware]


@pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")
@pytest.mark.parametrize("watch", ADDED)
async def test_parts_added_to_every_session_are_used(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, watch: Watch
) -> None:
    seen: Seen = []
    watch(monkeypatch, seen)
    async with made(emulator.base_url) as client:
        await create(client)
    assert (len(seen), len(emulator.requests())) == (1, 1)


async def test_headers_added_to_each_session_are_sent(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    added(monkeypatch, headers={"traceparent": "00-1"})
    async with made(emulator.base_url) as client:
        await create(client)
    assert emulator.requests()[0].headers["traceparent"] == "00-1"
