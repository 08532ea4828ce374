"""What the apps have in common: who their visitors say they are, and how their endpoints are set up."""

from __future__ import annotations

import json
import os
import socket
from typing import Any, cast

from chatkit_async.integrations import EndpointOptions, Identity

SESSION, MEMBERS, LOGOUT = "/api/chatkit/session", "/api/chatkit/members", "/logout"
ANYBODY = "/api/chatkit/anybody"  # where nobody can sign in, as on a developer's machine
FORBIDDEN = '"forbidden"'  # has `identify` turn somebody away as the framework does
# Of the client behind MEMBERS, which is the app's own, so that failures are tested without waiting.
IMPATIENT: Any = {"timeout": 1.0, "max_retries": 0}
OLD_KEY, KEY = "an old key that still counts", b"the key that signs by now, as bytes"
OPEN: EndpointOptions = {"cookie_keys": [KEY], "cookie_secure": False}
OPTIONS: EndpointOptions = {"cookie_keys": [KEY, OLD_KEY], "allowed_origins": ["https://shop.example"]}


def said(header: str | None) -> Any:
    """What `identify` is to return, as a test says it in the header X-Test-Identity; nothing: None."""
    found = json.loads(header or "null")
    return Identity(*cast("list[str]", found)) if isinstance(found, list) else found


def listening() -> socket.socket:
    """The socket that the test has opened."""
    return socket.socket(fileno=int(os.environ["TEST_SOCKET"]))
