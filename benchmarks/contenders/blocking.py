"""Who blocks: this client, the official one, and the awaited client handed over as one does by hand."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from ..cases import USER, WORKFLOW
from . import API_KEY, CHATKIT_BLOCKING, OPENAI_BLOCKING

BY_HAND = "run_coroutine_threadsafe"
Create = Callable[[], object]


@contextmanager
def chatkit_blocking(base_url: str) -> Iterator[Create]:
    """The blocking twin."""
    from chatkit_async import ChatKit

    with ChatKit(API_KEY, base_url=base_url) as client:
        yield partial(client.sessions.create, user=USER, workflow=WORKFLOW)


@contextmanager
def openai_blocking(base_url: str) -> Iterator[Create]:
    """The official blocking client."""
    from openai import OpenAI

    with OpenAI(api_key=API_KEY, base_url=base_url) as client:
        yield partial(client.beta.chatkit.sessions.create, user=USER, workflow={"id": WORKFLOW})


@contextmanager
def by_hand(base_url: str) -> Iterator[Create]:
    """The awaited client in a loop in a thread, each call handed over by `run_coroutine_threadsafe`."""
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


BLOCKING: Mapping[str, Callable[[str], AbstractContextManager[Create]]] = {
    CHATKIT_BLOCKING: chatkit_blocking,
    OPENAI_BLOCKING: openai_blocking,
    BY_HAND: by_hand,
}
