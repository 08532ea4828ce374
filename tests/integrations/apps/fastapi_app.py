"""FastAPI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker
from chatkit_async.integrations.starlette import logout, session_endpoint, setup

from .shared import ANONYMOUS, FORBIDDEN, IMPATIENT, LOGOUT, MEMBERS, OPEN, OPTIONS, SESSION, identity_in


async def identify(request: Request) -> Any:
    if request.headers.get("X-Test-Identity") == FORBIDDEN:
        raise HTTPException(403)
    return identity_in(request.headers.get("X-Test-Identity"))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, AsyncChatKit]]:
    async with impatient, members:
        yield {"impatient": impatient}


app = FastAPI(lifespan=lifespan)
impatient = AsyncChatKit(**IMPATIENT)
broker = setup(app, workflow="wf_1")
members = AsyncSessionBroker(impatient, workflow="wf_1")
endpoint = session_endpoint(broker, identify=identify, **OPTIONS)
app.add_route(SESSION, endpoint)
for_members = session_endpoint(members, identify=lambda request: request.state.identity)


async def member(request: Request) -> None:
    request.state.identity = await identify(request)


app.post(MEMBERS, dependencies=[Depends(member)])(for_members)
app.add_route(ANONYMOUS, session_endpoint(broker, **OPEN))


@app.post(LOGOUT)
async def sign_out(request: Request, response: Response) -> str:
    revocation = await logout(endpoint, request, response)
    response.headers["X-Test-Complete"] = str(revocation.is_complete)
    return "bye"
