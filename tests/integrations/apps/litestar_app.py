"""Litestar, by the ASGI app that knows no framework."""

from __future__ import annotations

from typing import Any

from litestar import Litestar, Request, Response, asgi, post
from litestar.exceptions import HTTPException
from litestar.types import Receive, Scope, Send

from chatkit_async import AsyncChatKit
from chatkit_async.integrations.asgi import logout, session_endpoint, setup

from .shared import ANONYMOUS, FORBIDDEN, IMPATIENT, LOGOUT, MEMBERS, OPEN, OPTIONS, SESSION, identity_in


async def identify(scope: Any) -> Any:
    header = Request(scope).headers.get("X-Test-Identity")
    if header == FORBIDDEN:
        raise HTTPException(status_code=403)
    return identity_in(header)


def identify_slowly(scope: Any) -> Any:
    header = Request(scope).headers.get("X-Test-Identity")
    if header == FORBIDDEN:
        raise HTTPException(status_code=403)
    return identity_in(header)


impatient = AsyncChatKit(**IMPATIENT)
broker = setup(workflow="wf_1")
members = setup(workflow="wf_1", client=impatient)
endpoint = session_endpoint(broker, identify=identify, **OPTIONS)
for_members = session_endpoint(members, identify=identify_slowly)
for_anonymous = session_endpoint(broker, **OPEN)


@asgi(SESSION, copy_scope=True)
async def session(scope: Scope, receive: Receive, send: Send) -> None:
    await endpoint(scope, receive, send)


@asgi(MEMBERS, copy_scope=True)
async def session_of_a_member(scope: Scope, receive: Receive, send: Send) -> None:
    await for_members(scope, receive, send)


@asgi(ANONYMOUS, copy_scope=True)
async def session_of_a_visitor(scope: Scope, receive: Receive, send: Send) -> None:
    await for_anonymous(scope, receive, send)


@post(LOGOUT, status_code=200, media_type="text/plain")
async def sign_out(request: Request[Any, Any, Any]) -> Response[str]:
    headers: list[tuple[bytes, bytes]] = []
    revocation = await logout(endpoint, request.scope, headers)
    made = Response("bye", headers={"X-Test-Complete": str(revocation.is_complete)})
    for name, value in headers:
        made.headers[name.decode()] = value.decode()
    return made


app = Litestar(
    [session, session_of_a_member, session_of_a_visitor, sign_out],
    lifespan=[lambda app: broker, lambda app: members, lambda app: impatient],
)
