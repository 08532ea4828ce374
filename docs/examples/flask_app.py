"""ChatKit in Flask: a page with the chat widget, a sign-in, a logout.

pip install chatkit-async flask
export OPENAI_API_KEY=sk-...
flask --app flask_app run
"""

import os
import secrets
from pathlib import Path

from flask import Flask, Request, Response, request, send_file, session

from chatkit_async.integrations.flask import logout, session_endpoint, setup

app = Flask(__name__)
# Signs the app's own session cookie. Several workers need one key: set SESSION_KEY.
app.secret_key = os.environ.get("SESSION_KEY") or secrets.token_hex(32)
broker = setup(app, workflow=os.environ.get("CHATKIT_WORKFLOW", "wf_abc"))


def signed_in_user(request: Request) -> str | None:
    return session.get("user")


endpoint = session_endpoint(broker, identify=signed_in_user)
app.add_url_rule("/api/chatkit/session", view_func=endpoint)


@app.get("/")
def page() -> Response:
    return send_file(Path(__file__).with_name("page.html"))


@app.post("/sign-in")
def sign_in() -> str:
    session["user"] = request.args["name"]  # Your own sign-in goes here: this one believes every name.
    return request.args["name"]


@app.post("/logout")
def sign_out() -> Response:
    response = Response(status=204)
    logout(endpoint, request, response)  # first: it has to know which user signs out
    session.clear()
    return response
