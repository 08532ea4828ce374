"""What HTTP/2 allows and HTTP/1 does not: a body without an announced length, cookies in several headers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from starlette.requests import Request

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker
from chatkit_async.emulator import Emulator
from chatkit_async.integrations.starlette import SessionEndpoint, session_endpoint

JSON = (b"content-type", b"application/json")
PART = b" " * 4096


async def ada(request: Request) -> str:
    return "ada"


@pytest.fixture
async def endpoint(client: AsyncChatKit) -> SessionEndpoint:
    return session_endpoint(AsyncSessionBroker(client, workflow="wf_1"), identify=ada)


@pytest.fixture(params=["as an ASGI app", "with a request"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def status(
    way: str, endpoint: SessionEndpoint, parts: Sequence[bytes], *headers: tuple[bytes, bytes]
) -> tuple[int, int]:
    """The status for a request as an HTTP/2 server hands it over, and how many of its parts were not read."""
    left = iter(parts)
    unread = len(parts)
    statuses: list[int] = []

    async def receive() -> Any:
        nonlocal unread
        unread = max(unread - 1, 0)
        return {"type": "http.request", "body": next(left, b""), "more_body": unread > 0}

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    lines = [(b"host", b"shop.example"), *headers]
    scope = {"type": "http", "http_version": "2", "method": "POST", "path": "/", "scheme": "https", "headers": lines}
    if way == "with a request":
        statuses.append((await endpoint(Request(scope, receive))).status_code)
    else:
        await endpoint(scope, receive, send)
    [found] = statuses
    return found, unread


async def test_a_small_body_is_read_and_one_without_a_type_refused(way: str, endpoint: SessionEndpoint) -> None:
    assert await status(way, endpoint, [b'{"currentClient', b'Secret": "x"}'], JSON) == (200, 0)
    assert await status(way, endpoint, [b"{", b"}"]) == (415, 0)
    assert await status(way, endpoint, []) == (200, 0)


async def test_an_endless_body_is_not_read_to_its_end(way: str, endpoint: SessionEndpoint, emulator: Emulator) -> None:
    assert await status(way, endpoint, [PART] * 1000, JSON) == (413, 1000 - 5)
    assert emulator.sessions() == []


class Part(bytes):
    """A part of a body that counts how often its length is taken."""

    measured = 0

    def __len__(self) -> int:
        Part.measured += 1
        return super().__len__()


async def test_each_of_sixteen_thousand_parts_is_measured_at_most_once(way: str, endpoint: SessionEndpoint) -> None:
    Part.measured = 0
    body = b"{}".rjust(16_000)
    assert await status(way, endpoint, [Part(body[place : place + 1]) for place in range(len(body))], JSON) == (200, 0)
    assert Part.measured <= len(body)


async def test_a_cookie_header_that_is_split_is_read_whole(client: AsyncChatKit, emulator: Emulator) -> None:
    keys = ["a random key that signs cookies"]
    broker = AsyncSessionBroker(client, workflow="wf_1")
    made = session_endpoint(broker, cookie_keys=keys)
    scope = {"type": "http", "method": "POST", "path": "/", "scheme": "https", "headers": [(b"host", b"shop.example")]}

    async def receive() -> Any:
        return {"type": "http.request"}

    first = await made(Request(scope, receive))
    cookie = first.headers["set-cookie"].partition(";")[0].encode()
    split = [(b"cookie", b"theme=dark"), (b"cookie", cookie), (b"cookie", b"language=en")]
    again: list[Any] = []

    async def send(message: Any) -> None:
        again.append(message)

    await made({**scope, "headers": [(b"host", b"shop.example"), *split]}, receive, send)
    assert again[1]["body"] == first.body
    assert len(emulator.sessions()) == 1


async def test_a_websocket_is_closed(endpoint: SessionEndpoint) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await endpoint({"type": "websocket", "path": "/"}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1000}]
