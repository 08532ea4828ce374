"""The API key: its sources, its form, and when a callable is called."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from chatkit_async import AsyncChatKit
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.errors import AuthenticationError, ConfigurationError

from .helpers import create, made, raised
from .raw import always, raw_server, response


async def authorization(client: AsyncChatKit, server: Any) -> str | None:
    await create(client)
    found: str | None = server.requests[-1].headers.get("authorization")
    return found


async def test_the_key_is_sent_as_a_bearer_token() -> None:
    async with raw_server(always(response())) as server, made(server.base_url, api_key="sk-given") as client:
        assert await authorization(client, server) == "Bearer sk-given"


@pytest.mark.parametrize("given", [None, "sk-argument"])
async def test_an_argument_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch, given: str | None) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
    async with raw_server(always(response())) as server, made(server.base_url, api_key=given) as client:
        assert await authorization(client, server) == f"Bearer {given or 'sk-environment'}"


@pytest.mark.parametrize("found", [None, "", "  \n"])
async def test_without_a_key_the_first_call_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, found: str | None
) -> None:
    if found is not None:
        monkeypatch.setenv("OPENAI_API_KEY", found)
    async with AsyncChatKit(base_url=emulator.base_url) as client:
        error = await raised(ConfigurationError, create(client))
    assert "OPENAI_API_KEY" in str(error)
    assert "api_key=" in str(error)
    assert emulator.requests() == []


@pytest.mark.parametrize("key", [" sk-given\n", "\tsk-given", "sk-given\r\n"])
async def test_blanks_around_a_key_are_taken_away(key: str) -> None:
    async with raw_server(always(response())) as server:
        for given in (key, lambda: key):
            async with made(server.base_url, api_key=given) as client:
                assert await authorization(client, server) == "Bearer sk-given"


@pytest.mark.parametrize("key", ["sk-a\nb", "sk-a\x00b", "sk-a\x7fb", "sk-“a”", "sk-aé", "sk-\u2028b"])
async def test_a_key_that_no_header_can_hold_is_refused_when_it_is_given(key: str) -> None:
    with pytest.raises(ConfigurationError, match="control or non-ASCII"):
        AsyncChatKit(key)


@pytest.mark.parametrize("key", [42, b"sk-bytes", ["sk-list"], 1.5])
async def test_a_key_of_another_type_is_refused_when_it_is_given(key: Any) -> None:
    with pytest.raises(ConfigurationError, match="a string"):
        AsyncChatKit(key)


async def test_a_callable_is_run_in_a_worker_thread(emulator: Emulator) -> None:
    threads: list[int] = []

    def key() -> str:
        threads.append(threading.get_ident())
        return "sk-called"

    async with made(emulator.base_url, api_key=key) as client:
        await create(client)
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()


class AsyncKey:
    async def __call__(self) -> str:
        await asyncio.sleep(0)
        return "sk-called"


async def async_key() -> str:
    return await AsyncKey()()


@pytest.mark.parametrize("key", [async_key, AsyncKey(), lambda: async_key(), lambda: "sk-called"])
async def test_all_kinds_of_callable_give_the_key(key: Any) -> None:
    async with raw_server(always(response())) as server, made(server.base_url, api_key=key) as client:
        assert await authorization(client, server) == "Bearer sk-called"


async def test_a_callable_is_called_before_each_attempt() -> None:
    numbers = iter(range(1, 9))
    busy = always(response(b"{}", status="503 Busy"))
    async with raw_server(busy) as server:
        async with made(server.base_url, api_key=lambda: f"sk-{next(numbers)}") as client:
            await raised(Exception, create(client))
        assert [received.headers["authorization"] for received in server.requests] == [
            *("Bearer sk-1", "Bearer sk-2", "Bearer sk-3")
        ]


async def failing_async() -> str:
    raise LookupError("the vault is shut")


def failing() -> str:
    raise LookupError("the vault is shut")


def timing_out() -> str:
    raise TimeoutError


def stopping() -> str:
    raise StopIteration


@pytest.mark.parametrize("key", [failing, failing_async, timing_out, stopping])
async def test_a_callable_that_fails_is_our_error_with_its_cause(emulator: Emulator, key: Callable[[], str]) -> None:
    async with made(emulator.base_url, api_key=key) as client:
        error = await raised(ConfigurationError, create(client))
    assert "api_key()" in str(error)
    assert error.__cause__ is not None
    assert "the vault is shut" not in str(error)
    assert emulator.requests() == []


@pytest.mark.parametrize("returned", [None, "", "  ", 42, b"sk-bytes", "sk-a\nb", object(), ["sk-list"], failing])
async def test_a_callable_that_gives_no_key_is_our_error(emulator: Emulator, returned: Any) -> None:
    async with made(emulator.base_url, api_key=lambda: returned) as client:
        error = await raised(ConfigurationError, create(client))
    assert "api_key()" in str(error)
    assert emulator.requests() == []


async def test_a_copy_may_have_another_key(emulator: Emulator) -> None:
    async with raw_server(always(response())) as server, made(server.base_url, api_key="sk-one") as client:
        assert await authorization(client.with_options(api_key="sk-two"), server) == "Bearer sk-two"
        assert await authorization(client, server) == "Bearer sk-one"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"api_key": "sk-test-0123456789wxyz"}, ["argument api_key", "…wxyz"]),
        ({"api_key": "sk-short"}, ["argument api_key"]),
        ({"api_key": None}, ["OPENAI_API_KEY", "…stuv"]),
        ({"api_key": lambda: "sk-test-0123456789wxyz"}, ["argument api_key"]),
    ],
)
async def test_a_wrong_key_is_an_error_with_its_source_and_its_masked_end(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, settings: dict[str, Any], words: list[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789stuv")
    emulator.add_faults(Fault(status=401))
    async with made(emulator.base_url, **settings) as client:
        error = await raised(AuthenticationError, create(client))
    assert error.hint is not None
    assert all(word in error.hint for word in words)
    assert not any(part in str(error) for part in ("sk-short", "0123456789"))
