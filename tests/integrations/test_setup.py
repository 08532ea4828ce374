"""`setup` and `session_endpoint` of each framework: what they make, close, leave alone and refuse."""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp.web
import flask
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request

from chatkit_async import AsyncChatKit, ChatKit, ClientClosedError, ConfigurationError
from chatkit_async.broker import AsyncSessionBroker, SessionBroker
from chatkit_async.emulator import Emulator, Fault
from chatkit_async.integrations import BrokerOptions
from chatkit_async.integrations import aiohttp as for_aiohttp
from chatkit_async.integrations import django as for_django
from chatkit_async.integrations import flask as for_flask
from chatkit_async.integrations import starlette as for_starlette

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", emulator.base_url)


async def identify(request: Any) -> str:
    return "ada"


def identify_blocking(request: Any) -> str:
    return "ada"


@asynccontextmanager
async def running(app: Any) -> AsyncIterator[Any]:
    """The app between its start and its end."""
    if isinstance(app, aiohttp.web.Application):
        runner = aiohttp.web.AppRunner(app)
        await runner.setup()
        yield None
        await runner.cleanup()
    else:
        async with app.router.lifespan_context(app) as state:
            yield state


APPS = [(Starlette, for_starlette.setup), (FastAPI, for_starlette.setup), (aiohttp.web.Application, for_aiohttp.setup)]
each_async_framework = pytest.mark.parametrize(("make", "setup"), APPS, ids=["starlette", "fastapi", "aiohttp"])


@each_async_framework
async def test_the_broker_and_its_client_close_with_the_app(make: Any, setup: Any) -> None:
    app = make()
    broker = setup(app, workflow="wf_1")
    client = broker.app_client
    async with running(app):
        assert (await broker.secret_for("ada")).client_secret
    with pytest.raises(ClientClosedError):
        await broker.secret_for("ada")
    with pytest.raises(ClientClosedError):
        await client.sessions.create(user="ada", workflow="wf_1")


@each_async_framework
async def test_a_client_that_was_passed_stays_open(make: Any, setup: Any, client: AsyncChatKit) -> None:
    app = make()
    broker = setup(app, workflow="wf_1", client=client)
    async with running(app):
        await broker.secret_for("ada")
    assert (await client.sessions.create(user="ada", workflow="wf_1")).user == "ada"


async def test_the_client_of_an_app_creates_far_more_than_100_sessions_at_once(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatkit_async.broker._single_flight.CLOSE_S", 0.1)
    app = aiohttp.web.Application()
    broker = for_aiohttp.setup(app, workflow="wf_1", lease_s=600)
    emulator.add_faults(Fault(delay=60, times=200))
    async with running(app):
        calls = [asyncio.create_task(broker.secret_for(f"user_{number}")) for number in range(200)]
        async with asyncio.timeout(25):  # less than the client's timeout, after which the next would begin
            while len(emulator.requests()) < 200:
                await asyncio.sleep(0.05)
    await asyncio.gather(*calls, return_exceptions=True)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
async def test_the_client_of_an_app_takes_half_of_the_files_that_a_process_may_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (256, 256))
    app = aiohttp.web.Application()
    broker = for_aiohttp.setup(app, workflow="wf_1")
    async with running(app):
        connector = broker._client._caller.shared.transport().pools.here().session.connector
        assert connector is not None
        assert connector.limit == 128


@pytest.mark.parametrize("make", [Starlette, FastAPI])
async def test_an_app_can_start_again_as_in_tests(make: Any) -> None:
    app = make()
    broker = for_starlette.setup(app, workflow="wf_1")
    secrets = []
    for _ in range(3):
        async with running(app):
            secrets.append((await broker.secret_for("ada")).client_secret)
    assert len(set(secrets)) == 3


@pytest.mark.parametrize("make", [Starlette, FastAPI])
async def test_the_apps_own_lifespan_is_kept_and_can_use_the_broker_to_its_end(make: Any, emulator: Emulator) -> None:
    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[dict[str, str]]:
        yield {"kept": "yes"}
        await broker.revoke("ada")

    app = make(lifespan=lifespan)
    broker = for_starlette.setup(app, workflow="wf_1")
    async with running(app) as state:
        await broker.secret_for("ada")
        assert state == {"kept": "yes"}
    assert [session["status"] for session in emulator.sessions()] == ["cancelled"]


def test_flask_has_the_broker_in_its_extensions_and_closing_it_closes_its_client() -> None:
    app = flask.Flask(__name__)
    broker = for_flask.setup(app, workflow="wf_1")
    client = broker._own_client  # type: ignore[attr-defined]
    assert app.extensions["chatkit"] is broker
    assert broker.secret_for("ada").client_secret
    broker.close()
    with pytest.raises(ClientClosedError):
        broker.secret_for("ada")
    with pytest.raises(ClientClosedError):
        client.sessions.create(user="ada", workflow="wf_1")


def test_django_makes_the_broker_that_fits_its_views_and_refuses_a_client_that_does_not() -> None:
    assert isinstance(for_django.setup(workflow="wf_1"), SessionBroker)
    assert isinstance(for_django.setup(workflow="wf_1", is_async=True), AsyncSessionBroker)
    with pytest.raises(ConfigurationError, match="do not fit"):
        for_django.setup(workflow="wf_1", client=AsyncChatKit())  # type: ignore[call-overload]
    with pytest.raises(ConfigurationError, match="do not fit"):
        for_django.setup(workflow="wf_1", client=ChatKit(), is_async=True)  # type: ignore[call-overload]


