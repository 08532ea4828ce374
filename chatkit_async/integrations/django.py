"""Client secrets for browsers in Django, under WSGI and ASGI."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, Literal, Unpack, cast, overload

try:
    from asgiref.sync import markcoroutinefunction, sync_to_async
    from django.db.transaction import non_atomic_requests  # pyright: ignore[reportMissingTypeStubs]
    from django.http import (  # pyright: ignore[reportMissingTypeStubs]
        HttpRequest,
        HttpResponse,
        UnreadablePostError,
    )
except ModuleNotFoundError as error:
    raise ImportError("chatkit_async.integrations.django needs Django: pip install django") from error

from .._async.client import AsyncChatKit
from .._sync.client import ChatKit
from ..broker import AsyncSessionBroker, Revocation, SessionBroker
from ..errors import ConfigurationError
from ..types.session_operations import WorkflowLike
from ._app_broker import AppBroker, BlockingAppBroker
from ._checks import incomplete_body
from ._endpoint import Endpoint, check_blocking, run_blocking
from ._http import Cookie, HTTPRequest, HTTPResponse, joined_headers
from ._identity import Identified, Identity, MaybeIdentified, async_identity, blocking_identity
from ._options import BrokerOptions, EndpointOptions, takes

Identify = Callable[[HttpRequest], Identified]
MaybeAsyncIdentify = Callable[[HttpRequest], MaybeIdentified]


@overload
def setup(
    *,
    workflow: WorkflowLike,
    client: ChatKit | None = None,
    is_async: Literal[False] = False,
    **options: Unpack[BrokerOptions],
) -> SessionBroker: ...
@overload
def setup(
    *,
    workflow: WorkflowLike,
    client: AsyncChatKit | None = None,
    is_async: Literal[True],
    **options: Unpack[BrokerOptions],
) -> AsyncSessionBroker: ...
@takes(BrokerOptions)
def setup(
    *,
    workflow: WorkflowLike,
    client: ChatKit | AsyncChatKit | None = None,
    is_async: bool = False,
    **options: Unpack[BrokerOptions],
) -> SessionBroker | AsyncSessionBroker:
    """A broker for the process, which closes when that ends; forked workers have connections of their own.

    Loads what the first call needs.

    Example:
        broker = setup(workflow="wf_abc")
        urlpatterns = [path("api/chatkit/session", session_endpoint(broker, identify=signed_in_user))]

    Args:
        workflow: what sessions are for, as in `sessions.create`.
        client: a client of yours, which stays yours to close: an AsyncChatKit with `is_async`, else a ChatKit; default:
            one of its own, set up by the environment.
        is_async: True under ASGI; default False, which suits WSGI, where each request would have its own event loop.
        options: those of the broker.

    Returns:
        The broker, whose type decides whether the endpoint is an async view.

    Raises:
        ConfigurationError: settings that cannot work, or no API key.
    """
    if is_async and not isinstance(client, ChatKit):
        broker = AppBroker(client, workflow, options)
        broker.load()  # Django sends no lifespan events.
        atexit.register(_close_at_exit, broker)
        return broker
    if is_async or isinstance(client, AsyncChatKit):
        raise ConfigurationError(
            f"setup: is_async={is_async} and a client that is a {type(client).__name__} do not fit;"
            " pass is_async=True with an AsyncChatKit, or neither with a ChatKit"
        )
    return BlockingAppBroker(client, workflow, options)


def _close_at_exit(broker: AppBroker) -> None:
    # Python 3.12 starts no thread at exit any more, and looking up the name of a store needs one.
    with suppress(RuntimeError):
        asyncio.run(broker.aclose())


class SessionEndpoint:
    """The endpoint, a view for `path(route, endpoint)`. It checks origins itself and needs no CSRF token."""

    csrf_exempt = True

    def __init__(self, endpoint: Endpoint, identify: Identify | None) -> None:
        self._endpoint = endpoint
        self._identify = identify
        non_atomic_requests(self)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Responds to a request."""
        return _response(run_blocking(self._endpoint.response(self._read(request))))

    def _revoke(self, request: HttpRequest, response: HttpResponse) -> Revocation:
        revocation, cookie = run_blocking(self._endpoint.revoke(self._read(request)))
        _set_cookie(response, cookie)
        return revocation

    def _read(self, request: HttpRequest) -> HTTPRequest:
        return _read(request, lambda: blocking_identity(self._identify, request))


