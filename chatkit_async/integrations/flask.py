"""Client secrets for browsers in Flask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

try:
    from flask import Flask, Request, Response, request
except ModuleNotFoundError as error:
    raise ImportError("chatkit_async.integrations.flask needs Flask: pip install flask") from error

from .._sync.client import ChatKit
from ..broker._blocking import SessionBroker
from ..broker.revoke import Revocation
from ..types.session_operations import WorkflowLike
from .answer import Cookie
from .blocking_app_broker import BlockingAppBroker
from .endpoint import Endpoint
from .identity import Identified
from .options import BrokerOptions, EndpointOptions, hidden
from .visit import Visit
from .waiting import called_blocking, check_blocking, run_blocking

Identify = Callable[[Request], Identified]


def setup(
    app: Flask, *, workflow: WorkflowLike, client: ChatKit | None = None, **options: Unpack[BrokerOptions]
) -> SessionBroker:
    """A broker that closes when the process ends, whose threads and forked workers share it.

    Example:
        app = Flask(__name__)
        broker = setup(app, workflow="wf_abc")
        app.add_url_rule("/api/chatkit/session", view_func=session_endpoint(broker, identify=signed_in_user))

    Args:
        app: the app; the broker is its `extensions["chatkit"]` too.
        workflow: what sessions are for, as in `sessions.create`.
        client: a client of yours, which stays yours to close; default one of its own, set up by the environment.
        options: those of the broker.

    Returns:
        The broker.

    Raises:
        ConfigurationError: settings that cannot work.
    """
    options = hidden(options)
    broker = BlockingAppBroker(client, workflow, options)
    app.extensions["chatkit"] = broker
    broker.close_at_exit()  # Flask knows no end of an app
    return broker


class SessionEndpoint:
    """The endpoint, a view: `app.add_url_rule(path, view_func=endpoint)` gives it requests of any method."""

    __name__ = "chatkit_session"  # Flask's own name of the endpoint, unless it is given another
    methods = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")  # all but one of which it refuses itself
    provide_automatic_options = False

    def __init__(self, endpoint: Endpoint, identify: Identify | None) -> None:
        self._endpoint = endpoint
        self._identify = identify

    def __call__(self) -> Response:
        """Answers the current request."""
        answer = run_blocking(self._endpoint.answer(self._visit(request)))
        response = Response(answer.body, answer.status, answer.headers)
        _set_cookie(response, answer.cookie)
        return response

    def _revoke(self, asked: Request, response: Response) -> Revocation:
        revocation, cookie = run_blocking(self._endpoint.revoke(self._visit(asked)))
        _set_cookie(response, cookie)
        return revocation

    def _visit(self, asked: Request) -> Visit:
        return Visit(
            method=asked.method,
            is_https=asked.is_secure,
            values=asked.headers.getlist,
            cookies=asked.cookies,
            read_body=asked.get_data,
            identify=lambda: called_blocking(self._identify, asked) if self._identify else None,
        )


def session_endpoint(
    broker: SessionBroker, *, identify: Identify | None = None, **options: Unpack[EndpointOptions]
) -> SessionEndpoint:
    """The endpoint that a page asks for client secrets, at its start and whenever one nears its end.

    Wire form: `POST`, with no body or `{"currentClientSecret": "..."}`; answered by `{"client_secret", "expires_at"}`,
    or `{"error": {"code", "message", "request_id", "retry_after_s"}}`. Nothing else in the body counts.

    Args:
        broker: gives the secrets.
        identify: told the request, says who is signed in: the user's id, an `Identity`, or None for an anonymous
            visitor. What it raises is the app's: `abort(403)` turns somebody away. Default None: all are anonymous.
        options: see `EndpointOptions`.

    Returns:
        The endpoint, for `app.add_url_rule("/api/chatkit/session", view_func=endpoint)`.

    Raises:
        ConfigurationError: settings that cannot work.
    """
    options = hidden(options)
    check_blocking(broker, identify)
    return SessionEndpoint(Endpoint(broker, options, knows_users=identify is not None), identify)


def logout(endpoint: SessionEndpoint, request: Request, response: Response) -> Revocation:
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
    return endpoint._revoke(request, response)


def _set_cookie(response: Response, cookie: Cookie | None) -> None:
    if cookie is not None:
        response.set_cookie(
            cookie.name, cookie.value, cookie.max_age_s, secure=cookie.is_secure, httponly=True, samesite="Lax"
        )
