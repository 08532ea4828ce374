"""Lines that a new user gets wrong: the message says what is wrong and what to write instead."""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from ssl import create_default_context
from typing import Any

import pytest

from chatkit_async import (
    APIConnectionError,
    AsyncChatKit,
    ChatKit,
    ChatSessionRateLimitsParam,
    ChatSessionWorkflowParam,
    ConfigurationError,
    ParamsValidationError,
    RequestOptions,
    RetryPolicy,
    SessionCreateParams,
    ThreadListParams,
    Timeout,
    transcript,
)
from chatkit_async.emulator import Emulator

from ..conftest import KEY

SECRET = "sk-secret-0123456789"
LEAST: dict[str, Any] = {"user": "u", "workflow": "wf"}


async def enter_async(context: Any) -> None:
    async with context:
        pass


def enter(context: Any) -> None:
    with context:
        pass


async def walk_async(listing: Any) -> None:
    async for _ in listing:
        pass


@pytest.mark.parametrize("open_context", [lambda client: client, lambda client: client.sessions.open(**LEAST)])
def test_with_on_what_async_with_enters_says_to_write_async_with(open_context: Callable[[AsyncChatKit], Any]) -> None:
    with pytest.raises(TypeError, match="is not entered by `with`: write `async with`"):
        enter(open_context(AsyncChatKit(KEY)))


async def test_async_for_over_a_page_says_to_walk_the_listing(chatkit_emulator: Emulator) -> None:
    async with AsyncChatKit(KEY, base_url=chatkit_emulator.base_url) as client:
        with pytest.raises(TypeError, match="`async for` walks the listing itself, all pages: no `await`"):
            await walk_async(await client.threads.list())


def test_async_with_on_a_blocking_client_says_to_write_with() -> None:
    with pytest.raises(TypeError, match="ChatKit blocks, and is not entered by `async with`: write `with`"):
        asyncio.run(enter_async(ChatKit(KEY)))


def test_async_with_on_a_blocking_open_session_says_to_write_with() -> None:
    with ChatKit(KEY) as client, pytest.raises(TypeError, match="write `with`"):
        asyncio.run(enter_async(client.sessions.open(**LEAST)))


@pytest.mark.parametrize("walk", [list, lambda listing: [*listing]])
def test_for_over_an_async_listing_says_to_write_async_for(walk: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="is not walked by `for`: write `async for`"):
        walk(AsyncChatKit(KEY).threads.list())


def test_what_only_explains_a_mistake_makes_no_class_pass_for_another() -> None:
    asynchronous, blocking = AsyncChatKit(KEY), ChatKit(KEY)
    assert not isinstance(asynchronous, AbstractContextManager)
    assert not isinstance(blocking, AbstractAsyncContextManager)
    assert not isinstance(asynchronous.threads.list(), Iterable)
    blocking.close()


