"""ChatKit in FastAPI: a page with the chat widget, a sign-in, a logout.

pip install chatkit-async fastapi uvicorn itsdangerous
export OPENAI_API_KEY=sk-...
uvicorn fastapi_app:app
"""

import os
import secrets
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from starlette.middleware.sessions import SessionMiddleware

from chatkit_async.integrations.starlette import logout, session_endpoint, setup

app = FastAPI()
# Signs the app's own session cookie. Several workers need one key: set SESSION_KEY.
app.add_middleware(SessionMiddleware, secret_key=os.environ.get("SESSION_KEY") or secrets.token_hex(32))
broker = setup(app, workflow=os.environ.get("CHATKIT_WORKFLOW", "wf_abc"))


# Async, though nothing waits: a plain function would run in a worker thread, at several times the cost.
async def signed_in_user(request: Request) -> str | None:
    user: str | None = request.session.get("user")
    return user


endpoint = session_endpoint(broker, identify=signed_in_user)
app.add_route("/api/chatkit/session", endpoint)


@app.get("/")
async def page() -> FileResponse:
    return FileResponse(Path(__file__).with_name("page.html"))


@app.post("/sign-in")
async def sign_in(request: Request, name: str) -> str:
    request.session["user"] = name  # Your own sign-in goes here: this one believes every name.
    return name


@app.post("/logout")
async def sign_out(request: Request, response: Response) -> None:
    await logout(endpoint, request, response)  # first: it has to know which user signs out
    request.session.clear()
