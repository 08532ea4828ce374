"""The emulator, and beside it a bare aiohttp.web handler that answers the same bytes, in one process."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from chatkit_async.emulator import Emulator

from ..cases import CREATE, PREFIX
from ..contenders import API_KEY
from .controlled import until_left

HEADERS = {"Authorization": f"Bearer {API_KEY}", "OpenAI-Beta": "chatkit_beta=v1"}
# aiohttp.web writes these by itself.
NOT_COPIED = {"Content-Length", "Server", "Date"}


async def emulators_answer(base_url: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of one real answer."""
    async with (
        aiohttp.ClientSession(headers=HEADERS) as session,
        session.post(base_url + CREATE.path, json=CREATE.body) as response,
    ):
        body = await response.read()
        assert json.loads(body)["status"] == "active"
        return {name: value for name, value in response.headers.items() if name not in NOT_COPIED}, body


@asynccontextmanager
async def bare(headers: dict[str, str], body: bytes) -> AsyncIterator[int]:
    """Runs the bare handler; gives its port."""

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=body, headers=headers)

    app = web.Application()
    app.router.add_post(PREFIX + CREATE.path, handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield int(runner.addresses[0][1])
    await runner.cleanup()


async def serve() -> None:
    """Both listen until they are left."""
    async with Emulator() as emulator, bare(*await emulators_answer(emulator.base_url)) as port:
        await until_left(urlsplit(emulator.base_url).port or 0, port)


if __name__ == "__main__":
    asyncio.run(serve())