CLIENT = "organization, project, base_url"
LIST = "user, after, before, limit, order, prefetch, options"
WRONG: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "client": (lambda client: type(client)(apikey=SECRET), "ChatKit() got an", "'apikey': did you mean api_key?"),
    "with_options": (lambda client: client.with_options(max_retry=SECRET), "did you mean max_retries?", CLIENT),
    "options": (lambda client: client.with_options(options=1), "it takes api_key, organization", CLIENT),
    "list": (lambda client: client.threads.list(limt=3), "Threads.list() got an unexpected keyword", LIST),
    "list_items": (lambda client: client.threads.list_items("t", user="u"), "it takes thread_id, after", "prefetch"),
    "retrieve": (lambda client: client.threads.retrieve("t", timeout=5), "pass options=RequestOptions(timeout", ""),
    "delete": (lambda client: client.threads.delete("t", missing=True), "did you mean missing_ok?", "thread_id"),
    "request": (lambda client: client.request("GET", "/x", headers={"k": SECRET}), "RequestOptions(headers=...)", ""),
    "cancel": (lambda client: client.sessions.cancel("id", timeout=5), "pass options=RequestOptions(timeout=...)", ""),
    "create": (lambda client: client.sessions.create(**LEAST, usr="u"), "'usr': did you mean user?", "rate_limits"),
    "open": (lambda client: client.sessions.open(**LEAST, user_id=SECRET), "'user_id': write user=", "expires_after"),
    "RequestOptions": (lambda client: making(RequestOptions)(timout=5), "RequestOptions() got an", "mean timeout?"),
    "official": (lambda client: making(RequestOptions)(extra_headers={"k": SECRET}), "write headers=...", "timeout"),
    "Timeout": (lambda client: making(Timeout)(3, read=SECRET), "Timeout() got an", "'read': it takes total, connect"),
    "RetryPolicy": (lambda client: making(RetryPolicy)(max_delay=SECRET), "did you mean max_delay_s?", "jitter"),
    "workflow": (lambda client: making(ChatSessionWorkflowParam)("wf", vesion=SECRET), "mean version?", "takes id, "),
    "limits": (lambda client: making(ChatSessionRateLimitsParam)(requests_per_minute=3), "the API's name is max_", ""),
    "create params": (lambda client: making(SessionCreateParams)(**LEAST, version="1"), "it belongs in workflow", ""),
    "list params": (lambda client: making(ThreadListParams)(limt=3), "ThreadListParams() got an", "mean limit?"),
    "transcript": (lambda client: making(transcript)([], fromat=SECRET), "mean format?", "it takes items, format"),
}
LISTING: dict[str, tuple[Callable[[Any], Any], str]] = {
    "collect": (lambda listing: listing.collect(max_item=3), "did you mean max_items? (it takes max_items)"),
    "pages": (lambda listing: listing.pages(prefech=True), "did you mean prefetch? (it takes prefetch)"),
    "first": (lambda listing: listing.first(limit=1), "'limit': it takes no arguments"),
    "positional": (lambda listing: listing.collect(5), "pass them by name, as in max_items=... (it takes max_items)"),
}
TOO_MANY: dict[str, tuple[Callable[[Any], Any], str]] = {
    "client": (
        lambda client: type(client)(KEY, SECRET),
        "ChatKit() got too many positional arguments: pass them by name",
    ),
    "with_options": (lambda client: client.with_options(5), "as in api_key=... (it takes api_key, organization"),
    "list": (lambda client: client.threads.list("u"), "pass them by name, as in user=... (it takes user, after"),
    "list_items": (lambda client: client.threads.list_items("t", "asc"), "as in after=... (it takes thread_id, after"),
    "create": (lambda client: client.sessions.create("u", "wf"), "as in user=... (it takes user, workflow"),
    "open": (lambda client: client.sessions.open("u", "wf"), "as in user=... (it takes user, workflow"),
    "RequestOptions": (lambda client: making(RequestOptions)(5), "as in timeout=... (it takes timeout, max_retries"),
    "Timeout": (lambda client: making(Timeout)(5, 3), "as in connect=... (it takes total, connect)"),
    "RetryPolicy": (
        lambda client: making(RetryPolicy)(1, 2, 0, 1),
        "as in initial_delay_s=... (it takes initial_delay_s",
    ),
    "workflow": (lambda client: making(ChatSessionWorkflowParam)("wf", "1"), "as in version=... (it takes id, version"),
    "list params": (lambda client: making(ThreadListParams)("u"), "as in user=... (it takes user, after"),
    "transcript": (lambda client: making(transcript)([], "text", 80), "as in items=... (it takes items, format)"),
}
UNKNOWN: dict[str, tuple[Callable[[Any], object], str]] = {
    "get": (
        lambda client: client.threads.get,
        "no attribute 'get': did you mean retrieve? (it has delete, list, list_items",
    ),
    "fetch": (lambda client: client.threads.fetch, "did you mean retrieve?"),
    "items": (lambda client: client.threads.items, "did you mean list_items?"),
    "delete": (lambda client: client.sessions.delete, "did you mean cancel? (it has cancel, create, open)"),
    "session": (lambda client: client.session, "did you mean sessions?"),
    "official": (lambda client: client.beta, "no attribute 'beta': it has "),
}


def making(cls: Any) -> Any:
    """The class, as type checkers do not know it: they refuse the lines here."""
    return cls


def refused(half: type[Any], call: Callable[[Any], Any]) -> TypeError:
    """The error of a call with wrong arguments; none of our frames shows the secret among them."""

    async def awaited(client: Any) -> None:
        await call(client)

    client = half(KEY)
    with pytest.raises(TypeError) as caught:
        asyncio.run(awaited(client)) if half is AsyncChatKit else call(client)
    found = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert SECRET not in str([frame.locals for frame in found.stack if "/chatkit_async/" in frame.filename])
    return caught.value


@pytest.mark.parametrize("half", [AsyncChatKit, ChatKit])
@pytest.mark.parametrize(("call", "advice", "more"), WRONG.values(), ids=WRONG)
def test_a_wrong_keyword_is_named_with_the_right_one_and_shows_no_value(
    half: type[Any], call: Callable[[Any], Any], advice: str, more: str
) -> None:
    error = str(refused(half, call))
    assert "got an unexpected keyword argument" in error
    assert advice in error
    assert more in error


