"""The same bytes are sent on the fast path and without it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chatkit_async import AsyncChatKit, RequestOptions

from .helpers import cancel, create, made
from .raw import in_turn, raw_server, response
from .test_fast_path import EXPECTING, LARGE

Call = Callable[[AsyncChatKit], Awaitable[object]]
EMPTY_PAGE = b'{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}'


def with_options(**settings: Any) -> Call:
    return lambda client: create(client, RequestOptions(**settings))


CALLS: dict[str, Call] = {
    "a create": create,
    "a cancel, which has no body": cancel,
    "a page": lambda client: client.threads.list(limit=5, user="zoë & co"),
    "an id that needs encoding": lambda client: client.sessions.cancel("a/b?c#d é"),
    "a body beyond ASCII": lambda client: client.sessions.create(user="zoë", workflow="wf_1"),
    "a method of the user's": lambda client: client.request("PUT", "/chatkit/x", body={"a": 1}, query={"b": True}),
    "a delete with a body": lambda client: client.request("DELETE", "/chatkit/x", body={"a": 1}),
    "a get with a body": lambda client: client.request("GET", "/chatkit/x", body={}),
    "headers of the user's": with_options(headers={"X-Odd": "a, b\tc", "Cookie": "a=b", "ACCEPT-encoding": "br"}),
    "headers removed": with_options(headers={"Accept": None, "User-Agent": None, "Content-Type": None}),
    "an authorization of the user's": with_options(headers={"Authorization": "Basic abc"}),
    "a query of the user's": with_options(query={"a": "b c", "d": 1}),
    "a body too large for the fast path": lambda client: create(client, LARGE),
    "a body that waits for the server's word": lambda client: create(client, EXPECTING),
}


async def sent(call: Call, **settings: Any) -> list[bytes]:
    """What a server receives of a call that it refuses once, Host's port apart."""
    page_or_session = response(EMPTY_PAGE if call is CALLS["a page"] else response().partition(b"\r\n\r\n")[2])
    async with raw_server(in_turn(response(b"{}", status="503 Wait"), page_or_session)) as server:
        async with made(server.base_url, **settings) as client:
            await call(client)
        return [received.raw.replace(b":%d" % server.port, b":port") for received in server.requests]


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_request_is_the_same_with_and_without_the_fast_path(call: Call, request: pytest.FixtureRequest) -> None:
    fast = await sent(call)
    assert len(fast) == 2
    assert b"\r\nx-stainless-retry-count: 1\r\n" in fast[1]
    request.getfixturevalue("without_fast_path")
    assert fast == await sent(call)


SETTINGS: dict[str, dict[str, Any]] = {
    "organization and project": {"organization": "org_1", "project": "proj_1"},
    "headers of the client's": {"default_headers": {"X-A": "1", "openai-beta": None}},
    "a query of the client's": {"default_query": {"team": "a&b"}},
    "a key from a callable": {"api_key": lambda: "sk-asked-for-01234567"},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
async def test_a_request_with_settings_of_the_client_is_the_same_with_and_without_the_fast_path(
    settings: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    fast = await sent(create, **settings)
    request.getfixturevalue("without_fast_path")
    assert fast == await sent(create, **settings)
