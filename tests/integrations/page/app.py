"""The app behind the page: `python -m tests.integrations.page.app` serves it on the socket that the test has opened."""

from __future__ import annotations

import secrets
from pathlib import Path

from aiohttp import web

from chatkit_async.integrations.aiohttp import logout, session_endpoint, setup

from ..apps.shared import listening

FOLDER = Path(__file__).parent
SIGNED_IN: dict[str, str] = {}  # which user holds which cookie of the app


async def signed_in_user(request: web.Request) -> str | None:
    return SIGNED_IN.get(request.cookies.get("signed_in", ""))


app = web.Application()
broker = setup(app, workflow="wf_1")
session = session_endpoint(broker, identify=signed_in_user, cookie_keys=[secrets.token_hex(32)])


async def page(request: web.Request) -> web.FileResponse:
    name = request.match_info.get("name", "page.html")
    return web.FileResponse(FOLDER / name, headers={"Content-Security-Policy": "default-src 'self'; img-src data:"})


async def sign_in(request: web.Request) -> web.Response:
    token = secrets.token_hex(16)
    SIGNED_IN[token] = str((await request.post())["name"])
    response = web.Response()
    response.set_cookie("signed_in", token, httponly=True, samesite="Lax")
    return response


async def sign_out(request: web.Request) -> web.Response:
    response = web.Response()
    await logout(session, request, response)
    SIGNED_IN.pop(request.cookies.get("signed_in", ""), None)
    return response


app.router.add_get("/", page)
app.router.add_get("/{name:page.js}", page)
app.router.add_post("/sign-in", sign_in)
app.router.add_post("/logout", sign_out)
app.router.add_route("*", "/api/chatkit/session", session)

if __name__ == "__main__":
    web.run_app(app, sock=listening(), print=None, access_log=None, shutdown_timeout=2)
