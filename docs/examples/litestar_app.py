"""ChatKit in Litestar, by the ASGI app that any framework can mount.

pip install chatkit-async 'litestar[cryptography]' uvicorn
export OPENAI_API_KEY=sk-...
uvicorn litestar_app:app
"""

import os
import secrets
from typing import Any

from litestar import Litestar, Request, asgi, post
from litestar.middleware.session.client_side import CookieBackendConfig
from litestar.types import Receive, Scope, Send

from chatkit_async.integrations.asgi import session_endpoint, setup

broker = setup(workflow=os.environ.get("CHATKIT_WORKFLOW", "wf_abc"))


async def signed_in_user(scope: Any) -> str | None:
    user: str | None = scope["session"].get("user")
    return user


endpoint = session_endpoint(broker, identify=signed_in_user)


@asgi("/api/chatkit/session", copy_scope=True)
async def session(scope: Scope, receive: Receive, send: Send) -> None:
    await endpoint(scope, receive, send)


@post("/sign-in")
async def sign_in(request: Request[Any, Any, Any]) -> str:
    name: str = request.query_params["name"]
    request.session["user"] = name  # Your own sign-in goes here: this one believes every name.
    return name


app = Litestar(
    [session, sign_in],
    lifespan=[lambda app: broker],  # starts and closes the broker
    middleware=[CookieBackendConfig(secret=secrets.token_bytes(16)).middleware],
)
