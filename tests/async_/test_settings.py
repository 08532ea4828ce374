"""Settings of a client, of a copy and of one call; the nearest wins. The server sees which."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from chatkit_async import AsyncChatKit, ChatKit, RequestOptions, Timeout
from chatkit_async._version import VERSION
from chatkit_async.emulator import Emulator, RecordedRequest
from chatkit_async.errors import APIResponseValidationError, ConfigurationError

from ..conftest import KEY
from .helpers import cancel, connections_in_use, create, made, raised
from .raw import always, raw_server, response


async def sent(emulator: Emulator, options: RequestOptions | None = None, **settings: Any) -> RecordedRequest:
    """What arrives of one create."""
    async with made(emulator.base_url, **settings) as client:
        await create(client, options)
    (received,) = emulator.requests()
    return received


async def test_each_request_has_the_headers_of_client_and_content(emulator: Emulator) -> None:
    headers = (await sent(emulator)).headers
    assert headers["user-agent"] == f"chatkit-async/{VERSION}"
    assert headers["openai-beta"] == "chatkit_beta=v1"
    assert (headers["accept"], headers["content-type"]) == ("application/json", "application/json")


async def test_a_call_without_a_body_has_no_content_type() -> None:
    async with raw_server(always(response())) as server, made(server.base_url) as client:
        await cancel(client)
        (received,) = server.requests
        assert (received.body, received.headers.get("content-type"), received.headers["content-length"]) == (
            b"",
            None,
            "0",
        )


@pytest.mark.parametrize("where", ["argument", "environment", "copy", "both"])
async def test_organization_and_project_are_headers(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, where: str
) -> None:
    if where != "argument":
        monkeypatch.setenv("OPENAI_ORG_ID", "org-e" if where != "environment" else "org-1")
        monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-e" if where != "environment" else "proj-1")
    given = {} if where == "environment" else {"organization": "org-1", "project": "proj-1"}
    async with made(emulator.base_url, **({} if where == "copy" else given)) as client:
        await create(client.with_options(**given) if where == "copy" else client)
    (received,) = emulator.requests()
    assert (received.headers["OpenAI-Organization"], received.headers["OpenAI-Project"]) == ("org-1", "proj-1")


async def test_without_them_there_are_no_such_headers(emulator: Emulator) -> None:
    headers = (await sent(emulator)).headers
    assert not {"openai-organization", "openai-project"} & {name.lower() for name in headers}


async def test_the_nearest_header_wins_in_any_case(emulator: Emulator) -> None:
    received = await sent(
        emulator,
        RequestOptions(headers={"X-B": "call", "x-C": "call"}),
        default_headers={"X-A": "client", "x-b": "client", "User-agent": "mine/1"},
    )
    assert [received.headers[name] for name in ("x-a", "x-b", "x-c", "user-agent")] == [
        "client",
        "call",
        "call",
        "mine/1",
    ]


@pytest.mark.parametrize("name", ["User-Agent", "Accept", "X-Mine", "OpenAI-Organization"])
@pytest.mark.parametrize("where", ["client", "copy", "options"])
async def test_a_header_set_to_none_is_removed(name: str, where: str) -> None:
    gone = {name: None}
    settings: dict[str, Any] = {"default_headers": gone} if where == "client" else {"default_headers": {"X-Mine": "1"}}
    async with raw_server(always(response())) as server:
        async with made(server.base_url, organization="org-1", **settings) as client:
            used = client.with_options(default_headers=gone) if where == "copy" else client
            await create(used, RequestOptions(headers=gone) if where == "options" else None)
        assert name.lower() not in server.requests[0].headers


async def test_an_authorization_of_the_callers_own_takes_the_place_of_the_key() -> None:
    async with raw_server(always(response())) as server:
        async with AsyncChatKit(base_url=server.base_url, default_headers={"Authorization": "Basic x"}) as client:
            await create(client)
        assert server.requests[0].headers["authorization"] == "Basic x"


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\x00b", "é", 7, b"bytes"])
@pytest.mark.parametrize("where", ["default_headers", "options", "organization", "project"])
async def test_a_header_that_http_cannot_carry_is_refused(value: Any, where: str) -> None:
    settings: dict[str, Any] = {where: {"x-a": value} if where == "default_headers" else value}
    with pytest.raises(ConfigurationError):
        _ = RequestOptions(headers={"x-a": value}) if where == "options" else AsyncChatKit(KEY, **settings)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\nb", "é", 7, b"x"])
async def test_an_invalid_header_name_is_refused(name: Any) -> None:
    with pytest.raises(ConfigurationError):
        AsyncChatKit(KEY, default_headers={name: "1"})


async def test_query_fields_are_added_nearest_last(emulator: Emulator) -> None:
    options = RequestOptions(query={"b": 2, "c": "ä &="})
    received = await sent(emulator, options, default_query={"a": True, "b": 1})
    assert dict(received.query) == {"a": "true", "b": "2", "c": "ä &="}


async def test_body_fields_are_sent_as_they_are_over_the_params() -> None:
    async with raw_server(always(response())) as server, made(server.base_url) as client:
        await create(client, RequestOptions(body={"user": "", "scope": {"a": [1]}}))
        assert server.requests[0].body == b'{"user":"","workflow":{"id":"wf_1"},"scope":{"a":[1]}}'
        await cancel(client, RequestOptions(body={"reason": "done"}))
        assert server.requests[1].body == b'{"reason":"done"}'
        assert server.requests[1].headers["content-type"] == "application/json"


@pytest.mark.parametrize(("client_says", "call_says", "fails"), [(True, None, 1), (False, True, 1), (True, False, 0)])
async def test_strictness_of_the_call_comes_first(client_says: bool, call_says: bool | None, fails: int) -> None:
    options = RequestOptions(strict=call_says)
    partial = always(response(b'{"id":"cksess_1"}'))
    async with raw_server(partial) as server, made(server.base_url, strict=client_says) as client:
        if fails:
            await raised(APIResponseValidationError, create(client, options))
        else:
            assert (await create(client, options)).missing_fields


async def test_a_copy_shares_the_connections_and_closing_it_closes_nothing() -> None:
    async with raw_server(always(response())) as server, made(server.base_url) as client:
        await create(client)
        async with client.with_options(timeout=5) as copy:
            await create(copy)
        await copy.aclose()
        await create(client)
        assert (server.connections, len(server.requests), connections_in_use(client)) == (1, 3, 0)


async def test_a_copy_keeps_other_settings_and_leaves_the_original_alone(emulator: Emulator) -> None:
    async with made(emulator.base_url, default_headers={"x-a": "1"}, default_query={"q": "1"}) as client:
        copy = client.with_options(default_headers={"x-b": "2"}, default_query={"r": "2"})
        await create(copy)
        await create(client)
    first, second = emulator.requests()
    assert (first.headers["x-a"], first.headers["x-b"], dict(first.query)) == ("1", "2", {"q": "1", "r": "2"})
    assert ("x-b" in second.headers, dict(second.query)) == (False, {"q": "1"})


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/a/b%20c/v1"])
@pytest.mark.parametrize("where", ["argument", "environment", "copy"])
async def test_a_base_url_may_have_any_path(monkeypatch: pytest.MonkeyPatch, path: str, where: str) -> None:
    async with raw_server(always(response())) as server:
        url = f"http://127.0.0.1:{server.port}{path}"
        monkeypatch.setenv("OPENAI_BASE_URL", url if where == "environment" else "https://elsewhere.example")
        async with AsyncChatKit(KEY, base_url=url if where == "argument" else None) as client:
            await create(client.with_options(base_url=url) if where == "copy" else client)
        assert server.requests[0].path == f"{path.rstrip('/')}/chatkit/sessions"


@pytest.mark.parametrize("where", ["argument", "environment", "copy"])
@pytest.mark.parametrize(
    "url",
    [
        *("http://api.example/v1", "http://10.0.0.1/v1", "http://0.0.0.0/v1", "http://localhost.example/v1"),
        *("ftp://api.example", "api.example/v1", "https://", "https://u:p@api.example", "https://api.example?a=b"),
        *("https://api.example#a", "https://api.example:port", "https://a b", "https://a\nb", "//api.example", "x"),
    ],
)
async def test_a_base_url_that_cannot_serve_is_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, url: str, where: str
) -> None:
    if where == "environment":
        monkeypatch.setenv("OPENAI_BASE_URL", url)
    given = {"base_url": url} if where != "environment" else {}
    with pytest.raises(ConfigurationError, match="OPENAI_BASE_URL: " if where == "environment" else "^base_url: "):
        _ = AsyncChatKit(KEY).with_options(**given) if where == "copy" else AsyncChatKit(KEY, **given)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "[::1]", "api.localhost"])
async def test_plain_http_to_loopback_needs_no_permission(host: str) -> None:
    assert host in repr(AsyncChatKit(KEY, base_url=f"http://{host}:1/v1"))


@pytest.mark.parametrize(
    "settings",
    [
        *({"timeout": value} for value in (0, -1, float("nan"), "5", True)),
        *({"max_retries": value} for value in (-1, 1.5, "2", True)),
        *({"max_connections": value} for value in (0, -1, 1.5, "2", True)),
        {"default_headers": [("a", "b")]},
        {"default_query": "a=b"},
        {"base_url": 7},
        {"proxy": "socks5://127.0.0.1"},
        {"proxy": "proxy:3128"},
    ],
    ids=repr,
)
async def test_a_setting_that_cannot_work_is_refused_at_once(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        AsyncChatKit(KEY, **settings)


@pytest.mark.parametrize("value", [0, -1, float("nan"), "5", True])
async def test_a_connect_timeout_that_cannot_work_is_refused(value: Any) -> None:
    with pytest.raises(ConfigurationError):
        Timeout(30, connect=value)


async def test_a_client_shows_where_it_sends_and_no_key() -> None:
    assert repr(AsyncChatKit(KEY)) == "AsyncChatKit(base_url='https://api.openai.com/v1')"


def test_entering_a_client_imports_what_its_first_call_needs() -> None:
    code = (
        "import asyncio, sys, chatkit_async\n"
        "async def main():\n"
        "    client = chatkit_async.AsyncChatKit('sk-test')\n"
        "    assert 'aiohttp' not in sys.modules\n"
        "    async with client:\n"
        "        assert 'aiohttp' in sys.modules\n"
        "asyncio.run(main())"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.deepcopy])
@pytest.mark.parametrize("client", [AsyncChatKit(KEY), ChatKit(KEY)], ids=repr)
def test_a_client_cannot_be_pickled_or_copied(
    client: AsyncChatKit | ChatKit, duplicate: Callable[[object], object]
) -> None:
    with pytest.raises(ConfigurationError, match="with_options"):
        duplicate(client)
