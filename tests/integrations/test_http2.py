"""What HTTP/2 allows and HTTP/1 does not: a body of which no header says how long it is."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker
from chatkit_async.emulator import Emulator
from chatkit_async.integrations.starlette import SessionEndpoint, session_endpoint

JSON = (b"content-type", b"application/json")
PART = b" " * 4096


@pytest.fixture
async def endpoint(client: AsyncChatKit) -> SessionEndpoint:
    broker = AsyncSessionBroker(client, workflow="wf_1")
    return session_endpoint(broker, identify=lambda request: "ada")


async def answered(endpoint: SessionEndpoint, parts: list[bytes], *headers: tuple[bytes, bytes]) -> int:
    """The status for a request as an HTTP/2 server hands it over; takes from `parts` what is read of it."""

    async def receive() -> Any:
        return {"type": "http.request", "body": parts.pop(0) if parts else b"", "more_body": bool(parts)}

    scope = {"type": "http", "http_version": "2", "method": "POST", "path": "/", "scheme": "https"}
    asked = Request({**scope, "headers": [(b"host", b"shop.example"), *headers]}, receive)
    return (await endpoint(asked)).status_code


async def test_a_small_body_is_read_and_one_without_a_type_refused(endpoint: SessionEndpoint) -> None:
    assert await answered(endpoint, [b'{"currentClient', b'Secret": "x"}'], JSON) == 200
    assert await answered(endpoint, [b"{", b"}"]) == 415
    assert await answered(endpoint, []) == 200


async def test_an_endless_body_is_not_read_to_its_end(endpoint: SessionEndpoint, emulator: Emulator) -> None:
    parts = [PART] * 1000
    assert await answered(endpoint, parts, JSON) == 413
    assert len(parts) == 1000 - 5
    assert emulator.sessions() == []
