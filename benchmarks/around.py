"""What is measured around the client: the emulator, the web endpoint and the archive."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import Request, urlopen

from .peers import CHATKIT
from .sections import opened
from .servers import API_KEY, PAGE_SIZE, items, running
from .slices import Contender, Effort, Figures, compare

IN_FLIGHT = 10
ARCHIVE_CONCURRENCY = 8  # the default of `archive`


def emulator(effort: Effort, variant: str) -> Figures:
    """The server's CPU for a create: the emulator beside a bare aiohttp.web handler with the same response."""
    names = ("emulator", "aiohttp.web")
    with running("emulators") as server, opened() as peers:
        calls = [peers.open(CHATKIT, base_url).create for base_url in server.base_urls]
        contenders = [peers.contender(name, call, IN_FLIGHT) for name, call in zip(names, calls, strict=True)]
        on_server = [Contender(one.name, one.run, one.least, cpu_s=server.cpu_s) for one in contenders]
        return compare(on_server, effort).figures("emulator")


def endpoint(effort: Effort, variant: str) -> Figures:
    """A hit of the session endpoint in process: CPU beside a Starlette route that responds with the same JSON."""
    from starlette.applications import Starlette
    from starlette.requests import Request as StarletteRequest
    from starlette.responses import JSONResponse

    from chatkit_async import AsyncChatKit
    from chatkit_async.broker import AsyncSessionBroker
    from chatkit_async.emulator import Emulator
    from chatkit_async.integrations.starlette import session_endpoint

    async def identify_async(request: StarletteRequest) -> str:
        return "user_123"

    def identify_plain(request: StarletteRequest) -> str:
        return "user_123"

    with Emulator.in_thread() as server, opened() as peers:
        client = AsyncChatKit("sk-benchmark", base_url=server.base_url)
        broker = AsyncSessionBroker(client, workflow="wf_123")
        app = Starlette()
        app.add_route("/async", session_endpoint(broker, identify=identify_async), methods=["POST"])
        app.add_route("/plain", session_endpoint(broker, identify=identify_plain), methods=["POST"])
        body = json.loads(peers.loop.run_until_complete(_request(app, "/async")))

        async def bare(request: StarletteRequest) -> JSONResponse:
            await request.body()
            return JSONResponse(body)

        app.add_route("/bare", bare, methods=["POST"])
        names = {"endpoint": "/async", "endpoint, plain identify": "/plain", "starlette": "/bare"}
        contenders = [peers.contender(name, lambda path=path: _request(app, path)) for name, path in names.items()]
        samples = compare(contenders, effort)
        peers.loop.run_until_complete(broker.aclose())
        peers.loop.run_until_complete(client.aclose())
    return samples.figures("endpoint") | {
        "endpoint, plain identify / starlette": samples.ratio("endpoint, plain identify", "starlette")
    }


def archive(effort: Effort, variant: str) -> Figures:
    """CPU of archiving threads of 100 items, beside walking the same pages with the client, 8 threads at a time."""
    from chatkit_async import AsyncChatKit
    from chatkit_async.bulk import archive as archive_threads

    with running("emulators") as server, opened() as peers:
        _seed(server.base_urls[0], 5 * effort.pages)
        client = AsyncChatKit(API_KEY, base_url=server.base_urls[0])

        async def archive_all(_: int) -> None:
            with TemporaryDirectory() as folder:
                await archive_threads(client, Path(folder) / "threads.chatkit")

        async def walk_some(ids: Iterator[str]) -> None:
            for thread_id in ids:
                await client.threads.list_items(thread_id, order="asc", limit=PAGE_SIZE).collect()

        async def walk_all(_: int) -> None:
            ids = iter([thread.id for thread in await client.threads.list(order="asc", limit=PAGE_SIZE).collect()])
            await asyncio.gather(*(walk_some(ids) for _ in range(ARCHIVE_CONCURRENCY)))

        contenders = [
            Contender(name, lambda calls, work=work: peers.loop.run_until_complete(work(calls)), least=1, most=1)
            for name, work in {"archive": archive_all, "walk": walk_all}.items()
        ]
        for contender in contenders:
            contender.run(1)  # imports, connections
        samples = compare(contenders, effort, max(2, effort.turns // 4))
        peers.loop.run_until_complete(client.aclose())
    return samples.figures("archive")


def _seed(base_url: str, threads: int) -> None:
    """Seeds an emulator with threads of a page of items each."""
    seed = [
        {"thread": {"id": f"cthr_{number}"}, "items": [{**item, "thread_id": f"cthr_{number}"} for item in page]}
        for number, page in enumerate(items(PAGE_SIZE, start * PAGE_SIZE) for start in range(threads))
    ]
    body = json.dumps({"threads": seed}).encode()
    url = base_url.removesuffix("/v1") + "/__emulator__/seed"
    request = Request(url, body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=60) as response:
        response.read()


async def _request(app: Callable[..., Awaitable[None]], path: str) -> bytes:
    """Sends one request through an ASGI app, and returns the body of its response."""
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"2")]
    headers += [(b"origin", b"http://localhost"), (b"accept", b"*/*"), (b"user-agent", b"Mozilla/5.0 (X11)")]
    address = {"server": ("localhost", 80), "client": ("127.0.0.1", 50000), "scheme": "http", "root_path": ""}
    route = {"method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "http_version": "1.1"}
    scope: dict[str, Any] = {"type": "http", "asgi": {"version": "3.0"}, "headers": headers, **address, **route}
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if sent[0]["status"] != 200:
        raise RuntimeError(f"{path}: {sent[0]['status']} {sent[1]['body']!r}")
    return b"".join(message["body"] for message in sent[1:])
