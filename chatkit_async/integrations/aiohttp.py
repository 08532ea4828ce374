"""Client secrets for browsers in aiohttp.web."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any, Unpack

from aiohttp import web

from .._async.client import AsyncChatKit
from ..broker import AsyncSessionBroker, Revocation
from ..types.session_operations import WorkflowLike
from ._app_broker import AppBroker, apps_set_up, check_app
from ._checks import incomplete_body
from ._endpoint import Endpoint, check_async
from ._http import HTTPRequest, joined_headers
from ._identity import Identity, MaybeIdentified, identity_of
from ._options import BrokerOptions, EndpointOptions, takes

Identify = Callable[[web.Request], MaybeIdentified]


@takes(BrokerOptions)
def setup(
    app: web.Application,
    *,
    workflow: WorkflowLike,
    client: AsyncChatKit | None = None,
    **options: Unpack[BrokerOptions],
) -> AsyncSessionBroker:
    """A broker that starts and closes with the app.

    Starting loads what the first call needs, and fails without an API key.

    Example:
        app = web.Application()
        broker = setup(app, workflow="wf_abc")
        app.router.add_route("*", "/api/chatkit/session", session_endpoint(broker, identify=signed_in_user))

    Args:
        app: the app, before it starts.
        workflow: what sessions are for, as in `sessions.create`.
        client: a client of yours, which stays yours to close; default: one of its own, set up by the environment.
        options: those of the broker.

    Returns:
        The broker.

    Raises:
        ConfigurationError: settings that cannot work, or a second setup of this app; when the app starts: no API key.
        ParamsValidationError: `app` or `workflow` is something else.
    """
    check_app(app, web.Application, "aiohttp.web.Application")
    broker = AppBroker(client, workflow, options)

    async def lifetime(app: web.Application) -> AsyncIterator[None]:
        async with broker:
            yield

    app.cleanup_ctx.append(lifetime)
    apps_set_up.add(app)
    return broker


class SessionEndpoint(partial[Coroutine[Any, Any, web.Response]]):
    """The endpoint, a handler: `app.router.add_route("*", path, endpoint)` gives it requests of any method.

    It is a partial because aiohttp accepts coroutine functions only, and a callable object is not one.
    """

    endpoint: Endpoint
    identify: Identify | None

    def __new__(cls, endpoint: Endpoint, identify: Identify | None) -> SessionEndpoint:
        made = super().__new__(cls, _respond, endpoint, identify)
        made.endpoint, made.identify = endpoint, identify
        return made


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
        identify: given the request, returns the signed-in user: the user's id, an `Identity`, or None for an anonymous
            visitor. It runs in the event loop: make it a coroutine function if it has to wait. Exceptions that it
            raises are the app's own: with `web.HTTPForbidden` it refuses a visitor. Default None: every visitor is
            anonymous.
        options: see `EndpointOptions`.

    Returns:
        The endpoint, for `app.router.add_route("*", "/api/chatkit/session", endpoint)`.

    Raises:
        ConfigurationError: settings that cannot work.
    """
    check_async(broker)
    return SessionEndpoint(Endpoint(broker, options, identify=identify), identify)


async def logout(endpoint: SessionEndpoint, request: web.Request, response: web.StreamResponse) -> Revocation:
    """Cancels all sessions of the user and of the anonymous visitor, and deletes the visitor's cookie.

    Call it before the app signs the user out. Browsers delete the cookie; a copy of it stays valid until it expires,
    with sessions of its own.

    Args:
        endpoint: the app's session endpoint.
        request: the request to sign out; the app must have checked that it is genuine (CSRF).
        response: the response to it; the Set-Cookie header is added.

    Returns:
        A `Revocation`: with `is_complete=False`, call it again.

    Raises:
        ConfigurationError: `identify` returned what is not a user.
        ClientClosedError: the broker is closed.
    """
    revocation, cookie = await endpoint.endpoint.revoke(_read(endpoint.identify, request))
    if cookie is not None:
        response.headers.add("Set-Cookie", cookie.header())
    return revocation


async def _respond(endpoint: Endpoint, identify: Identify | None, request: web.Request) -> web.Response:
    response = await endpoint.response(_read(identify, request))
    return web.Response(status=response.status, headers=response.headers, body=response.body)


def _read(identify: Identify | None, request: web.Request) -> HTTPRequest:
    return HTTPRequest(
        method=request.method,
        is_https=request.secure,
        headers=joined_headers(request.headers.items()),
        read_body=lambda: _body(request),
        identify=lambda: _identity(identify, request),
    )


async def _identity(identify: Identify | None, request: web.Request) -> Identity | None:
    if identify is None:
        return None
    returned = identify(request)
    return identity_of(await returned if inspect.isawaitable(returned) else returned)


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except (ConnectionError, web.RequestPayloadError):
        raise incomplete_body() from None
