"""Lines that a new user gets wrong: the message says what is wrong and what to write instead."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any

import pytest

from chatkit_async import AsyncChatKit, ChatKit, RequestOptions

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
    "RequestOptions": (lambda client: RequestOptions(timout=5), "RequestOptions() got an", "did you mean timeout?"),  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
}


@pytest.mark.parametrize("half", [AsyncChatKit, ChatKit])
@pytest.mark.parametrize(("call", "advice", "more"), WRONG.values(), ids=WRONG)
def test_a_wrong_keyword_is_named_with_the_right_one_and_shows_no_value(
    half: type[Any], call: Callable[[Any], Any], advice: str, more: str
) -> None:
    async def awaited(client: Any) -> None:
        await call(client)

    client = half(KEY)
    with pytest.raises(TypeError) as caught:
        asyncio.run(awaited(client)) if half is AsyncChatKit else call(client)
    assert "got an unexpected keyword argument" in str(caught.value)
    assert advice in str(caught.value)
    assert more in str(caught.value)
    found = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert SECRET not in str([frame.locals for frame in found.stack if "/chatkit_async/" in frame.filename])
