"""aiohttp.web: `python -m tests.integrations.apps.aiohttp_app` serves it on the socket that the test has opened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker
from chatkit_async.integrations.aiohttp import logout, session_endpoint, setup

from .shared import ANONYMOUS, FORBIDDEN, IMPATIENT, LOGOUT, MEMBERS, OPEN, OPTIONS, SESSION, identity_in, listening


def identify(request: web.Request) -> Any:
    if request.headers.get("X-Test-Identity") == FORBIDDEN:
        raise web.HTTPForbidden
    return identity_in(request.headers.get("X-Test-Identity"))


async def identify_slowly(request: web.Request) -> Any:
    return identify(request)


async def closing(app: web.Application) -> AsyncIterator[None]:
    async with impatient, members:
        yield


app = web.Application()
impatient = AsyncChatKit(**IMPATIENT)
app.cleanup_ctx.append(closing)
broker = setup(app, workflow="wf_1")
members = AsyncSessionBroker(impatient, workflow="wf_1")
endpoint = session_endpoint(broker, identify=identify, **OPTIONS)


async def sign_out(request: web.Request) -> web.Response:
    response = web.Response(text="bye")
    revocation = await logout(endpoint, request, response)
    response.headers["X-Test-Complete"] = str(revocation.is_complete)
    return response


app.router.add_route("*", SESSION, endpoint)
app.router.add_route("*", MEMBERS, session_endpoint(members, identify=identify_slowly))
app.router.add_route("*", ANONYMOUS, session_endpoint(broker, **OPEN))
app.router.add_post(LOGOUT, sign_out)

if __name__ == "__main__":
    web.run_app(app, sock=listening(), print=None, access_log=None, shutdown_timeout=2)
