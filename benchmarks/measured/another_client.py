"""Another client in a process that has one: made, opened by its first call, and closed.

What the first call's new connection costs is the system's and aiohttp's: a bare aiohttp session that lives as long is
taken off.
"""

import asyncio
import gc
import ssl
from functools import partial

from ..cases import USER, WORKFLOW
from ..contenders import API_KEY
from ..contenders.awaited import bare_aiohttp
from ..method.effort import Effort
from ..method.figure import Figures, count_of
from ..method.in_loop import opened
from ..method.slices import compare
from ..servers.running import running

CLIENT, SESSION = "another client", "another aiohttp session"


def measure(effort: Effort, variant: str) -> Figures:
    """Milliseconds beyond a bare aiohttp session, and what is made anew that could be shared."""
    with running("stub") as stub, opened() as contenders:
        lives = {CLIENT: another_client, SESSION: another_session}
        samples = compare(
            [contenders.contender(name, partial(life, stub.base_url)) for name, life in lives.items()], effort
        )
        made = made_anew(contenders.loop, stub.base_url)
    added = samples.beyond(CLIENT, SESSION).scaled(1e-3, "ms")
    return samples.costs() | {
        f"{CLIENT} beyond {SESSION}": added,
        "TLS contexts and converters made anew": count_of(made, "objects"),
    }


async def another_client(base_url: str) -> None:
    """Its whole life, with one call."""
    from chatkit_async import AsyncChatKit

    async with AsyncChatKit(API_KEY, base_url=base_url) as client:
        await client.sessions.create(user=USER, workflow=WORKFLOW)


async def another_session(base_url: str) -> None:
    """The same by hand."""
    async with bare_aiohttp(base_url) as calls:
        await calls["sessions.create"]()


def made_anew(loop: asyncio.AbstractEventLoop, base_url: str) -> int:
    """TLS contexts and converters that another client adds while it lives."""
    from chatkit_async import AsyncChatKit

    async def life() -> int:
        async with AsyncChatKit(API_KEY, base_url=base_url) as client:
            await client.sessions.create(user=USER, workflow=WORKFLOW)
            return dear_objects()

    before = dear_objects()
    return loop.run_until_complete(life()) - before


def dear_objects() -> int:
    """TLS contexts (16 ms each) and converters (2 ms) there are now."""
    import cattrs

    gc.collect()
    return sum(isinstance(found, (ssl.SSLContext, cattrs.BaseConverter)) for found in gc.get_objects())
