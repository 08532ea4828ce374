"""ChatKit in aiohttp.web: a page with the chat widget, a sign-in, a logout.

pip install chatkit-async
export OPENAI_API_KEY=sk-...
python aiohttp_app.py
"""

import os
import secrets
from pathlib import Path

from aiohttp import web

from chatkit_async.integrations.aiohttp import logout, session_endpoint, setup

app = web.Application()
broker = setup(app, workflow=os.environ.get("CHATKIT_WORKFLOW", "wf_abc"))
users: dict[str, str] = {}  # which user holds which cookie; several workers need a database or aiohttp-session


async def signed_in_user(request: web.Request) -> str | None:
    return users.get(request.cookies.get("signed_in", ""))


endpoint = session_endpoint(broker, identify=signed_in_user)


async def page(request: web.Request) -> web.FileResponse:
    return web.FileResponse(Path(__file__).with_name("page.html"))


async def sign_in(request: web.Request) -> web.Response:
    token, name = secrets.token_urlsafe(32), request.query["name"]
    users[token] = name  # Your own sign-in goes here: this one believes every name.
    response = web.Response(text=name)
    response.set_cookie("signed_in", token, httponly=True, samesite="Lax")
    return response


async def sign_out(request: web.Request) -> web.Response:
    response = web.Response(status=204)
    await logout(endpoint, request, response)  # first: it has to know which user signs out
    users.pop(request.cookies.get("signed_in", ""), None)
    response.del_cookie("signed_in")
    return response


app.router.add_route("*", "/api/chatkit/session", endpoint)
app.router.add_get("/", page)
app.router.add_post("/sign-in", sign_in)
app.router.add_post("/logout", sign_out)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8000")))
