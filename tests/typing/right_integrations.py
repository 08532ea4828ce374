"""Web adapters used in ways that must type, with the types they must have. Checked by mypy and pyright, never run."""

from typing import assert_type

import flask
from aiohttp import web
from fastapi import FastAPI, Request, Response

from chatkit_async import AsyncChatKit, ChatKit
from chatkit_async.broker import AsyncSessionBroker, MemoryStore, Revocation, SessionBroker
from chatkit_async.integrations import Identity
from chatkit_async.integrations import aiohttp as for_aiohttp
from chatkit_async.integrations import asgi as for_asgi
from chatkit_async.integrations import django as for_django
from chatkit_async.integrations import flask as for_flask
from chatkit_async.integrations import starlette as for_starlette


async def in_fastapi(app: FastAPI, client: AsyncChatKit, request: Request, response: Response) -> None:
    """Identity by a coroutine function, a plain one or a lambda."""

    async def identify(request: Request) -> Identity | None:
        return Identity("ada", device=request.headers.get("x-device"), state_variables={"plan": "pro"})

    broker = for_starlette.setup(app, workflow="wf_1", client=client, store=MemoryStore(), expires_after=300)
    assert_type(broker, AsyncSessionBroker)
    endpoint = for_starlette.session_endpoint(broker, identify=identify, allowed_origins=["https://shop.example"])
    app.add_route("/api/chatkit/session", endpoint)
    assert_type(await endpoint(request), Response)
    for_starlette.session_endpoint(broker, identify=lambda request: request.headers.get("x-user"))
    for_starlette.session_endpoint(broker, cookie_keys=["a", b"b"], cookie_secure=False, cookie_max_age_s=3600)
    assert_type(await for_starlette.logout(endpoint, request, response), Revocation)


async def in_an_asgi_app(scope: for_asgi.Scope, receive: for_asgi.Receive, send: for_asgi.Send) -> None:
    """Without a framework; the types fit those of Starlette and Litestar."""

    async def identify(scope: for_asgi.Scope) -> str | None:
        user: str | None = scope["session"].get("user")
        return user

    broker = for_asgi.setup(workflow="wf_1", store=MemoryStore())
    assert_type(broker, AsyncSessionBroker)
    endpoint = for_asgi.session_endpoint(broker, identify=identify, anonymous_sessions_per_minute=None)
    await endpoint(scope, receive, send)
    headers: list[tuple[bytes, bytes]] = []
    assert_type(await for_asgi.logout(endpoint, scope, headers), Revocation)


async def in_aiohttp(app: web.Application, request: web.Request, response: web.Response) -> None:
    """A handler that the router takes."""
    broker = for_aiohttp.setup(app, workflow={"id": "wf_1"}, sessions_per_minute=None)
    endpoint = for_aiohttp.session_endpoint(broker, identify=lambda request: request.remote)
    app.router.add_route("*", "/api/chatkit/session", endpoint)
    assert_type(await for_aiohttp.logout(endpoint, request, response), Revocation)


def in_flask(app: flask.Flask, client: ChatKit, response: flask.Response) -> None:
    """A view that Flask takes."""
    broker = for_flask.setup(app, workflow="wf_1", client=client)
    assert_type(broker, SessionBroker)
    endpoint = for_flask.session_endpoint(broker, identify=lambda request: request.remote_user)
    app.add_url_rule("/api/chatkit/session", view_func=endpoint)
    assert_type(for_flask.logout(endpoint, flask.request, response), Revocation)


def in_django() -> None:
    """The broker's type decides about the view's."""
    blocking = for_django.setup(workflow="wf_1")
    assert_type(blocking, SessionBroker)
    assert_type(for_django.session_endpoint(blocking, identify=lambda request: "ada"), for_django.SessionEndpoint)
    awaited = for_django.setup(workflow="wf_1", is_async=True)
    assert_type(awaited, AsyncSessionBroker)
    assert_type(for_django.session_endpoint(awaited, cookie_keys=["a"]), for_django.AsyncSessionEndpoint)
