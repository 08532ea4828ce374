"""Client secrets for browsers in aiohttp.web."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any, Unpack

from aiohttp import web

from .._async.client import AsyncChatKit
from ..broker.broker import AsyncSessionBroker
from ..broker.revoke import Revocation
from ..types.session_operations import WorkflowLike
from .answer import Cookie
from .app_broker import AppBroker
from .body import not_whole
from .endpoint import Endpoint
from .identity import MaybeIdentified
from .options import BrokerOptions, EndpointOptions, hidden
from .visit import Visit
from .waiting import check_async

Identify = Callable[[web.Request], MaybeIdentified]


def setup(
    app: web.Application,
    *,
    workflow: WorkflowLike,
    client: AsyncChatKit | None = None,
    **options: Unpack[BrokerOptions],
) -> AsyncSessionBroker:
    """A broker that closes with the app.

    Example:
        app = web.Application()
        broker = setup(app, workflow="wf_abc")
        app.router.add_route("*", "/api/chatkit/session", session_endpoint(broker, identify=signed_in_user))

    Args:
        app: the app, before it starts.
        workflow: what sessions are for, as in `sessions.create`.
        client: a client of yours, which stays yours to close; default one of its own, set up by the environment.
        options: those of the broker.

    Returns:
        The broker.

    Raises:
        ConfigurationError: settings that cannot work.
    """
    options = hidden(options)
    broker = AppBroker(client, workflow, options)

    async def lifetime(app: web.Application) -> AsyncIterator[None]:
        async with broker.running():
            yield

    app.cleanup_ctx.append(lifetime)
    return broker


class SessionEndpoint(partial[Coroutine[Any, Any, web.Response]]):
    """The endpoint, a handler: `app.router.add_route("*", path, endpoint)` gives it requests of any method.

    A partial, since aiohttp wants coroutine functions, and an object that can be called is none to it.
    """

    endpoint: Endpoint
    identify: Identify | None

    def __new__(cls, endpoint: Endpoint, identify: Identify | None) -> SessionEndpoint:
        made = super().__new__(cls, _answered, endpoint, identify)
        made.endpoint, made.identify = endpoint, identify
        return made


def session_endpoint(
    broker: AsyncSessionBroker, *, identify: Identify | None = None, **options: Unpack[EndpointOptions]
) -> SessionEndpoint:
    """The endpoint that a page asks for client secrets, at its start and whenever one nears its end.

    Wire form: `POST`, with no body or `{"currentClientSecret": "..."}`; answered by `{"client_secret", "expires_at"}`,
    or `{"error": {"code", "message", "request_id", "retry_after_s"}}`. Nothing else in the body counts.

    Args:
        broker: gives the secrets.
        identify: told the request, says who is signed in: the user's id, an `Identity`, or None for an anonymous
            visitor. It runs in the event loop: make it a coroutine function if it has to wait. What it raises is the
            app's: `web.HTTPForbidden` turns somebody away. Default None: everybody is anonymous.
        options: see `EndpointOptions`.

    Returns:
        The endpoint, for `app.router.add_route("*", "/api/chatkit/session", endpoint)`.

    Raises:
        ConfigurationError: settings that cannot work.
    """
    options = hidden(options)
    check_async(broker)
    return SessionEndpoint(Endpoint(broker, options, knows_users=identify is not None), identify)


async def logout(endpoint: SessionEndpoint, request: web.Request, response: web.StreamResponse) -> Revocation:
    """Cancels all sessions of whoever asks and drops the anonymous cookie; to be called before the app signs them out.

    Browsers drop the cookie; a copy of it that somebody made stays genuine until it expires, with sessions of its own.

    Args:
        endpoint: the app's session endpoint.
        request: the request to sign out; whether it is to be believed is for the app to have checked.
        response: the answer to it, on which the cookie is dropped.

    Returns:
        What came of each session.

    Raises:
        ConfigurationError: `identify` returned what cannot be a user.
        ClientClosedError: the broker is closed.
    """
    revocation, cookie = await endpoint.endpoint.revoke(_visit(endpoint.identify, request))
    _set_cookie(response, cookie)
    return revocation


async def _answered(endpoint: Endpoint, identify: Identify | None, request: web.Request) -> web.Response:
    answer = await endpoint.answer(_visit(identify, request))
    response = web.Response(status=answer.status, headers=answer.headers, body=answer.body)
    _set_cookie(response, answer.cookie)
    return response


def _visit(identify: Identify | None, request: web.Request) -> Visit:
    return Visit(
        method=request.method,
        is_https=request.secure,
        values=lambda name: request.headers.getall(name, []),
        cookies=request.cookies,
        read_body=lambda: _body(request),
        identify=lambda: identify(request) if identify else None,
    )


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except (ConnectionError, web.RequestPayloadError):
        raise not_whole() from None


def _set_cookie(response: web.StreamResponse, cookie: Cookie | None) -> None:
    if cookie is not None:
        response.set_cookie(
            cookie.name, cookie.value, max_age=cookie.max_age_s, secure=cookie.is_secure, httponly=True, samesite="Lax"
        )
