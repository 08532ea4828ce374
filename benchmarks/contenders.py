"""Who is measured: each contender opens once and offers its call for each case it knows."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp

from .cases import CASES, SESSION_ID, THREAD_ID, USER, WORKFLOW, Case

API_KEY = "sk-benchmark"
Call = Callable[[], Awaitable[Any]]
Calls = Mapping[str, Call]


class SkippedError(Exception):
    """This contender cannot run here; the message says why."""


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
    headers = {"Authorization": f"Bearer {API_KEY}", "OpenAI-Beta": "chatkit_beta=v1"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def send(case: Case) -> Any:
            async with session.request(case.method, base_url + case.path, json=case.body) as response:
                response.raise_for_status()
                return await response.json()

        yield {case.name: partial(send, case) for case in CASES}


@asynccontextmanager
async def openai_default(base_url: str) -> AsyncIterator[Calls]:
    """The official client as it comes."""
    openai = _import_openai()
    async with openai.AsyncOpenAI(api_key=API_KEY, base_url=base_url) as client:
        yield _official_calls(client)


@asynccontextmanager
async def openai_on_aiohttp(base_url: str) -> AsyncIterator[Calls]:
    """The official client on its aiohttp transport."""
    openai = _import_openai()
    try:
        transport = openai.DefaultAioHttpClient()
    except (AttributeError, RuntimeError) as reason:
        raise SkippedError(f"{reason}: pip install 'openai[aiohttp]'") from reason
    async with openai.AsyncOpenAI(api_key=API_KEY, base_url=base_url, http_client=transport) as client:
        yield _official_calls(client)


def _import_openai() -> Any:
    try:
        import openai
    except ImportError as reason:
        raise SkippedError("openai is not installed: pip install 'chatkit-async[bench]'") from reason
    return openai


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


@dataclass(frozen=True)
class Contender:
    """A column of the table."""

    name: str
    open: Callable[[str], AbstractAsyncContextManager[Calls]]


BASELINE = Contender("aiohttp + json", bare_aiohttp)
CONTENDERS = (
    BASELINE,
    Contender("chatkit-async", chatkit_async),
    Contender("openai, aiohttp transport", openai_on_aiohttp),
    Contender("openai", openai_default),
)
