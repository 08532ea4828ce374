"""The record of what the emulator was asked."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from itertools import islice
from typing import Literal

import attrs
from aiohttp import web

from ..types._json import JSON
from ..types.headers import Headers

Ended = Literal["answered", "disconnected", "pending"]

# A server that runs for days must not fill the memory with what it was asked.
MAX_REQUESTS = 10_000
MAX_BODY_BYTES = 256 * 2**20


@attrs.frozen
class RecordedRequest:
    """A request as it arrived.

    Args:
        method: the HTTP method.
        path: the path as sent, percent signs included, without the query.
        query: the query's parameters, decoded.
        headers: the header fields, whatever the case of their names; of `Authorization` only the scheme.
        body: the body as sent.
        received_at: when it arrived by the emulator's clock, in seconds since 1970.
        ended: "answered", "disconnected" (the connection ended before an answer), or "pending".
        status: the HTTP status it was answered with; None unless it ended as "answered".
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    received_at: float
    ended: Ended
    status: int | None = None

    @property
    def json(self) -> JSON:
        """The body, decoded; None when it is empty. Raises ValueError when it is no JSON."""
        decoded: JSON = json.loads(self.body) if self.body else None
        return decoded


class Entry:
    """A request under way: cheap to make, and filled in as it goes on."""

    __slots__ = ("body", "ended", "head", "received_at", "status")

    def __init__(self, request: web.BaseRequest, received_at: float) -> None:
        # The parts, since the request itself would keep its connection alive.
        self.head = (request.method, request.rel_url, request.headers)
        self.received_at = received_at
        self.body = b""
        self.ended: Ended = "pending"
        self.status: int | None = None

    def answered(self, status: int) -> None:
        """Notes that it was answered with this status."""
        self.status = status  # first, for another thread may look in between
        self.ended = "answered"

    def recorded(self) -> RecordedRequest:
        """The entry as it stands now, its key masked."""
        method, url, headers = self.head
        shown = Headers((name, masked(name, value)) for name, value in headers.items())
        ended = self.ended
        status = self.status if ended == "answered" else None
        return RecordedRequest(method, url.raw_path, url.query, shown, self.body, self.received_at, ended, status)


class RequestLog:
    """The last requests, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._body_bytes = 0

    def open(self, request: web.BaseRequest, received_at: float) -> Entry:
        """Notes that a request has begun."""
        entry = Entry(request, received_at)
        self._entries.append(entry)
        if len(self._entries) > MAX_REQUESTS:
            self._forget_oldest()
        return entry

    def keep_body(self, entry: Entry, body: bytes) -> None:
        """Notes what the request's body was."""
        entry.body = body
        self._body_bytes += len(body)
        while self._body_bytes > MAX_BODY_BYTES:
            self._forget_oldest()

    def __len__(self) -> int:
        return len(self._entries)

    def recorded(self, newest: int | None = None) -> list[RecordedRequest]:
        """Every request held, or so many of the newest, as it stands now."""
        first = 0 if newest is None else max(0, len(self) - newest)
        return [entry.recorded() for entry in islice(self._entries, first, None)]

    def _forget_oldest(self) -> None:
        self._body_bytes -= len(self._entries.popleft().body)


def masked(name: str, value: str) -> str:
    """A header's value without the key in it; where no scheme stands before it, all of it is the key."""
    if name.lower() != "authorization":
        return value
    scheme, space, _ = value.partition(" ")
    return f"{scheme} ***" if space else "***"
