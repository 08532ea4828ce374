"""Flask."""

from __future__ import annotations

from typing import Any

from flask import Flask, Request, Response, request
from werkzeug.exceptions import Forbidden

from chatkit_async import ChatKit
from chatkit_async.broker import SessionBroker
from chatkit_async.integrations.flask import logout, session_endpoint, setup

from .shared import ANONYMOUS, FORBIDDEN, IMPATIENT, LOGOUT, MEMBERS, OPEN, OPTIONS, SESSION, identity_in


def identify(request: Request) -> Any:
    if request.headers.get("X-Test-Identity") == FORBIDDEN:
        raise Forbidden
    return identity_in(request.headers.get("X-Test-Identity"))


app = Flask(__name__)
broker = setup(app, workflow="wf_1")
members = SessionBroker(ChatKit(**IMPATIENT), workflow="wf_1")
endpoint = session_endpoint(broker, identify=identify, **OPTIONS)
app.add_url_rule(SESSION, view_func=endpoint)
app.add_url_rule(MEMBERS, "members", session_endpoint(members, identify=identify))


app.add_url_rule(ANONYMOUS, "anonymous", session_endpoint(broker, **OPEN))


@app.post(LOGOUT)
def sign_out() -> Response:
    response = Response("bye")
    revocation = logout(endpoint, request, response)
    response.headers["X-Test-Complete"] = str(revocation.is_complete)
    return response
