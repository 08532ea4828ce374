"""Client secrets for browsers in Flask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

try:
    from flask import Flask, Request, Response, request
except ModuleNotFoundError as error:
    raise ImportError("chatkit_async.integrations.flask needs Flask: pip install flask") from error

from .._sync.client import ChatKit
from ..broker import Revocation, SessionBroker
from ..types.session_operations import WorkflowLike
from ._app_broker import BlockingAppBroker, apps_set_up, check_app
from ._endpoint import Endpoint, check_blocking, run_blocking
from ._http import HTTPRequest, joined_headers
from ._identity import Identified, blocking_identity
from ._options import BrokerOptions, EndpointOptions, takes

Identify = Callable[[Request], Identified]


@takes(BrokerOptions)
def setup(
    app: Flask, *, workflow: WorkflowLike, client: ChatKit | None = None, **options: Unpack[BrokerOptions]
) -> SessionBroker:
    """A broker that closes when the process ends, shared by its threads and forked workers.

    Loads what the first call needs.

    Example:
        app = Flask(__name__)
        broker = setup(app, workflow="wf_abc")
        app.add_url_rule("/api/chatkit/session", view_func=session_endpoint(broker, identify=signed_in_user))

    Args:
        app: the app; the broker is its `extensions["chatkit"]` too.
        workflow: what sessions are for, as in `sessions.create`.
        client: a client of yours, which stays yours to close; default: one of its own, set up by the environment.
        options: those of the broker.

    Returns:
        The broker.

    Raises:
        ConfigurationError: settings that cannot work, a second setup of this app, or no API key.
        ParamsValidationError: `app` or `workflow` is something else.
    """
    app = getattr(app, "_get_current_object", lambda: app)()  # Flask's `current_app` cannot be remembered.
    check_app(app, Flask, "Flask app")
    broker = BlockingAppBroker(client, workflow, options)
    app.extensions["chatkit"] = broker
    apps_set_up.add(app)
    return broker


class SessionEndpoint:
    """The endpoint, a view: `app.add_url_rule(path, view_func=endpoint)` gives it requests of any method."""

    __name__ = "chatkit_session"  # Flask's name of the endpoint, unless another is given
    methods = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")  # it refuses all but POST itself
    provide_automatic_options = False

    def __init__(self, endpoint: Endpoint, identify: Identify | None) -> None:
        self._endpoint = endpoint
        self._identify = identify

    def __call__(self) -> Response:
        """Responds to the current request."""
        response = run_blocking(self._endpoint.response(self._read(request)))
        return Response(response.body, response.status, response.headers)

    def _read(self, request: Request) -> HTTPRequest:
        return HTTPRequest(
            method=request.method,
            is_https=request.is_secure,
            headers=joined_headers(request.headers.items()),
            read_body=request.get_data,
            identify=lambda: blocking_identity(self._identify, request),
        )


@takes(EndpointOptions)
def session_endpoint(
    broker: SessionBroker, *, identify: Identify | None = None, **options: Unpack[EndpointOptions]
) -> SessionEndpoint:
    """The endpoint that gives a page its client secrets: when it opens, and whenever its secret is about to expire.

    Wire form: `POST`, without a body or with `{"currentClientSecret": "..."}`; the response is
    `{"client_secret", "expires_at"}` or `{"error": {"code", "message", "request_id", "retry_after_s"}}`. Everything
    else in the body is ignored.

    Args:
        broker: gives the secrets.
        identify: given the request, returns the signed-in user: the user's id, an `Identity`, or None for an anonymous
            visitor. Exceptions that it raises are the app's own: with `abort(403)` it refuses a visitor. Default None:
            every visitor is anonymous.
        options: see `EndpointOptions`.

    Returns:
        The endpoint, for `app.add_url_rule("/api/chatkit/session", view_func=endpoint)`.

    Raises:
        ConfigurationError: settings that cannot work.
    """
    check_blocking(broker, identify)
    return SessionEndpoint(Endpoint(broker, options, identify=identify), identify)


def logout(endpoint: SessionEndpoint, request: Request, response: Response) -> Revocation:
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
    revocation, cookie = run_blocking(endpoint._endpoint.revoke(endpoint._read(request)))
    if cookie is not None:
        response.headers.add("Set-Cookie", cookie.header())
    return revocation
