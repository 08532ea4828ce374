"""An aiohttp session of the user's own, and aiohttp's hooks."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from chatkit_async import AsyncChatKit
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.errors import ClientClosedError, ConfigurationError, RateLimitError

from ..conftest import KEY
from .helpers import create, made, raised
from .raw import always, raw_server, response

pytestmark = pytest.mark.transport

Middleware = Callable[[aiohttp.ClientRequest, aiohttp.ClientHandlerType], Awaitable[aiohttp.ClientResponse]]

NETRC = pytest.param(
    "netrc",
    marks=pytest.mark.skipif(
        not hasattr(aiohttp.ClientSession, "_get_netrc_auth"), reason="older aiohttp sends .netrc's word in silence"
    ),
)


def noting(name: str, seen: list[str]) -> Middleware:
    """A client middleware that notes that it ran."""

    async def middleware(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        seen.append(name)
        return await handler(request)

    return middleware


async def test_a_session_of_the_users_is_used_and_stays_open(emulator: Emulator) -> None:
    async with aiohttp.ClientSession(headers={"x-theirs": "1"}) as own:
        async with made(emulator.base_url, http_session=own) as client:
            await create(client)
        await client.aclose()
        assert not own.closed
        async with own.get(emulator.base_url) as response:
            assert response.status == 404
    assert emulator.requests()[0].headers["x-theirs"] == "1"


@pytest.mark.usefixtures("fast_path")
async def test_its_own_middlewares_still_run_before_ours(emulator: Emulator) -> None:
    seen: list[str] = []
    own = aiohttp.ClientSession(middlewares=[noting("theirs", seen)])
    async with own, made(emulator.base_url, http_session=own, middlewares=[noting("ours", seen)]) as client:
        await create(client)
    assert seen == ["theirs", "ours"]


async def test_its_way_of_raising_for_statuses_does_not_hide_the_apis_word(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=429, times=9))
    async with aiohttp.ClientSession(raise_for_status=True) as own, made(emulator.base_url, http_session=own) as client:
        error = await raised(RateLimitError, create(client))
    assert (error.code, error.attempts) == ("rate_limit_exceeded", 3)


async def test_its_base_url_and_timeout_give_way_to_the_clients(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=0.3))
    theirs = {"base_url": "http://elsewhere.example", "timeout": aiohttp.ClientTimeout(total=0.1)}
    async with aiohttp.ClientSession(**theirs) as own, made(emulator.base_url, http_session=own) as client:
        assert (await create(client)).response.attempts == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("by", ["auth", NETRC])
async def test_credentials_of_its_own_are_our_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, emulator: Emulator, by: str
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    theirs: dict[str, Any] = {"auth": aiohttp.BasicAuth("a", "b")} if by == "auth" else {"trust_env": True}
    async with aiohttp.ClientSession(**theirs) as own, made(emulator.base_url, http_session=own) as client:
        error = await raised(ConfigurationError, create(client))
    assert "http_session" in str(error)
    assert emulator.requests() == []


async def test_a_closed_one_is_our_error(emulator: Emulator) -> None:
    async with aiohttp.ClientSession() as own:
        pass
    async with made(emulator.base_url, http_session=own) as client:
        error = await raised(ClientClosedError, create(client))
    assert "http_session" in str(error)


async def test_one_closed_between_calls_is_our_error(emulator: Emulator) -> None:
    async with aiohttp.ClientSession() as own, made(emulator.base_url, http_session=own) as client:
        await create(client)
        await own.close()
        await raised(ClientClosedError, create(client))


@pytest.mark.usefixtures("fast_path")
def test_in_another_loop_both_loops_are_named(emulator: Emulator) -> None:
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()

    async def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    own = first.run_until_complete(session())
    client = made(emulator.base_url, http_session=own)
    error = second.run_until_complete(raised(ConfigurationError, create(client)))
    assert repr(first) in str(error)
    assert f"{second!r}".split(" running=")[0] in str(error)
    first.run_until_complete(own.close())
    first.close()
    second.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("proxy", "http://proxy.example:3128"),
        ("ssl", False),
        ("ssl", ssl.create_default_context()),
        ("trace_configs", [aiohttp.TraceConfig()]),
        ("max_connections", 7),
    ],
)
async def test_settings_that_belong_to_it_exclude_it(name: str, value: Any) -> None:
    async with aiohttp.ClientSession() as own:
        with pytest.raises(ConfigurationError, match=f"http_session.*{name}"):
            AsyncChatKit(KEY, http_session=own, **{name: value})


async def test_trace_configs_see_each_attempt(emulator: Emulator) -> None:
    seen: list[str] = []

    async def started(_: object, __: object, params: aiohttp.TraceRequestStartParams) -> None:
        seen.append(params.method)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(started)
    emulator.add_faults(Fault(status=503))
    async with made(emulator.base_url, trace_configs=[trace]) as client:
        await create(client)
    assert seen == ["POST", "POST"]


async def test_middlewares_run_outermost_first_with_each_attempt(emulator: Emulator) -> None:
    seen: list[str] = []
    emulator.add_faults(Fault(status=503))
    async with made(emulator.base_url, middlewares=[noting("a", seen), noting("b", seen)]) as client:
        await create(client)
    assert seen == ["a", "b", "a", "b"]


async def test_a_send_repeated_by_a_middleware_is_counted(emulator: Emulator) -> None:
    async def twice(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        (await handler(request)).close()
        return await handler(request)

    async with made(emulator.base_url, middlewares=[twice]) as client:
        session = await create(client)
    assert session.response.attempts == len(emulator.requests()) == 2


async def test_what_a_middleware_raises_reaches_the_caller(emulator: Emulator) -> None:
    async def fail(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        raise LookupError("theirs")

    async with made(emulator.base_url, middlewares=[fail]) as client:
        with pytest.raises(LookupError, match="theirs"):
            await create(client)


async def test_no_cookie_is_kept() -> None:
    async with raw_server(always(response(set_cookie="__cf_bm=1; path=/"))) as server, made(server.base_url) as client:
        await create(client)
        await create(client)
        assert "cookie" not in server.requests[1].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("their_session", [False, True])
async def test_a_redirect_is_not_followed_and_its_origin_named(
    emulator: Emulator, status: int, their_session: bool
) -> None:
    async with raw_server(always(response())) as elsewhere, aiohttp.ClientSession() as own:
        target = f"http://somebody:pass@127.0.0.1:{elsewhere.port}/secret/path?a=b"
        emulator.add_faults(Fault(status=status, headers={"location": target}))
        async with made(emulator.base_url, http_session=own if their_session else None) as client:
            error: Any = await raised(Exception, create(client))
        assert (error.status, error.attempts, len(emulator.requests()), elsewhere.connections) == (status, 1, 1, 0)
    assert f"http://127.0.0.1:{elsewhere.port};" in error.hint
    assert "base_url" in error.hint
    assert not any(part in str(error) for part in ("somebody", "pass@", "secret/path", "a=b"))


async def test_a_redirect_within_the_same_server_is_not_followed_either(emulator: Emulator) -> None:
    emulator.add_faults(Fault(status=307, headers={"location": "/v2/chatkit/sessions"}))
    async with made(emulator.base_url) as client:
        error: Any = await raised(Exception, create(client))
    assert (error.status, len(emulator.requests())) == (307, 1)
