"""Client secrets for browsers in Django, under WSGI and ASGI."""

from __future__ import annotations

import asyncio
import atexit
import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Literal, Unpack, cast, overload

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
from ..broker._blocking import SessionBroker
from ..broker.broker import AsyncSessionBroker
from ..broker.revoke import Revocation
from ..errors import ConfigurationError
from ..types.session_operations import WorkflowLike
from .answer import Answer, Cookie
from .app_broker import AppBroker
from .blocking_app_broker import BlockingAppBroker
from .body import not_whole
from .endpoint import Endpoint
from .identity import Identified, MaybeIdentified
from .options import BrokerOptions, EndpointOptions, hidden
from .visit import Visit
from .waiting import called_blocking, check_blocking, is_coroutine_function, run_blocking

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
def setup(
    *,
    workflow: WorkflowLike,
    client: ChatKit | AsyncChatKit | None = None,
    is_async: bool = False,
    **options: Unpack[BrokerOptions],
) -> SessionBroker | AsyncSessionBroker:
    """A broker for the process, which closes when that ends; forked workers have connections of their own.

    Example:
        broker = setup(workflow="wf_abc")
        urlpatterns = [path("api/chatkit/session", session_endpoint(broker, identify=signed_in_user))]

    Args:
        workflow: what sessions are for, as in `sessions.create`.
        client: a client of yours, which stays yours to close: an AsyncChatKit where `is_async`, else a ChatKit; default
            one of its own, set up by the environment.
        is_async: True under ASGI; default False, which suits WSGI, where each request would have its own event loop.
        options: those of the broker.

    Returns:
        The broker, whose type decides whether the endpoint is an async view.

    Raises:
        ConfigurationError: settings that cannot work.
    """
    options = hidden(options)
    if is_async and not isinstance(client, ChatKit):
        broker = AppBroker(client, workflow, options)
        atexit.register(_close_at_exit, broker)
        return broker
    if is_async or isinstance(client, AsyncChatKit):
        raise ConfigurationError(
            f"setup: is_async={is_async} and a client that is a {type(client).__name__} do not fit"
        )
    blocking = BlockingAppBroker(client, workflow, options)
    blocking.close_at_exit()
    return blocking


def _close_at_exit(broker: AppBroker) -> None:
    # Python 3.12 starts no thread any more here, which looking up the name of a store takes that is to be told of ids.
    with suppress(RuntimeError):
        asyncio.run(broker.aclose())


class SessionEndpoint:
    """The endpoint, a view for `path(route, endpoint)`. It checks origins itself; no CSRF token is asked for."""

    csrf_exempt = True

    def __init__(self, endpoint: Endpoint, identify: Identify | None) -> None:
        self._endpoint = endpoint
        self._identify = identify
        non_atomic_requests(self)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answers a request."""
        return _response(run_blocking(self._endpoint.answer(self._visit(request))))

    def _revoke(self, request: HttpRequest, response: HttpResponse) -> Revocation:
        revocation, cookie = run_blocking(self._endpoint.revoke(self._visit(request)))
        _set_cookie(response, cookie)
        return revocation

    def _visit(self, request: HttpRequest) -> Visit:
        return _visit(request, lambda: called_blocking(self._identify, request) if self._identify else None)


class AsyncSessionEndpoint:
    """The endpoint, an async view; else as `SessionEndpoint`."""

    csrf_exempt = True

    def __init__(self, endpoint: Endpoint, identify: MaybeAsyncIdentify | None) -> None:
        self._endpoint = endpoint
        self._identify = identify
        non_atomic_requests(self)
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answers a request."""
        return _response(await self._endpoint.answer(self._visit(request)))

    async def _revoke(self, request: HttpRequest, response: HttpResponse) -> Revocation:
        revocation, cookie = await self._endpoint.revoke(self._visit(request))
        _set_cookie(response, cookie)
        return revocation

    def _visit(self, request: HttpRequest) -> Visit:
        return _visit(request, lambda: self._identified(request))

    async def _identified(self, request: HttpRequest) -> Identified:
        identify = self._identify
        if identify is None:
            return None
        found = identify(request) if is_coroutine_function(identify) else await sync_to_async(identify)(request)
        return await found if inspect.isawaitable(found) else found


@overload
def session_endpoint(
    broker: SessionBroker, *, identify: Identify | None = None, **options: Unpack[EndpointOptions]
) -> SessionEndpoint: ...
@overload
def session_endpoint(
    broker: AsyncSessionBroker, *, identify: MaybeAsyncIdentify | None = None, **options: Unpack[EndpointOptions]
) -> AsyncSessionEndpoint: ...
def session_endpoint(
    broker: SessionBroker | AsyncSessionBroker,
    *,
    identify: MaybeAsyncIdentify | None = None,
    **options: Unpack[EndpointOptions],
) -> SessionEndpoint | AsyncSessionEndpoint:
    """The endpoint that a page asks for client secrets, at its start and whenever one nears its end.

    Wire form: `POST`, with no body or `{"currentClientSecret": "..."}`; answered by `{"client_secret", "expires_at"}`,
    or `{"error": {"code", "message", "request_id", "retry_after_s"}}`. Nothing else in the body counts.

    Args:
        broker: gives the secrets.
        identify: told the request, says who is signed in: the user's id, an `Identity`, or None for an anonymous
            visitor. In an async view a plain function runs in Django's thread for such, where it may use the database.
            What it raises is the app's: `PermissionDenied` turns somebody away. Default None: everybody is anonymous.
        options: see `EndpointOptions`.

    Returns:
        The endpoint, for `path("api/chatkit/session", endpoint)`; an async view for an AsyncSessionBroker.

    Raises:
        ConfigurationError: settings that cannot work.
    """
    options = hidden(options)
    endpoint = Endpoint(broker, options, knows_users=identify is not None)
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
    """Cancels all sessions of whoever asks and drops the anonymous cookie; to be called before the app signs them out.

    Browsers drop the cookie; a copy of it that somebody made stays genuine until it expires, with sessions of its own.

    Args:
        endpoint: the app's session endpoint.
        request: the request to sign out; whether it is to be believed is for the app to have checked.
        response: the answer to it, on which the cookie is dropped.

    Returns:
        What came of each session; to be awaited where the endpoint is an async view.

    Raises:
        ConfigurationError: `identify` returned what cannot be a user.
        ClientClosedError: the broker is closed.
    """
    return endpoint._revoke(request, response)


def _visit(request: HttpRequest, identify: Callable[[], MaybeIdentified]) -> Visit:
    return Visit(
        method=request.method or "",
        is_https=request.is_secure(),
        values=lambda name: _values(request, name),
        cookies=request.COOKIES,
        read_body=lambda: _body(request),
        identify=identify,
    )


def _values(request: HttpRequest, name: str) -> list[str]:
    # Django's own check of the Host header, and its own settings of which proxy's word counts.
    headers: Mapping[str, str] = request.headers  # pyright: ignore[reportAssignmentType]
    value = request.get_host() if name == "Host" else headers.get(name)
    return [] if value is None else [value]


def _body(request: HttpRequest) -> bytes:
    try:
        return bytes(request.body)
    except UnreadablePostError:
        raise not_whole() from None


def _response(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, headers=answer.headers)
    _set_cookie(response, answer.cookie)
    return response


def _set_cookie(response: HttpResponse, cookie: Cookie | None) -> None:
    if cookie is not None:
        response.set_cookie(
            cookie.name, cookie.value, cookie.max_age_s, secure=cookie.is_secure, httponly=True, samesite="Lax"
        )
