"""Starlette."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker
from chatkit_async.integrations.starlette import logout, session_endpoint, setup

from .shared import ANONYMOUS, FORBIDDEN, IMPATIENT, LOGOUT, MEMBERS, OPEN, OPTIONS, SESSION, identity_in


def identify(request: Request) -> Any:
    if request.headers.get("X-Test-Identity") == FORBIDDEN:
        raise HTTPException(403)
    return identity_in(request.headers.get("X-Test-Identity"))


async def identify_slowly(request: Request) -> Any:
    return identify(request)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async with impatient, members:
        yield


app = Starlette(lifespan=lifespan)
impatient = AsyncChatKit(**IMPATIENT)
broker = setup(app, workflow="wf_1")
members = AsyncSessionBroker(impatient, workflow="wf_1")
endpoint = session_endpoint(broker, identify=identify, **OPTIONS)


async def sign_out(request: Request) -> Response:
    response = Response("bye")
    revocation = await logout(endpoint, request, response)
    response.headers["X-Test-Complete"] = str(revocation.is_complete)
    return response


app.add_route(SESSION, endpoint)
app.add_route(MEMBERS, session_endpoint(members, identify=identify_slowly))
app.add_route(ANONYMOUS, session_endpoint(broker, **OPEN))
app.add_route(LOGOUT, sign_out, methods=["POST"])
