"""Wrong arguments of `setup` and `session_endpoint`: refused at once, with what to pass."""

from __future__ import annotations

import traceback
from typing import Any

import aiohttp.web
import flask
import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette

from chatkit_async import AsyncChatKit, ConfigurationError, ParamsValidationError
from chatkit_async.broker import AsyncSessionBroker
from chatkit_async.emulator import Emulator
from chatkit_async.integrations import aiohttp as for_aiohttp
from chatkit_async.integrations import asgi as for_asgi
from chatkit_async.integrations import django as for_django
from chatkit_async.integrations import flask as for_flask
from chatkit_async.integrations import starlette as for_starlette


@pytest.fixture(autouse=True)
def _environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", emulator.base_url)


async def identify(request: Any) -> str:
    return "ada"


KEY = "a-key-of-" + "sixteen-bytes"
MODULES = [for_starlette, for_aiohttp, for_flask, for_django, for_asgi]
each_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
each_with_an_app = pytest.mark.parametrize(
    ("module", "make", "expected"),
    [
        (for_starlette, FastAPI, "the Starlette or FastAPI app"),
        (for_aiohttp, aiohttp.web.Application, "the aiohttp.web.Application"),
        (for_flask, lambda: flask.Flask("shop"), "the Flask app"),
    ],
    ids=["starlette", "aiohttp", "flask"],
)


def set_up(module: Any, **options: Any) -> Any:
    """What `setup` returns for a new app, if the framework has apps."""
    apps = {for_starlette: FastAPI, for_aiohttp: aiohttp.web.Application, for_flask: lambda: flask.Flask("shop")}
    return module.setup(*(apps[module]() for _ in range(module in apps)), **options)


def broker_of(module: Any) -> Any:
    """The broker of a new app."""
    return set_up(module, workflow="wf_1")


@each_module
@pytest.mark.parametrize(
    ("given", "meant"),
    [("wrkflow", "workflow"), ("stoer", "store"), ("share_secret", "share_secrets"), ("clinet", "client")],
)
def test_a_misspelt_option_of_setup_is_answered_with_its_name(module: Any, given: str, meant: str) -> None:
    with pytest.raises(TypeError) as caught:
        set_up(module, **{given: "wf_1"})
    expected = f"setup() got an unexpected keyword argument {given!r}: did you mean {meant}? (it takes "
    assert str(caught.value).startswith(expected)
    assert "workflow, client, " in str(caught.value)
    assert "sessions_per_minute" in str(caught.value)


@each_module
@pytest.mark.parametrize(("given", "meant"), [("identfy", "identify"), ("cookie_key", "cookie_keys")])
def test_a_misspelt_option_of_the_endpoint_is_answered_with_its_name(module: Any, given: str, meant: str) -> None:
    with pytest.raises(TypeError) as caught:
        module.session_endpoint(broker_of(module), **{given: None})
    expected = f"session_endpoint() got an unexpected keyword argument {given!r}: did you mean {meant}?"
    assert str(caught.value).startswith(f"{expected} (it takes broker, identify, cookie_keys, ")


@each_module
def test_the_key_in_a_misspelt_option_is_in_no_traceback(module: Any) -> None:
    with pytest.raises(TypeError) as caught:
        module.session_endpoint(broker_of(module), cookie_key=[KEY])
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    ours = [frame for frame in frames if "chatkit_async" in frame.filename]
    assert ours
    assert KEY not in str([frame.locals for frame in ours])


@each_with_an_app
@pytest.mark.parametrize("wrong", ["app", None, object()], ids=["a name", "None", "an object"])
def test_what_is_no_app_is_refused_with_what_to_pass(module: Any, make: Any, expected: str, wrong: object) -> None:
    with pytest.raises(ParamsValidationError) as caught:
        module.setup(wrong, workflow="wf_1")
    assert str(caught.value) == f"setup: app: must be {expected}, not {type(wrong).__name__}"


@each_with_an_app
def test_a_second_setup_of_an_app_is_refused_with_what_to_do(module: Any, make: Any, expected: str) -> None:
    app = make()
    with pytest.raises(ParamsValidationError):
        module.setup(app, workflow="")  # one that failed does not count
    broker = module.setup(app, workflow="wf_1")
    with pytest.raises(ConfigurationError, match=r"use the one that the first setup returned; for another workflow"):
        module.setup(app, workflow="wf_2")
    assert module.session_endpoint(broker, identify=str)
    assert module.setup(make(), workflow="wf_1")


async def test_a_broker_of_ones_own_serves_another_workflow(emulator: Emulator, client: AsyncChatKit) -> None:
    app = Starlette()
    for_starlette.setup(app, workflow="wf_1", client=client)
    async with AsyncSessionBroker(client, workflow="wf_2") as other:
        endpoint = for_starlette.session_endpoint(other, identify=identify)
        app.add_route("/sales", endpoint)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as browser:
            assert (await browser.post("/sales")).status_code == 200
    assert [session["workflow"]["id"] for session in emulator.sessions()] == ["wf_2"]  # type: ignore[index, call-overload]


@each_module
def test_an_identify_that_cannot_be_called_is_refused_when_the_endpoint_is_made(module: Any) -> None:
    with pytest.raises(ConfigurationError, match="identify='user': pass a function of the request"):
        module.session_endpoint(broker_of(module), identify="user")


@each_module
def test_an_endpoint_without_a_broker_is_refused_with_where_one_comes_from(module: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"needs an? (Async)?SessionBroker, such as setup returns, not str"):
        module.session_endpoint("broker", identify=str)


def test_flasks_current_app_is_set_up_like_the_app_it_stands_for() -> None:
    app = flask.Flask("shop")
    with app.app_context():
        for_flask.setup(flask.current_app, workflow="wf_1")
    with pytest.raises(ConfigurationError):
        for_flask.setup(app, workflow="wf_1")


@each_module
def test_a_key_passed_as_a_positional_argument_is_in_no_traceback(module: Any) -> None:
    with pytest.raises(Exception) as caught:
        module.setup("app", KEY, workflow="wf_1")
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    ours = [frame for frame in frames if "chatkit_async" in frame.filename]
    assert ours
    assert KEY not in str([frame.locals for frame in ours])
