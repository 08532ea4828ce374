"""Uses of the web adapters that must be refused: each ignore has to hide an error, or mypy and pyright complain."""

from fastapi import FastAPI

from chatkit_async import AsyncChatKit, ChatKit
from chatkit_async.broker import AsyncSessionBroker, SessionBroker
from chatkit_async.integrations import Identity
from chatkit_async.integrations import asgi as for_asgi
from chatkit_async.integrations import django as for_django
from chatkit_async.integrations import flask as for_flask
from chatkit_async.integrations import starlette as for_starlette


def mixed(app: FastAPI, broker: AsyncSessionBroker, blocking: SessionBroker) -> None:
    """Misspelt, missing, of the wrong kind."""
    for_starlette.setup(app)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    for_starlette.setup(app, workflow="wf_1", margin=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    for_starlette.setup(app, workflow="wf_1", client=ChatKit())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for_starlette.session_endpoint(blocking)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for_starlette.session_endpoint(broker, identify=lambda request: 7)  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]
    for_starlette.session_endpoint(broker, cookie_key=["a"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    for_flask.session_endpoint(broker)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for_django.setup(workflow="wf_1", client=AsyncChatKit())  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    Identity()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Identity(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for_asgi.setup(workflow="wf_1", client=ChatKit())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for_asgi.session_endpoint(broker, identify=lambda scope: 7)  # type: ignore[arg-type, return-value]  # pyright: ignore[reportArgumentType]
    for_asgi.session_endpoint(broker, anonymous_sessions_per_minute="9")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
