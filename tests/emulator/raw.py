"""HTTP as bytes on a socket: tests without the package's client."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import attrs

MINIMAL = {"user": "user_1", "workflow": {"id": "wf_1"}}
HEADERS = {
    "Host": "localhost",
    "Authorization": "Bearer sk-test",
    "OpenAI-Beta": "chatkit_beta=v1",
    "Content-Type": "application/json",
    "Connection": "close",
}
SESSIONS = "/v1/chatkit/sessions"


@attrs.frozen
class RawResponse:
    """A response, parsed."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The fields of an error, checked to have the API's form."""
        assert set(self.json) == {"error"}
        assert set(self.json["error"]) == {"message", "type", "param", "code"}
        assert self.headers["content-type"].startswith("application/json")
        assert self.headers["x-request-id"].startswith("req_")
        return self.json["error"]


async def exchange(base_url: str, request: bytes) -> RawResponse:
    """Sends the bytes, reads until the server closes, parses the response."""
    return parsed(await raw_response(base_url, request))


async def raw_response(base_url: str, request: bytes) -> bytes:
    """Sends the bytes, and returns all bytes until the server closes."""
    url = urlsplit(base_url)
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        try:
            writer.write(request)
            await writer.drain()
            return await reader.read()
        finally:
            writer.close()


def parsed(response: bytes) -> RawResponse:
    """The response, parsed; the whole body is there."""
    head, _, body = response.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return RawResponse(int(status_line.split()[1]), headers, body)


def request_bytes(
    method: str, target: str, body: bytes | None = None, headers: dict[str, str | None] | None = None
) -> bytes:
    """A request: the usual headers, changed by `headers` (None leaves one out)."""
    length = {} if body is None else {"Content-Length": str(len(body))}
    fields = {**HEADERS, **length, **(headers or {})}
    lines = [
        f"{method} {target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in fields.items() if value is not None),
    ]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + (body or b"")


async def post(base_url: str, body: Any = MINIMAL, target: str = SESSIONS, **headers: str | None) -> RawResponse:
    """POST a body: bytes as they are, anything else as JSON; underscores in `headers` stand for hyphens."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return await exchange(base_url, request_bytes("POST", target, content, changed))


async def cancel(base_url: str, session_id: str) -> RawResponse:
    """Cancels a session."""
    return await exchange(base_url, request_bytes("POST", f"{SESSIONS}/{session_id}/cancel"))
