"""Requests to the control plane, as bytes on a socket."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

from chatkit_async.emulator import Emulator
from tests.emulator.raw import SESSIONS, RawResponse, exchange, request_bytes

CONTROL = "/__emulator__/"
BEGINNING = 1_800_000_000
THREAD = {"id": "cthr_1", "created_at": BEGINNING, "title": "Gates", "user": "user_1"}
MESSAGE = {
    "id": "cthi_1",
    "type": "chatkit.user_message",
    "created_at": BEGINNING,
    "content": [{"type": "input_text", "text": "What is open?"}],
}
CREATE = request_bytes("POST", SESSIONS, b'{"user":"user_1","workflow":{"id":"wf_1"}}')
LIST = request_bytes("GET", "/v1/chatkit/threads")
SEED: dict[str, Any] = {
    "threads": [{"thread": THREAD, "items": [MESSAGE, {"type": "chatkit.task"}]}, {"thread": {}}],
    "sessions": [{"id": "cksess_1", "user": "user_1"}, {"status": "cancelled"}],
}


def constant_emulator() -> Emulator:
    """An emulator whose clock stands still and whose ids count up."""
    numbers: Iterator[int] = itertools.count(1)
    return Emulator(read_clock=lambda: float(BEGINNING), new_token=lambda: f"{next(numbers):048x}")


async def control_post(emulator: Emulator, name: str, document: Any = None, **headers: str | None) -> RawResponse:
    """POST to the control plane: bytes as they are, anything else as JSON; underscores in `headers` are hyphens."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return await control_request(emulator, "POST", CONTROL + name, body, **headers)


async def control_get(emulator: Emulator, name: str, **headers: str | None) -> RawResponse:
    """GET from the control plane."""
    return await control_request(emulator, "GET", CONTROL + name, **headers)


async def control_request(
    emulator: Emulator, method: str, target: str, body: bytes | None = None, **headers: str | None
) -> RawResponse:
    """A request without a key: the control plane needs none."""
    changed: dict[str, str | None] = {"Authorization": None, "OpenAI-Beta": None}
    changed |= {name.replace("_", "-"): value for name, value in headers.items()}
    return await exchange(emulator.base_url, request_bytes(method, target, body, changed))


def error_of(response: RawResponse) -> dict[str, Any]:
    """The fields of an error, checked to be complete."""
    assert response.headers["content-type"] == "application/json"
    assert set(response.json) == {"error"}
    assert set(response.json["error"]) == {"message", "type", "param", "code"}
    return response.json["error"]
