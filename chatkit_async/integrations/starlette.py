"""Client secrets for browsers in Starlette and FastAPI."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, Unpack, overload

try:
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import Response
except ModuleNotFoundError as error:
    raise ImportError(
        "chatkit_async.integrations.starlette needs Starlette: pip install starlette (or fastapi)"
    ) from error

from .._async.client import AsyncChatKit
from ..broker.broker import AsyncSessionBroker
from ..broker.revoke import Revocation
from ..types.session_operations import WorkflowLike
from .answer import Cookie
from .app_broker import AppBroker
from .body import check_length, not_whole
from .endpoint import Endpoint
from .identity import Identified, MaybeIdentified
from .options import BrokerOptions, EndpointOptions, hidden
from .visit import Visit
from .waiting import check_async, is_coroutine_function

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

Identify = Callable[[Request], MaybeIdentified]


def setup(
    app: Starlette, *, workflow: WorkflowLike, client: AsyncChatKit | None = None, **options: Unpack[BrokerOptions]
) -> AsyncSessionBroker:
    """A broker that closes with the app, after the app's own lifespan has ended.

    Example:
        app = FastAPI()
        broker = setup(app, workflow="wf_abc")
        app.add_route("/api/chatkit/session", session_endpoint(broker, identify=signed_in_user))

    Args:
        app: the Starlette or FastAPI app, before it starts.
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
    own_lifespan = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: Any) -> AsyncGenerator[Any]:
        async with broker.running(), own_lifespan(running) as state:
            yield state

    app.router.lifespan_context = lifespan
    return broker


class SessionEndpoint:
    """The endpoint: an ASGI app, and for a route of your own a function of its request.

    `app.add_route(path, endpoint)` gives it requests of any method. Where identity comes from a dependency of FastAPI,
    let a route put it into `request.state`, where `identify` finds it, and return `await endpoint(request)`.
    """

    def __init__(self, endpoint: Endpoint, identify: Identify | None) -> None:
        self._endpoint = endpoint
        self._identify = identify

    @overload
    async def __call__(self, asked: Request, /) -> Response: ...
    @overload
    async def __call__(self, asked: Scope, receive: Receive, send: Send, /) -> None: ...
    async def __call__(
        self, asked: Request | Scope, receive: Receive | None = None, send: Send | None = None, /
    ) -> Response | None:
        """Answers a request."""
        if isinstance(asked, Request):
            return await self._answered(asked)
        assert receive is not None
        assert send is not None
        response = await self._answered(Request(asked, receive))
        await response(asked, receive, send)
        return None

    async def _answered(self, request: Request) -> Response:
        answer = await self._endpoint.answer(self._visit(request))
        response = Response(answer.body, answer.status, answer.headers)
        _set_cookie(response, answer.cookie)
        return response

    async def _revoke(self, request: Request, response: Response) -> Revocation:
        revocation, cookie = await self._endpoint.revoke(self._visit(request))
        _set_cookie(response, cookie)
        return revocation

    def _visit(self, request: Request) -> Visit:
        return Visit(
            method=request.method,
            is_https=request.scope.get("scheme") == "https",
            values=request.headers.getlist,
            cookies=request.cookies,
            read_body=lambda: _body(request),
            identify=lambda: _identified(self._identify, request),
        )


def session_endpoint(
    broker: AsyncSessionBroker, *, identify: Identify | None = None, **options: Unpack[EndpointOptions]
) -> SessionEndpoint:
    """The endpoint that a page asks for client secrets, at its start and whenever one nears its end.

    Wire form: `POST`, with no body or `{"currentClientSecret": "..."}`; answered by `{"client_secret", "expires_at"}`,
    or `{"error": {"code", "message", "request_id", "retry_after_s"}}`. Nothing else in the body counts.

    Args:
        broker: gives the secrets.
        identify: told the request, says who is signed in: the user's id, an `Identity`, or None for an anonymous
            visitor. A plain function runs in a worker thread, a coroutine function in the event loop. What it raises is
            the app's: an HTTPException turns somebody away. Default None: everybody is anonymous.
        options: see `EndpointOptions`.

    Returns:
        The endpoint, for `app.add_route("/api/chatkit/session", endpoint)`.

    Raises:
        ConfigurationError: settings that cannot work.
    """
    options = hidden(options)
    check_async(broker)
    return SessionEndpoint(Endpoint(broker, options, knows_users=identify is not None), identify)


async def logout(endpoint: SessionEndpoint, request: Request, response: Response) -> Revocation:
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
    return await endpoint._revoke(request, response)


async def _identified(identify: Identify | None, request: Request) -> Identified:
    if identify is None:
        return None
    if is_coroutine_function(identify):
        found = identify(request)
    else:
        found = await run_in_threadpool(identify, request)
    return await found if inspect.isawaitable(found) else found


async def _bounded(request: Request) -> bytes:
    if "content-length" in request.headers:  # which has been checked, and servers hold browsers to it
        return await request.body()
    parts: list[bytes] = []
    async with aclosing(request.stream()) as stream:
        async for part in stream:
            parts.append(part)
            check_length(sum(map(len, parts)))  # over HTTP/2 nothing need say before how long it is
    return b"".join(parts)


async def _body(request: Request) -> bytes:
    try:
        return await _bounded(request)
    except ClientDisconnect:
        raise not_whole() from None


def _set_cookie(response: Response, cookie: Cookie | None) -> None:
    if cookie is not None:
        response.set_cookie(
            cookie.name, cookie.value, cookie.max_age_s, secure=cookie.is_secure, httponly=True, samesite="lax"
        )
