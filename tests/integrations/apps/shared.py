"""What the apps have in common: how a test names the user, and the endpoints' options."""

from __future__ import annotations

import json
import os
import socket
from typing import Any, cast

from chatkit_async.integrations import EndpointOptions, Identity

SESSION, MEMBERS, LOGOUT = "/api/chatkit/session", "/api/chatkit/members", "/logout"
ANONYMOUS = "/api/chatkit/anonymous"  # without identify: every visitor is anonymous
FORBIDDEN = '"forbidden"'  # makes `identify` raise the framework's 403
# Of the client behind MEMBERS, which is the app's own, so that failures are tested without waiting.
IMPATIENT: Any = {"timeout": 1.0, "max_retries": 0}
OLD_KEY, KEY = "an old key that still counts", b"the key that signs by now, as bytes"
OPEN: EndpointOptions = {"cookie_keys": [KEY], "cookie_secure": False}
OPTIONS: EndpointOptions = {"cookie_keys": [KEY, OLD_KEY], "allowed_origins": ["https://shop.example"]}


def identity_in(header: str | None) -> Any:
    """What `identify` returns: the JSON of the header X-Test-Identity, None without it."""
    found = json.loads(header or "null")
    return Identity(*cast("list[str]", found)) if isinstance(found, list) else found


def listening() -> socket.socket:
    """The socket that the test has opened."""
    return socket.socket(fileno=int(os.environ["TEST_SOCKET"]))
