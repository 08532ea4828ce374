"""What the contenders talk to, each in a process and on a core of its own.

`stub` reads a request to its end and writes ready bytes. `emulators` is the emulator, and beside it a bare aiohttp.web
handler that responds with the same bytes. `python -m benchmarks.servers NAME` runs one of them.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import cycle, islice
from typing import Any
from urllib.parse import urlsplit

from .machine import ROOT, pin

API_KEY = "sk-benchmark"
HEADERS = {"Authorization": f"Bearer {API_KEY}", "OpenAI-Beta": "chatkit_beta=v1"}
USER, WORKFLOW, THREAD_ID = "user_123", "wf_68df4b13b3588190a09d19288d4610ec0df388c3983f58d1", "cthr_1"
CREATE_PATH, ITEMS_PATH = "/chatkit/sessions", f"/chatkit/threads/{THREAD_ID}/items"
CREATE_BODY = {"user": USER, "workflow": {"id": WORKFLOW}}
PAGE_SIZE, THREAD_ITEMS = 100, 10_000
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CURSOR = re.compile(rb"[?&]after=cthi_(\d+)")
SESSION = {
    "id": "cksess_68df4b13b3588190a09d19288d4610ec0df388c3983f58d1",
    "object": "chatkit.session",
    "client_secret": "ek_68df4b13b3588190a09d19288d4610ec0df388c3983f58d1_00eyJleHBpcmVzX2F0IjogMTc1OTQ2MDQzOX0=",
    "expires_at": 1759460439,
    "user": USER,
    "status": "active",
    "max_requests_per_1_minute": 10,
    "rate_limits": {"max_requests_per_1_minute": 10},
    "workflow": {"id": WORKFLOW, "version": None, "state_variables": None, "tracing": {"enabled": True}},
    "chatkit_configuration": {
        "automatic_thread_titling": {"enabled": True},
        "file_upload": {"enabled": False, "max_file_size": None, "max_files": None},
        "history": {"enabled": True, "recent_threads": None},
    },
}
URL_ANNOTATION = {"type": "url", "source": {"type": "url", "url": "https://example.com/gates"}}
ITEM_KINDS: tuple[dict[str, Any], ...] = (
    {
        "type": "chatkit.user_message",
        "content": [{"type": "input_text", "text": "When does the north gate open on a public holiday?"}],
        "attachments": [],
        "inference_options": None,
    },
    {
        "type": "chatkit.assistant_message",
        "content": [{"type": "output_text", "text": "At nine, and closes at dusk.", "annotations": [URL_ANNOTATION]}],
    },
    {"type": "chatkit.widget", "widget": '{"type":"Card","children":[]}'},
    {
        "type": "chatkit.client_tool_call",
        "status": "completed",
        "call_id": "call_1",
        "name": "show_map",
        "arguments": '{"gate":"north"}',
        "output": '{"shown":true}',
    },
    {"type": "chatkit.task", "task_type": "thought", "heading": "Looking", "summary": "up the opening hours"},
    {"type": "chatkit.task_group", "tasks": [{"type": "custom", "heading": "Searched", "summary": None}]},
)


def items(count: int, start: int = 0) -> list[dict[str, Any]]:
    """That many items, numbered from `start`, the six kinds in turn."""
    common = {"object": "chatkit.thread_item", "thread_id": THREAD_ID}
    return [
        {"id": f"cthi_{number}", "created_at": 1759460000 + number, **common, **kind}
        for number, kind in enumerate(islice(cycle(ITEM_KINDS), count), start)
    ]


def response(body: object) -> bytes:
    """A whole HTTP response."""
    data = json.dumps(body, separators=(",", ":")).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: req_1\r\nContent-Length: {len(data)}"
    return head.encode() + b"\r\n\r\n" + data


@cache
def items_response(start: int) -> bytes:
    """The page of the long thread that starts at an item."""
    data = items(PAGE_SIZE, start)
    has_more = start + PAGE_SIZE < THREAD_ITEMS
    ids = {"first_id": data[0]["id"], "last_id": data[-1]["id"]}
    return response({"object": "list", "data": data, **ids, "has_more": has_more})


CREATED = response(SESSION)


class Stub(asyncio.Protocol):
    """Responds to creates and pages of items."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (end := _end_of_request(self.received)) is not None:
            request, self.received = self.received[:end], self.received[end:]
            if request.startswith(b"POST"):
                self.transport.write(CREATED)
            else:
                cursor = CURSOR.search(request, 0, request.find(b"\r\n"))
                self.transport.write(items_response(int(cursor[1]) + 1 if cursor else 0))


def _end_of_request(received: bytes) -> int | None:
    head_end = received.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    length = CONTENT_LENGTH.search(received, 0, head_end)
    end = head_end + 4 + (int(length[1]) if length else 0)
    return end if len(received) >= end else None


async def serve_stub() -> None:
    """Listens until its stdin ends."""
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", 0, backlog=2048)
    async with server:
        await _until_stdin_ends(server.sockets[0].getsockname()[1])


async def serve_emulators() -> None:
    """The emulator and the bare handler listen until stdin ends."""
    import aiohttp
    from aiohttp import web

    from chatkit_async.emulator import Emulator

    async with Emulator() as emulator, aiohttp.ClientSession(headers=HEADERS) as session:
        async with session.post(emulator.base_url + CREATE_PATH, json=CREATE_BODY) as created:
            body, own = await created.read(), {"Content-Length", "Server", "Date"}
            headers = {name: value for name, value in created.headers.items() if name not in own}

        async def handle(request: web.Request) -> web.Response:
            await request.read()
            return web.Response(body=body, headers=headers)

        app = web.Application()
        app.router.add_post("/v1" + CREATE_PATH, handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await _until_stdin_ends(urlsplit(emulator.base_url).port or 0, int(runner.addresses[0][1]))
        await runner.cleanup()


async def _until_stdin_ends(*ports: int) -> None:
    """Prints the ports, then the CPU time used so far for each line on stdin."""
    print(*ports, flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while await lines.readline():
        print(time.process_time(), flush=True)


class RunningServer:
    """A server process; `base_urls` in the order in which it printed its ports."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout
        self.base_urls = [f"http://127.0.0.1:{port}/v1" for port in self._stdout.readline().split()]

    def cpu_s(self) -> float:
        """CPU time that the server has used."""
        self._stdin.write("\n")
        self._stdin.flush()
        return float(self._stdout.readline())


@contextmanager
def running(name: str) -> Iterator[RunningServer]:
    """Runs a server in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.servers", name]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            pin(process.pid, 0)
            server = RunningServer(process)
            if not server.base_urls:
                raise RuntimeError(f"the benchmark server {name} did not start")
            yield server
        finally:
            process.kill()  # it would wait for connections that a failed contender still holds


if __name__ == "__main__":
    asyncio.run({"stub": serve_stub, "emulators": serve_emulators}[sys.argv[1]]())
