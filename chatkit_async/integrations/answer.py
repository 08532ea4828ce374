"""What the endpoint says: answers, and the refusals that become some."""

from __future__ import annotations

import json
from collections.abc import Mapping

import attrs

# Of this moment, for whoever asked, and never anything but JSON.
HEADERS: Mapping[str, str] = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


@attrs.frozen
class Cookie:
    """A cookie to set, or to drop where `max_age_s` is 0. It is always HttpOnly, SameSite=Lax, of path `/`."""

    name: str
    value: str = attrs.field(repr=False)
    max_age_s: int
    is_secure: bool


@attrs.frozen
class Answer:
    """What is sent: the HTTP status, headers, body and perhaps a cookie."""

    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)
    cookie: Cookie | None = None


def json_answer(
    status: int, document: Mapping[str, object], headers: Mapping[str, str] | None = None, cookie: Cookie | None = None
) -> Answer:
    """An answer that holds a JSON object."""
    return Answer(status, {**HEADERS, **(headers or {})}, json.dumps(document).encode(), cookie)


def error_answer(
    status: int,
    code: str,
    message: str,
    *,
    request_id: str | None = None,
    retry_after_s: float | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """An error that a browser may see: always the same four fields."""
    error = {"code": code, "message": message, "request_id": request_id, "retry_after_s": retry_after_s}
    return json_answer(status, {"error": error}, headers)


class Refusal(Exception):
    """A request that is turned away before anything is asked of the API.

    Args:
        status: the HTTP status.
        code: our word for it.
        message: one sentence for whoever writes the page; repeats nothing of the request.
        headers: further headers of the answer.
        log: what the server's log is to say, where the server itself is at fault.
    """

    def __init__(
        self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None, log: str | None = None
    ) -> None:
        super().__init__(message)
        self.answer = error_answer(status, code, message, headers=headers)
        self.log = log
