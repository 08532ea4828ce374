"""The clients that are compared. Each offers a create and a page of 100 items, or is a whole program."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from .servers import API_KEY, CREATE_BODY, CREATE_PATH, HEADERS, ITEMS_PATH, PAGE_SIZE, THREAD_ID, USER, WORKFLOW

CHATKIT, CHATKIT_BLOCKING = "chatkit-async", "chatkit-async, blocking"
AIOHTTP, BY_HAND = "aiohttp + json", "run_coroutine_threadsafe"
OPENAI, OPENAI_AIOHTTP, OPENAI_BLOCKING = "openai", "openai, aiohttp transport", "openai, blocking"
OPENAI_TIMEOUT_S = 300.0  # its 5 s to connect are too few for 1,000 calls in flight on a busy machine

Call = Callable[[], Awaitable[Any]]


@dataclass(frozen=True)
class Calls:
    """The two calls that are measured."""

    create: Call
    page: Call


@asynccontextmanager
async def chatkit(base_url: str) -> AsyncIterator[Calls]:
    """This package's client."""
    from chatkit_async import AsyncChatKit

    async with AsyncChatKit(API_KEY, base_url=base_url) as client:
        yield Calls(
            partial(client.sessions.create, user=USER, workflow=WORKFLOW),
            partial(client.threads.list_items, THREAD_ID, limit=PAGE_SIZE),
        )


@asynccontextmanager
async def bare_aiohttp(base_url: str) -> AsyncIterator[Calls]:
    """aiohttp and json as written by hand: nothing checked, retried or typed."""
    import aiohttp

    async with aiohttp.ClientSession(headers=HEADERS) as session:

        async def create() -> Any:
            async with session.post(base_url + CREATE_PATH, json=CREATE_BODY) as response:
                return await response.json()

        async def page() -> Any:
            async with session.get(f"{base_url}{ITEMS_PATH}?limit={PAGE_SIZE}") as response:
                return await response.json()

        yield Calls(create, page)


@asynccontextmanager
async def openai(base_url: str, *, on_aiohttp: bool = False) -> AsyncIterator[Calls]:
    """The official client, on httpx or on its aiohttp transport."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    transport = DefaultAioHttpClient(timeout=OPENAI_TIMEOUT_S) if on_aiohttp else None
    client = AsyncOpenAI(api_key=API_KEY, base_url=base_url, timeout=OPENAI_TIMEOUT_S, http_client=transport)
    async with client:
        resource = client.beta.chatkit
        yield Calls(
            partial(resource.sessions.create, user=USER, workflow={"id": WORKFLOW}),
            partial(resource.threads.list_items, THREAD_ID, limit=PAGE_SIZE),
        )


@contextmanager
def chatkit_blocking(base_url: str) -> Iterator[Callable[[], object]]:
    """The blocking twin."""
    from chatkit_async import ChatKit

    with ChatKit(API_KEY, base_url=base_url) as client:
        yield partial(client.sessions.create, user=USER, workflow=WORKFLOW)


@contextmanager
def openai_blocking(base_url: str) -> Iterator[Callable[[], object]]:
    """The official blocking client."""
    from openai import OpenAI

    with OpenAI(api_key=API_KEY, base_url=base_url) as client:
        yield partial(client.beta.chatkit.sessions.create, user=USER, workflow={"id": WORKFLOW})


@contextmanager
def by_hand(base_url: str) -> Iterator[Callable[[], object]]:
    """The async client in a loop thread, each call handed over by `run_coroutine_threadsafe`."""
    from chatkit_async import AsyncChatKit

    client = AsyncChatKit(API_KEY, base_url=base_url)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    create = partial(client.sessions.create, user=USER, workflow=WORKFLOW)
    yield lambda: asyncio.run_coroutine_threadsafe(create(), loop).result()
    asyncio.run_coroutine_threadsafe(client.aclose(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


ASYNC: dict[str, Callable[[str], AbstractAsyncContextManager[Calls]]] = {
    CHATKIT: chatkit,
    AIOHTTP: bare_aiohttp,
    OPENAI: openai,
    OPENAI_AIOHTTP: partial(openai, on_aiohttp=True),
}
BLOCKING: dict[str, Callable[[str], AbstractContextManager[Callable[[], object]]]] = {
    CHATKIT_BLOCKING: chatkit_blocking,
    OPENAI_BLOCKING: openai_blocking,
    BY_HAND: by_hand,
}

_PRINT_MEMORY = "from benchmarks.machine import resident_kib; print(resident_kib())"
_ASYNC_PROGRAM = """
import asyncio, sys
{import_line}

async def main():
    async with {client} as client:
        {call}

asyncio.run(main())
"""
_BLOCKING_PROGRAM = """
import sys
{import_line}

with {client} as client:
    {call}
"""
_OPENAI_CALL = f"client.beta.chatkit.sessions.create(user={USER!r}, workflow={{'id': {WORKFLOW!r}}})"
_CHATKIT_CALL = f"client.sessions.create(user={USER!r}, workflow={WORKFLOW!r})"
_POST = f"client.post(sys.argv[1] + {CREATE_PATH!r}, json={CREATE_BODY!r})"


def _program(template: str, module: str, client: str, call: str, settings: str = "") -> str:
    made = f"{client}({settings or f'api_key={API_KEY!r}, base_url=sys.argv[1]'})"
    return template.format(import_line=f"from {module} import {client}", client=made, call=call) + _PRINT_MEMORY


PROGRAMS = {
    CHATKIT: _program(_ASYNC_PROGRAM, "chatkit_async", "AsyncChatKit", f"await {_CHATKIT_CALL}"),
    CHATKIT_BLOCKING: _program(_BLOCKING_PROGRAM, "chatkit_async", "ChatKit", _CHATKIT_CALL),
    AIOHTTP: _program(
        _ASYNC_PROGRAM, "aiohttp", "ClientSession", f"await (await {_POST}).json()", f"headers={HEADERS!r}"
    ),
    OPENAI: _program(_ASYNC_PROGRAM, "openai", "AsyncOpenAI", f"await {_OPENAI_CALL}"),
    OPENAI_BLOCKING: _program(_BLOCKING_PROGRAM, "openai", "OpenAI", _OPENAI_CALL),
}
IMPORTS = {
    "python": "",
    CHATKIT: "from chatkit_async import AsyncChatKit, ChatKit, ChatSession",
    "import asyncio": "import asyncio",
    OPENAI: "import openai",
    "import click": "import click",
    "chatkit --help": "import sys; from chatkit_async.__main__ import main; sys.exit(main())",
}
