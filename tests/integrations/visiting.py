"""Visits without a framework, for what no real request can show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chatkit_async.broker import AsyncSessionBroker
from chatkit_async.integrations import EndpointOptions
from chatkit_async.integrations.endpoint import Endpoint
from chatkit_async.integrations.options import hidden
from chatkit_async.integrations.visit import Visit


def visit(
    *,
    identity: Any = None,
    body: bytes = b"",
    cookies: Mapping[str, str] | None = None,
    is_https: bool = True,
    **headers: str,
) -> Visit:
    """A POST; underscores in the names of headers are hyphens."""
    sent = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    if body:
        sent |= {"content-length": str(len(body)), "content-type": "application/json"}
    return Visit(
        method="POST",
        is_https=is_https,
        values=lambda name: [sent[name.lower()]] if name.lower() in sent else [],
        cookies=cookies or {},
        read_body=lambda: body,
        identify=lambda: identity,
    )


def endpoint(broker: AsyncSessionBroker, **options: Any) -> Endpoint:
    """The endpoint as an adapter makes it."""
    chosen: EndpointOptions = options  # type: ignore[assignment]
    return Endpoint(broker, hidden(chosen), knows_users=True)
