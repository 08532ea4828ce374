"""ChatKit without a framework, for visitors who do not sign in.

pip install chatkit-async uvicorn
export OPENAI_API_KEY=sk-...
uvicorn asgi_app:app
"""

import os
import secrets
from pathlib import Path

from chatkit_async.integrations.asgi import Receive, Scope, Send, logout, session_endpoint, setup

broker = setup(workflow=os.environ.get("CHATKIT_WORKFLOW", "wf_abc"))
# Signs the cookie that identifies a visitor. Several workers need one key: set COOKIE_KEY.
endpoint = session_endpoint(broker, cookie_keys=[os.environ.get("COOKIE_KEY") or secrets.token_hex(32)])
PAGE = Path(__file__).with_name("page.html").read_bytes()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan" or scope["path"] == "/api/chatkit/session":
        await endpoint(scope, receive, send)  # lifespan events start and close the broker
    elif (scope["method"], scope["path"]) == ("GET", "/"):
        await respond(send, 200, [(b"content-type", b"text/html; charset=utf-8")], PAGE)
    elif (scope["method"], scope["path"]) == ("POST", "/logout"):
        headers: list[tuple[bytes, bytes]] = []
        await logout(endpoint, scope, headers)
        await respond(send, 204, headers)
    else:
        await respond(send, 404, [])


async def respond(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
