"""Client secrets for browsers as an ASGI app, for Litestar, Quart and every other framework or none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeAlias, Unpack

from anyio import to_thread

from .._async.client import AsyncChatKit
from ..broker import AsyncSessionBroker, Revocation
from ..types.session_operations import WorkflowLike
from ._app_broker import AppBroker
from ._checks import check_length, incomplete_body
from ._endpoint import Endpoint, check_async
from ._http import HEADERS_READ, RESPONSE_HEADERS, HTTPRequest, HTTPResponse, joined_headers
from ._identity import Identity, MaybeIdentified, async_identity
from ._options import BrokerOptions, EndpointOptions, takes

# As wide as frameworks differ: some type these as MutableMapping, some as TypedDict.
Scope: TypeAlias = Mapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]
Identify: TypeAlias = Callable[[Scope], MaybeIdentified]

_NAMES = {name.encode(): name for name in HEADERS_READ}


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]


_ENCODED_HEADERS = _encoded(RESPONSE_HEADERS)


@takes(BrokerOptions)
def setup(
    *, workflow: WorkflowLike, client: AsyncChatKit | None = None, **options: Unpack[BrokerOptions]
) -> AsyncSessionBroker:
    """A broker that starts and ends with the app: `async with` it in the app's lifespan.

    Entering it loads what the first call needs. Where your server sends lifespan events to the endpoint, the endpoint
    enters it.

    Example:
        broker = setup(workflow="wf_abc")
        endpoint = session_endpoint(broker, identify=signed_in_user)
        app = Litestar([asgi("/api/chatkit/session", copy_scope=True)(endpoint)], lifespan=[lambda app: broker])

    Args:
        workflow: what sessions are for, as in `sessions.create`.
        client: a client of yours, which stays yours to close; default: one of its own, set up by the environment.
        options: those of the broker.

    Returns:
        The broker.

    Raises:
        ConfigurationError: settings that cannot work; when it is entered: no API key.
    """
    return AppBroker(client, workflow, options)


class SessionEndpoint:
    """The endpoint, an ASGI app: of `http` requests at whatever path it is mounted, and of `lifespan` events."""

    def __init__(
        self,
        broker: AsyncSessionBroker,
        endpoint: Endpoint,
        identify: Callable[[Any], Coroutine[Any, Any, Identity | None]],
    ) -> None:
        self._broker = broker
        self._endpoint = endpoint
        self._identify = identify

    async def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> None:
        """Responds to a request, or starts and ends the broker."""
        if scope["type"] == "http":
            await _send(await self._endpoint.response(self._request(scope, receive)), send)
        elif scope["type"] == "lifespan":
            await _lifespan(self._broker, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _revoke(self, scope: Scope) -> tuple[Revocation, str | None]:
        """What logout does: the result, and the value of a Set-Cookie header."""
        revocation, cookie = await self._endpoint.revoke(self._request(scope, _no_body))
        return revocation, cookie.header() if cookie else None

    def _request(self, scope: Scope, receive: Receive) -> HTTPRequest:
        return HTTPRequest(
            method=scope["method"],
            is_https=scope.get("scheme") == "https",
            headers=_headers([*scope["headers"]]),
            read_body=lambda: _body(receive),
            identify=lambda: self._identify(scope),
        )


@takes(EndpointOptions)
def session_endpoint(
    broker: AsyncSessionBroker, *, identify: Identify | None = None, **options: Unpack[EndpointOptions]
) -> SessionEndpoint:
    """The endpoint that gives a page its client secrets: when it opens, and whenever its secret is about to expire.

    Wire form: `POST`, without a body or with `{"currentClientSecret": "..."}`; the response is
    `{"client_secret", "expires_at"}` or `{"error": {"code", "message", "request_id", "retry_after_s"}}`. Everything
    else in the body is ignored.

    Args:
        broker: gives the secrets.
        identify: given the ASGI scope, returns the signed-in user: the user's id, an `Identity`, or None for an
            anonymous visitor. A coroutine function runs in the event loop; a plain function runs in a worker thread,
            since it may block, and costs several times the CPU. Exceptions that it raises are the app's own. Default
            None: every visitor is anonymous.
        options: see `EndpointOptions`.

    Returns:
        The endpoint, to mount at a path such as `/api/chatkit/session`.

    Raises:
        ConfigurationError: settings that cannot work.
    """
    check_async(broker)
    endpoint = Endpoint(broker, options, identify=identify)
    return SessionEndpoint(broker, endpoint, async_identity(identify, to_thread.run_sync))


async def logout(endpoint: SessionEndpoint, scope: Scope, headers: list[tuple[bytes, bytes]]) -> Revocation:
    """Cancels all sessions of the user and of the anonymous visitor, and deletes the visitor's cookie.

    Call it before the app signs the user out. Browsers delete the cookie; a copy of it stays valid until it expires,
    with sessions of its own.

    Args:
        endpoint: the app's session endpoint.
        scope: the ASGI scope of the request to sign out; the app must have checked that it is genuine (CSRF).
        headers: of your response; the Set-Cookie header is appended.

    Returns:
        A `Revocation`: with `is_complete=False`, call it again.

    Raises:
        ConfigurationError: `identify` returned what is not a user.
        ClientClosedError: the broker is closed.
    """
    revocation, cookie = await endpoint._revoke(scope)
    if cookie is not None:
        headers.append((b"set-cookie", cookie.encode()))
    return revocation


def _headers(lines: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """As `joined_headers`; nearly no request repeats a header, and ASGI's names are in lower case."""
    sent = dict(lines)
    if len(sent) != len(lines):
        return joined_headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in lines)
    return {name: sent[line].decode("latin-1") for line, name in _NAMES.items() if sent.get(line)}


async def _no_body() -> Mapping[str, Any]:
    return {"type": "http.disconnect"}


async def _body(receive: Receive) -> bytes:
    """The body, refused (413) as soon as it is too large: HTTP/2 need not announce a length."""
    body = bytearray()
    is_whole = False
    while not is_whole:
        message = await receive()
        if message["type"] != "http.request":
            raise incomplete_body()
        body += message.get("body", b"")
        check_length(len(body))
        is_whole = not message.get("more_body")
    return bytes(body)


async def _send(response: HTTPResponse, send: Send) -> None:
    length = (b"content-length", str(len(response.body)).encode())
    standing = response.headers is RESPONSE_HEADERS  # so for every secret of a signed-in user
    headers = [*(_ENCODED_HEADERS if standing else _encoded(response.headers)), length]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def _lifespan(broker: AsyncSessionBroker, receive: Receive, send: Send) -> None:
    await receive()
    try:
        await broker.__aenter__()
    except Exception as error:
        await send({"type": "lifespan.startup.failed", "message": f"{type(error).__name__}: {error}"})
        return
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await broker.aclose()
    await send({"type": "lifespan.shutdown.complete"})
