"""Client secrets for browsers in Starlette and FastAPI: the ASGI app of `asgi`, and a `setup` that knows the app."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, MutableMapping
from contextlib import aclosing, asynccontextmanager
from inspect import Parameter, Signature
from typing import Any, Unpack, overload

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
from ..broker import AsyncSessionBroker, Revocation
from ..errors import ConfigurationError
from ..types.session_operations import WorkflowLike
from . import asgi
from ._app_broker import AppBroker, apps_set_up, check_app
from ._checks import check_length, incomplete_body
from ._endpoint import Endpoint, check_async
from ._http import HTTPRequest, joined_headers
from ._identity import Identity, MaybeIdentified, async_identity
from ._options import BrokerOptions, EndpointOptions, takes

Identify = Callable[[Request], MaybeIdentified]

NO_SESSION = (
    "identify used request.session, and the app has no SessionMiddleware:"
    " app.add_middleware(SessionMiddleware, secret_key=...), which needs `pip install itsdangerous`"
)
# What FastAPI reads before it calls a view, and cannot read off a method that is an ASGI app as well.
AS_A_VIEW = Signature(
    [Parameter("request", Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)], return_annotation=Response
)


@takes(BrokerOptions)
def setup(
    app: Starlette, *, workflow: WorkflowLike, client: AsyncChatKit | None = None, **options: Unpack[BrokerOptions]
) -> AsyncSessionBroker:
    """A broker that starts with the app and closes after the app's own lifespan has ended.

    Starting loads what the first call needs, and fails without an API key.

    Example:
        app = FastAPI()
        broker = setup(app, workflow="wf_abc")
        app.add_route("/api/chatkit/session", session_endpoint(broker, identify=signed_in_user))

    Args:
        app: the Starlette or FastAPI app, before it starts.
        workflow: what sessions are for, as in `sessions.create`.
        client: a client of yours, which stays yours to close; default: one of its own, set up by the environment.
        options: those of the broker.

    Returns:
        The broker.

    Raises:
        ConfigurationError: settings that cannot work, or a second setup of this app; when the app starts: no API key.
        ParamsValidationError: `app` or `workflow` is something else.
    """
    check_app(app, Starlette, "Starlette or FastAPI app")
    broker = AppBroker(client, workflow, options)
    own_lifespan = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: Any) -> AsyncGenerator[Any]:
        async with broker, own_lifespan(running) as state:
            yield state

    app.router.lifespan_context = lifespan
    apps_set_up.add(app)
    return broker


class SessionEndpoint(asgi.SessionEndpoint):
    """The endpoint: an ASGI app, and a function of a request.

    `app.add_route(path, endpoint)` gives it requests of any method; so does FastAPI's `app.post(path)(endpoint)` for
    POST. A dependency of FastAPI can put the user into `request.state`, where `identify` finds it:
    `app.post(path, dependencies=[Depends(member)])(endpoint)`.
    """

    @overload
    async def __call__(self, request: Request) -> Response: ...
    @overload
    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send, /) -> None: ...
    async def __call__(
        self,
        request: Request | asgi.Scope,
        receive: asgi.Receive | None = None,
        send: asgi.Send | None = None,
    ) -> Response | None:
        """Responds to a request."""
        if isinstance(request, Request):
            response = await self._endpoint.response(self._read(request))
            return Response(response.body, response.status, response.headers)
        assert receive is not None
        assert send is not None
        await super().__call__(request, receive, send)
        return None

    def _read(self, request: Request) -> HTTPRequest:
        return HTTPRequest(
            method=request.method,
            is_https=request.scope.get("scheme") == "https",
            headers=joined_headers(request.headers.items()),
            read_body=lambda: _body(request),
            identify=lambda: self._identify(request.scope),
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
        identify: given the request, returns the signed-in user: the user's id, an `Identity`, or None for an anonymous
            visitor. A coroutine function runs in the event loop; a plain function runs in a worker thread, since it may
            block, and costs several times the CPU. Exceptions that it raises are the app's own: with an HTTPException
            it refuses a visitor. Default None: every visitor is anonymous.
        options: see `EndpointOptions`.

    Returns:
        The endpoint, for `app.add_route("/api/chatkit/session", endpoint)`.

    Raises:
        ConfigurationError: settings that cannot work.
    """
    check_async(broker)
    endpoint = Endpoint(broker, options, identify=identify)
    known = async_identity(identify, run_in_threadpool)

    async def found(scope: MutableMapping[str, Any]) -> Identity | None:
        try:
            return await known(Request(scope))
        except AssertionError as error:
            if "SessionMiddleware" in str(error):
                raise ConfigurationError(NO_SESSION) from error
            raise

    made: Any = SessionEndpoint(broker, endpoint, found)
    made.__signature__ = AS_A_VIEW
    view: SessionEndpoint = made
    return view


async def logout(endpoint: SessionEndpoint, request: Request, response: Response) -> Revocation:
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
    revocation, cookie = await endpoint._revoke(request.scope)
    if cookie is not None:
        response.headers.append("Set-Cookie", cookie)
    return revocation


async def _body(request: Request) -> bytes:
    """The body; of a request that a dependency has read, what it read."""
    body = bytearray()
    try:
        async with aclosing(request.stream()) as parts:
            async for part in parts:
                body += part
                check_length(len(body))
    except ClientDisconnect:
        raise incomplete_body() from None
    return bytes(body)