@pytest.mark.parametrize("half", [AsyncChatKit, ChatKit])
@pytest.mark.parametrize(("call", "advice"), LISTING.values(), ids=LISTING)
def test_a_wrong_argument_of_a_listing_is_answered_with_those_that_it_takes(
    chatkit_emulator: Emulator, half: type[Any], call: Callable[[Any], Any], advice: str
) -> None:
    async def used(listing: Any) -> None:
        await call(listing)

    client = half(KEY, base_url=chatkit_emulator.base_url)
    with pytest.raises(TypeError, match=re.escape(advice)):
        asyncio.run(used(client.threads.list())) if half is AsyncChatKit else call(client.threads.list())
    if half is ChatKit:
        client.close()


@pytest.mark.parametrize("half", [AsyncChatKit, ChatKit])
@pytest.mark.parametrize(("call", "advice"), TOO_MANY.values(), ids=TOO_MANY)
def test_too_many_positional_arguments_are_answered_with_the_names(
    half: type[Any], call: Callable[[Any], Any], advice: str
) -> None:
    assert advice in str(refused(half, call))


@pytest.mark.parametrize("half", [AsyncChatKit, ChatKit])
def test_a_key_among_too_many_positional_arguments_is_in_no_traceback(half: type[Any]) -> None:
    refused(half, lambda client: client.sessions.create(None, {"Authorization": SECRET}))


@pytest.mark.parametrize("half", [AsyncChatKit, ChatKit])
@pytest.mark.parametrize(("read", "advice"), UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_attribute_is_answered_with_the_right_name(
    half: type[Any], read: Callable[[Any], object], advice: str
) -> None:
    with pytest.raises(AttributeError, match=re.escape(advice)):
        read(half(KEY))


def test_closing_by_the_name_of_the_other_half_is_answered_with_its_own() -> None:
    with pytest.raises(AttributeError, match="did you mean aclose"):
        making(AsyncChatKit(KEY)).close()
    with pytest.raises(AttributeError, match="did you mean close"):
        making(ChatKit(KEY)).aclose()


def test_an_attribute_error_inside_a_property_is_not_replaced() -> None:
    class Broken(AsyncChatKit):
        @property
        def plan(self) -> object:
            raise AttributeError("the plan is missing")

    with pytest.raises(AttributeError, match="the plan is missing"):
        _ = Broken(KEY).plan


def test_a_missing_argument_and_an_error_inside_a_call_are_pythons_own() -> None:
    with pytest.raises(TypeError, match="missing 2 required keyword-only arguments: 'user' and 'workflow'"):
        making(SessionCreateParams)()
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'thread_id'"):
        making(AsyncChatKit(KEY).threads).list_items()


@pytest.mark.parametrize("key", ["", " "])
async def test_an_empty_key_is_told_from_none(key: str) -> None:
    async with AsyncChatKit(key) as client:
        for one in (client, client.with_options(api_key=key)):
            with pytest.raises(
                ConfigurationError, match="the given api_key is empty: pass a key, or leave api_key out"
            ):
                await one.threads.list()
    async with AsyncChatKit() as client:
        with pytest.raises(ConfigurationError, match="no API key: set the environment variable OPENAI_API_KEY"):
            await client.threads.list()


async def test_options_that_are_a_mapping_are_answered_with_request_options() -> None:
    with pytest.raises(ConfigurationError, match=r"not an object: write options=RequestOptions\(timeout=3\)"):
        await making(AsyncChatKit(KEY).threads).retrieve("t", options={"timeout": 3})


@pytest.mark.parametrize("more", [{}, {"workflow": "wf"}])
async def test_a_user_in_place_of_a_params_object_is_answered_with_the_keywords(more: dict[str, str]) -> None:
    with pytest.raises(
        ParamsValidationError, match=r"must be user=... and workflow=... by name, .* not 'u' \(a string"
    ):
        await making(AsyncChatKit(KEY).sessions).create("u", **more)


@pytest.mark.parametrize("ssl", [True, False, create_default_context()])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_failed_connection_names_host_and_port_and_no_setting_of_aiohttp(scheme: str, ssl: Any) -> None:
    async with AsyncChatKit(KEY, base_url=f"{scheme}://127.0.0.1:1", ssl=ssl, max_retries=0) as client:
        with pytest.raises(APIConnectionError, match=r"Cannot connect to host 127\.0\.0\.1:1 \["):
            await client.threads.list()
