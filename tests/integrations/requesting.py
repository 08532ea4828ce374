"""Requests without a framework, for what no real server shows."""

from __future__ import annotations

import json
from typing import Any, cast

from chatkit_async.broker import AsyncSessionBroker
from chatkit_async.integrations import EndpointOptions
from chatkit_async.integrations._endpoint import Endpoint
from chatkit_async.integrations._http import HTTPRequest, HTTPResponse
from chatkit_async.integrations._identity import identity_of
from chatkit_async.integrations._options import hidden


def post(*, identity: Any = None, body: bytes = b"", is_https: bool = True, **headers: str) -> HTTPRequest:
    """A POST for which `identify` returns `identity`; underscores in the names of headers are hyphens."""
    sent = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    if body:
        sent |= {"content-length": str(len(body)), "content-type": "application/json"}
    return HTTPRequest("POST", is_https, sent, lambda: body, lambda: identity_of(identity))


def endpoint(broker: AsyncSessionBroker, **options: Any) -> Endpoint:
    """The endpoint as an adapter makes it."""
    return Endpoint(broker, cast("EndpointOptions", hidden(options)), identify=identity_of)


def error_of(response: HTTPResponse) -> Any:
    return json.loads(response.body)["error"]
