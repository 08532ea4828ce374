"""The log of the requests that the emulator received, and of their responses."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Literal

import attrs
from aiohttp import web

from ..types._json import JSON
from ..types.headers import Headers
from ._api import ApiResponse
from ._faults import Fault

Ended = Literal["responded", "disconnected", "pending"]

# Bounds the memory of a server that runs for days.
MAX_REQUESTS = 10_000
MAX_LOGGED_BYTES = 128 * 2**20


@attrs.frozen
class RecordedResponse:
    """A response as it was sent, or would have been if the connection had lasted.

    Args:
        status: the HTTP status.
        headers: the header fields, names case-insensitive.
        body: the body, client secrets included.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)

    @property
    def json(self) -> JSON:
        """The body, decoded; None when it is empty. Raises ValueError when it is not JSON."""
        decoded: JSON = json.loads(self.body) if self.body else None
        return decoded

    @property
    def request_id(self) -> str | None:
        """The header x-request-id."""
        return self.headers.get("x-request-id")


@attrs.frozen
class RecordedRequest:
    """A request as it arrived, and what became of it.

    Args:
        method: the HTTP method.
        path: the path as sent, percent signs included, without the query.
        query: the query's parameters, decoded.
        headers: the header fields, names case-insensitive; of `Authorization` only the scheme.
        body: the body as sent.
        received_at: when it arrived by the emulator's clock, in Unix seconds.
        ended: "responded", "disconnected" (the connection ended before the response), or "pending".
        status: the HTTP status of the response; None unless `ended` is "responded".
        duration_s: seconds from its arrival to its end, by the machine's clock; None while it is pending.
        response: the response; None while it is pending, and where there was none.
        fault: the fault that it met; None if it met none.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    received_at: float
    ended: Ended
    status: int | None = None
    duration_s: float | None = None
    response: RecordedResponse | None = attrs.field(default=None, repr=False)
    fault: Fault | None = attrs.field(default=None, repr=False)

    @property
    def json(self) -> JSON:
        """The body, decoded; None when it is empty. Raises ValueError when it is not JSON."""
        decoded: JSON = json.loads(self.body) if self.body else None
        return decoded


class LogEntry:
    """A request in the log: cheap to make, filled in as the request goes on."""

    __slots__ = (
        "body",
        "duration_s",
        "ended",
        "fault",
        "head",
        "is_kept",
        "number",
        "received_at",
        "response",
        "searched_text",
        "started_s",
    )

    def __init__(self, number: int, request: web.BaseRequest, received_at: float) -> None:
        # The parts, since the request itself would keep its connection alive.
        self.head = (request.method, request.rel_url, request.headers)
        self.number = number
        self.received_at = received_at
        self.started_s = time.perf_counter()
        self.body = b""
        self.ended: Ended = "pending"
        self.duration_s: float | None = None
        self.response: ApiResponse | None = None
        self.fault: Fault | None = None
        self.is_kept = True
        self.searched_text: str | None = None  # made by the first search after the end

    def end(self, ended: Ended) -> None:
        """Notes how the request ended; only the first call counts."""
        if self.duration_s is None:
            self.duration_s = time.perf_counter() - self.started_s
            self.ended = ended  # last: another thread may read in between

    def recorded(self) -> RecordedRequest:
        """The entry as it is now, without the key."""
        method, url, headers = self.head
        ended, made = self.ended, self.response
        response = None
        if made is not None and ended != "pending":
            response = RecordedResponse(made.status, Headers(made.headers.items()), made.body)
        return RecordedRequest(
            method,
            url.raw_path,
            url.query,
            Headers((name, without_key(name, value)) for name, value in headers.items()),
            self.body,
            self.received_at,
            ended,
            made.status if made is not None and ended == "responded" else None,
            None if ended == "pending" else self.duration_s,
            response,
            self.fault,
        )


class RequestLog:
    """The last requests, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[LogEntry] = deque()
        self._body_bytes = 0
        self._count = 0

    def open(self, request: web.BaseRequest, received_at: float) -> LogEntry:
        """Adds a request that has begun."""
        self._count += 1
        entry = LogEntry(self._count, request, received_at)
        self._entries.append(entry)
        if len(self._entries) > MAX_REQUESTS:
            self._remove_oldest()
        return entry

    def keep_body(self, entry: LogEntry, body: bytes) -> None:
        """Adds the body of a request."""
        entry.body = body
        self._count_bytes(entry, len(body))

    def keep_response(self, entry: LogEntry, response: ApiResponse) -> None:
        """Adds the response of a request."""
        entry.response = response
        self._count_bytes(entry, len(response.body))

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[LogEntry]:
        return iter(self._entries)

    def recorded(self, newest: int | None = None) -> list[RecordedRequest]:
        """All requests, or this many of the newest, as they are now."""
        first = 0 if newest is None else max(0, len(self) - newest)
        return [entry.recorded() for entry in islice(self._entries, first, None)]

    def _count_bytes(self, entry: LogEntry, count: int) -> None:
        if entry.is_kept:
            self._body_bytes += count
        while self._body_bytes > MAX_LOGGED_BYTES and self._entries:
            self._remove_oldest()

    def _remove_oldest(self) -> None:
        oldest = self._entries.popleft()
        oldest.is_kept = False
        self._body_bytes -= bytes_of(oldest)


def bytes_of(entry: LogEntry) -> int:
    """The size of the bodies of an entry."""
    return len(entry.body) + (0 if entry.response is None else len(entry.response.body))


def without_key(name: str, value: str) -> str:
    """A header's value without the API key; without a scheme the whole value is the key."""
    if name.lower() != "authorization":
        return value
    scheme, space, _ = value.partition(" ")
    return f"{scheme} ***" if space else "***"


def failure(recorded: RecordedRequest) -> str | None:
    """Why the request failed, perhaps with secrets from its response; None if it did not fail."""
    fault, response = recorded.fault, recorded.response
    if recorded.ended == "disconnected":
        if fault is not None and fault.drop:
            work = "before any work was done" if fault.drop is True else "after the work was done"
            return f"A fault closed the connection {work}."
        if fault is not None and fault.kind == "truncated":
            return "A fault closed the connection in the middle of the body."
        return "The client closed the connection before it had the response."
    if response is None or response.status < 400:
        return None
    return error_message(response.body) or f"The response has the status {response.status}."


def error_message(body: bytes) -> str | None:
    """The message of an error of the API."""
    try:
        message = json.loads(body)["error"]["message"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    return message if isinstance(message, str) else None