@pytest.mark.parametrize("module", [for_django, for_flask])
def test_a_blocking_client_that_was_passed_stays_open(module: Any, emulator: Emulator) -> None:
    with ChatKit() as client:
        app = {"app": flask.Flask(__name__)} if module is for_flask else {}
        broker = module.setup(**app, workflow="wf_1", client=client)
        broker.secret_for("ada")
        broker.close()
        assert client.sessions.create(user="ada", workflow="wf_1").user == "ada"


def test_the_brokers_type_decides_whether_djangos_view_is_async() -> None:
    from asgiref.sync import iscoroutinefunction

    blocking, awaited = for_django.setup(workflow="wf_1"), for_django.setup(workflow="wf_1", is_async=True)
    assert not iscoroutinefunction(for_django.session_endpoint(blocking, identify=identify_blocking))
    assert iscoroutinefunction(for_django.session_endpoint(awaited, identify=identify))


class Callable:
    """An `identify` that is an object."""

    async def __call__(self, request: Any) -> str:
        return "ada"


@pytest.mark.parametrize("asynchronous", [identify, Callable()], ids=["function", "object"])
def test_blocking_views_refuse_an_async_identify_and_an_async_broker(asynchronous: Any) -> None:
    blocking = for_django.setup(workflow="wf_1")
    for module in (for_django, for_flask):
        with pytest.raises(
            ConfigurationError, match="identify returned an awaitable in a blocking view; make it a plain function"
        ):
            module.session_endpoint(blocking, identify=asynchronous)  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError, match="needs a SessionBroker"):
        for_flask.session_endpoint(AsyncSessionBroker(AsyncChatKit(), workflow="wf_1"))  # type: ignore[arg-type]


def test_in_a_blocking_view_an_identify_that_returns_an_awaitable_is_a_500(emulator: Emulator) -> None:
    app = flask.Flask(__name__)
    with ChatKit() as client:
        broker = for_flask.setup(app, workflow="wf_1", client=client)
        endpoint = for_flask.session_endpoint(broker, identify=lambda request: identify(request))  # type: ignore[arg-type, return-value]
        app.add_url_rule("/session", view_func=endpoint)
        response = app.test_client().post("/session")
        broker.close()
    assert response.status_code == 500
    assert emulator.sessions() == []


@pytest.mark.parametrize("module", [for_starlette, for_aiohttp])
def test_async_views_refuse_a_blocking_broker(module: Any) -> None:
    with pytest.raises(ConfigurationError, match="needs an AsyncSessionBroker, such as setup returns, not Sess"):
        module.session_endpoint(SessionBroker(ChatKit(), workflow="wf_1"), identify=identify)


def test_setup_passes_on_every_option_of_the_broker() -> None:
    parameters = inspect.signature(AsyncSessionBroker).parameters
    assert {*parameters} - {"client", "workflow"} == BrokerOptions.__annotations__.keys()


def python(code: str) -> str:
    # Without coverage, which imports modules of its own.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=50, check=True).stdout


@pytest.mark.parametrize("framework", ["starlette", "django", "flask"])
def test_the_import_error_for_a_missing_framework_says_what_to_install(framework: str) -> None:
    code = f"""
import sys
sys.modules[{framework!r}] = None
try:
    import chatkit_async.integrations.{framework}
except ImportError as error:
    print(error)
"""
    assert f"chatkit_async.integrations.{framework} needs" in python(code)
    assert f"pip install {framework}" in python(code)


def test_importing_integrations_imports_no_framework() -> None:
    loaded = python("import sys, chatkit_async.integrations; print(*sys.modules)").split()
    assert {"starlette", "fastapi", "django", "flask"}.isdisjoint(loaded)


def test_the_starlette_module_imports_no_other_framework() -> None:
    loaded = python("import sys, chatkit_async.integrations.starlette; print(*sys.modules)").split()
    assert {"fastapi", "django", "flask"}.isdisjoint(loaded)


async def test_a_missing_session_middleware_is_a_500_and_the_log_says_what_to_add(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    app = FastAPI()
    broker = for_starlette.setup(app, workflow="wf_1")

    async def signed_in_user(request: Any) -> Any:
        return request.session.get("user")

    endpoint = for_starlette.session_endpoint(broker, identify=signed_in_user)
    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    async with app.router.lifespan_context(app):
        response = await endpoint(Request(scope, empty_body))
    assert response.status_code == 500
    assert b"server_error" in response.body
    assert "app.add_middleware(SessionMiddleware, secret_key=...)" in caplog.text


async def empty_body() -> Any:
    return {"type": "http.request"}


async def test_a_lazy_user_of_an_async_django_view_is_evaluated_in_the_thread_of_identify(emulator: Emulator) -> None:
    """Looking at it may query the database, which Django forbids in the event loop."""
    from django.conf import settings
    from django.test import AsyncRequestFactory
    from django.utils.asyncio import async_unsafe
    from django.utils.functional import SimpleLazyObject

    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"])
    broker = for_django.setup(workflow="wf_1", is_async=True)
    query = async_unsafe(lambda: "ada")
    endpoint = for_django.session_endpoint(broker, identify=lambda request: SimpleLazyObject(query))
    response = await endpoint(AsyncRequestFactory().post("/", content_type="application/json"))
    await broker.aclose()
    assert response.status_code == 200
    assert [session["user"] for session in emulator.sessions()] == ["ada"]