class AsyncSessionEndpoint:
    """The endpoint, an async view; else as `SessionEndpoint`."""

    csrf_exempt = True

    def __init__(self, endpoint: Endpoint, identify: MaybeAsyncIdentify | None) -> None:
        self._endpoint = endpoint
        self._identity = async_identity(identify, _in_thread)
        non_atomic_requests(self)
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Responds to a request."""
        return _response(await self._endpoint.response(self._read(request)))

    async def _revoke(self, request: HttpRequest, response: HttpResponse) -> Revocation:
        revocation, cookie = await self._endpoint.revoke(self._read(request))
        _set_cookie(response, cookie)
        return revocation

    def _read(self, request: HttpRequest) -> HTTPRequest:
        return _read(request, lambda: self._identity(request))


@overload
def session_endpoint(
    broker: SessionBroker, *, identify: Identify | None = None, **options: Unpack[EndpointOptions]
) -> SessionEndpoint: ...
@overload
def session_endpoint(
    broker: AsyncSessionBroker, *, identify: MaybeAsyncIdentify | None = None, **options: Unpack[EndpointOptions]
) -> AsyncSessionEndpoint: ...
@takes(EndpointOptions)
def session_endpoint(
    broker: SessionBroker | AsyncSessionBroker,
    *,
    identify: MaybeAsyncIdentify | None = None,
    **options: Unpack[EndpointOptions],
) -> SessionEndpoint | AsyncSessionEndpoint:
    """The endpoint that gives a page its client secrets: when it opens, and whenever its secret is about to expire.

    Wire form: `POST`, without a body or with `{"currentClientSecret": "..."}`; the response is
    `{"client_secret", "expires_at"}` or `{"error": {"code", "message", "request_id", "retry_after_s"}}`. Everything
    else in the body is ignored.

    Args:
        broker: gives the secrets.
        identify: given the request, returns the signed-in user: the user's id as a string (`str(request.user.pk)`), an
            `Identity`, or None for an anonymous visitor. In an async view a plain function runs in Django's thread for
            such, where it may use the database. Exceptions that it raises are the app's own: with `PermissionDenied` it
            refuses a visitor. Default None: every visitor is anonymous.
        options: see `EndpointOptions`.

    Returns:
        The endpoint, for `path("api/chatkit/session", endpoint)`; an async view for an AsyncSessionBroker.

    Raises:
        ConfigurationError: settings that cannot work.
    """
    endpoint = Endpoint(broker, options, identify=identify)
    if isinstance(broker, AsyncSessionBroker):
        return AsyncSessionEndpoint(endpoint, identify)
    check_blocking(broker, identify)
    return SessionEndpoint(endpoint, cast("Identify | None", identify))


@overload
def logout(endpoint: SessionEndpoint, request: HttpRequest, response: HttpResponse) -> Revocation: ...
@overload
def logout(endpoint: AsyncSessionEndpoint, request: HttpRequest, response: HttpResponse) -> Awaitable[Revocation]: ...
def logout(
    endpoint: SessionEndpoint | AsyncSessionEndpoint, request: HttpRequest, response: HttpResponse
) -> Revocation | Awaitable[Revocation]:
    """Cancels all sessions of the user and of the anonymous visitor, and deletes the visitor's cookie.

    Call it before the app signs the user out. Browsers delete the cookie; a copy of it stays valid until it expires,
    with sessions of its own.

    Args:
        endpoint: the app's session endpoint.
        request: the request to sign out; the app must have checked that it is genuine (CSRF).
        response: the response to it; the Set-Cookie header is added.

    Returns:
        A `Revocation`, awaitable if the endpoint is an async view: with `is_complete=False`, call it again.

    Raises:
        ConfigurationError: `identify` returned what is not a user.
        ClientClosedError: the broker is closed.
    """
    return endpoint._revoke(request, response)


def _read(
    request: HttpRequest, identify: Callable[[], Identity | Coroutine[Any, Any, Identity | None] | None]
) -> HTTPRequest:
    sent: Mapping[str, str] = request.headers  # pyright: ignore[reportAssignmentType]
    headers = joined_headers(sent.items())
    if "host" in headers:
        headers["host"] = request.get_host()  # Django's own check, and its setting of which proxy to believe
    return HTTPRequest(
        method=request.method or "",
        is_https=request.is_secure(),
        headers=headers,
        read_body=lambda: _body(request),
        identify=identify,
    )


async def _in_thread(function: Callable[..., object], *arguments: object) -> object:
    return await sync_to_async(function)(*arguments)


def _body(request: HttpRequest) -> bytes:
    try:
        return bytes(request.body)
    except UnreadablePostError:
        raise incomplete_body() from None


def _response(response: HTTPResponse) -> HttpResponse:
    return HttpResponse(response.body, status=response.status, headers=response.headers)


def _set_cookie(response: HttpResponse, cookie: Cookie | None) -> None:
    if cookie is not None:
        response.set_cookie(
            cookie.name, cookie.value, cookie.max_age_s, secure=cookie.is_secure, httponly=True, samesite="Lax"
        )
