"""Requests as browsers and others send them, header by header."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPMessage
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import attrs

from chatkit_async.emulator import Emulator

from .apps.shared import SESSION

_numbers = itertools.count()
Headers = Mapping[str, str | Sequence[str]]


@attrs.frozen
class Response:
    """A response."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        """The fields of an error, all of them and no others."""
        assert set(self.json) == {"error"}, self.body
        assert set(self.json["error"]) == {"code", "message", "request_id", "retry_after_s"}
        return self.json["error"]

    @property
    def cookies(self) -> dict[str, Morsel[str]]:
        """The cookies it sets."""
        found: SimpleCookie = SimpleCookie()
        for line in self.headers.get_all("Set-Cookie", []):
            found.load(line)
        return dict(found)


def fetch(
    url: str, path: str = SESSION, *, method: str = "POST", body: Any = None, headers: Headers | None = None
) -> Response:
    """One request on a connection of its own.

    Args:
        url: the server's.
        path: of the request.
        method: the HTTP method.
        body: bytes as they are, anything else but None as JSON.
        headers: in place of those that would be sent; several values are sent one by one, no values none.
    """
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    usual = {"Host": urlsplit(url).netloc}
    usual |= {"Content-Length": str(len(data)), "Content-Type": "application/json"} if data else {"Content-Length": "0"}
    sent = {name.lower(): value for name, value in (*usual.items(), *(headers or {}).items())}
    connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            for one in [value] if isinstance(value, str) else value:
                connection.putheader(name, one)
        connection.endheaders()
        _send(connection, data)
        response = connection.getresponse()
        return Response(response.status, response.headers, response.read())
    finally:
        connection.close()


def _send(connection: HTTPConnection, data: bytes) -> None:
    with suppress(
        BrokenPipeError, ConnectionResetError
    ):  # refused before all was sent: the response is there to be read
        connection.send(data)


def as_user(identity: Any, **headers: str | Sequence[str]) -> Headers:
    """The headers of a signed-in user; underscores are hyphens."""
    return {
        "X-Test-Identity": json.dumps(identity),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }


def as_new_user(**headers: str | Sequence[str]) -> Headers:
    """The headers of a user without a session."""
    return as_user(f"somebody_{next(_numbers)}", **headers)


def cookie_header(response: Response) -> Headers:
    """The header by which a browser gives the cookies of a response back."""
    return {"Cookie": "; ".join(f"{name}={cookie.value}" for name, cookie in response.cookies.items())}


def users(emulator: Emulator) -> list[Any]:
    """The users of all sessions that were created, oldest first."""
    return [session["user"] for session in emulator.sessions()]
