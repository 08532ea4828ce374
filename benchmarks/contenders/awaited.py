"""Who is awaited: each contender opens once and offers its call for each operation."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

from ..cases import CASES, SESSION_ID, THREAD_ID, USER, WORKFLOW, Case
from . import AIOHTTP, API_KEY, CHATKIT, FLOOR, OPENAI, OPENAI_AIOHTTP
from .floor import floor

# The official client gives a connection 5 s, and with 1,000 in flight on a busy machine may need more.
PATIENCE_S = 300.0

Call = Callable[[], Awaitable[Any]]
Calls = Mapping[str, Call]


@asynccontextmanager
async def chatkit_async(base_url: str) -> AsyncIterator[Calls]:
    """This package's client."""
    from chatkit_async import AsyncChatKit

    async with AsyncChatKit(API_KEY, base_url=base_url) as client:
        yield {
            "sessions.create": partial(client.sessions.create, user=USER, workflow=WORKFLOW),
            "sessions.cancel": partial(client.sessions.cancel, SESSION_ID),
            "threads.list": client.threads.list,
            "threads.retrieve": partial(client.threads.retrieve, THREAD_ID),
            "threads.delete": partial(client.threads.delete, THREAD_ID),
            "threads.list_items": partial(client.threads.list_items, THREAD_ID),
        }


@asynccontextmanager
async def bare_aiohttp(base_url: str) -> AsyncIterator[Calls]:
    """What one writes by hand: aiohttp and json, nothing checked, nothing retried, nothing typed."""
    import aiohttp

    headers = {"Authorization": f"Bearer {API_KEY}", "OpenAI-Beta": "chatkit_beta=v1"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def send(case: Case) -> Any:
            async with session.request(case.method, base_url + case.path, json=case.body) as response:
                return await response.json()

        async def post(case: Case) -> Any:
            async with session.post(base_url + case.path, json=case.body) as response:
                return await response.json()

        async def get(case: Case) -> Any:
            async with session.get(base_url + case.path) as response:
                return await response.json()

        senders = {"POST": post, "GET": get}
        yield {case.name: partial(senders.get(case.method, send), case) for case in CASES}


@asynccontextmanager
async def openai_default(base_url: str) -> AsyncIterator[Calls]:
    """The official client as it comes."""
    from openai import AsyncOpenAI

    async with AsyncOpenAI(api_key=API_KEY, base_url=base_url, timeout=PATIENCE_S) as client:
        yield _official_calls(client)


@asynccontextmanager
async def openai_on_aiohttp(base_url: str) -> AsyncIterator[Calls]:
    """The official client on its aiohttp transport."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    transport = DefaultAioHttpClient(timeout=PATIENCE_S)
    async with AsyncOpenAI(api_key=API_KEY, base_url=base_url, timeout=PATIENCE_S, http_client=transport) as client:
        yield _official_calls(client)


def _official_calls(client: Any) -> Calls:
    sessions, threads = client.beta.chatkit.sessions, client.beta.chatkit.threads
    return {
        "sessions.create": partial(sessions.create, user=USER, workflow={"id": WORKFLOW}),
        "sessions.cancel": partial(sessions.cancel, SESSION_ID),
        "threads.list": threads.list,
        "threads.retrieve": partial(threads.retrieve, THREAD_ID),
        "threads.delete": partial(threads.delete, THREAD_ID),
        "threads.list_items": partial(threads.list_items, THREAD_ID),
    }


AWAITED: Mapping[str, Callable[[str], AbstractAsyncContextManager[Calls]]] = {
    CHATKIT: chatkit_async,
    AIOHTTP: bare_aiohttp,
    OPENAI: openai_default,
    OPENAI_AIOHTTP: openai_on_aiohttp,
    FLOOR: floor,
}
