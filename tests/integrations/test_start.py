"""What `setup` does before the first visitor: a missing key shows, and what the first call needs is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import aiohttp.web
import flask
import pytest
from fastapi import FastAPI

from chatkit_async import AsyncChatKit, ChatKit, ConfigurationError
from chatkit_async.emulator import Emulator
from chatkit_async.integrations import aiohttp as for_aiohttp
from chatkit_async.integrations import asgi as for_asgi
from chatkit_async.integrations import django as for_django
from chatkit_async.integrations import flask as for_flask
from chatkit_async.integrations import starlette as for_starlette

from .serving import CHECKOUT

NO_KEY = "no API key: set the environment variable OPENAI_API_KEY"


async def test_a_starlette_app_without_a_key_does_not_start() -> None:
    app = FastAPI()
    for_starlette.setup(app, workflow="wf_1")
    with pytest.raises(ConfigurationError, match=NO_KEY):
        async with app.router.lifespan_context(app):
            pass


async def test_an_aiohttp_app_without_a_key_does_not_start() -> None:
    app = aiohttp.web.Application()
    for_aiohttp.setup(app, workflow="wf_1")
    runner = aiohttp.web.AppRunner(app)
    with pytest.raises(ConfigurationError, match=NO_KEY):
        await runner.setup()
    await runner.cleanup()


async def test_an_asgi_endpoint_without_a_key_fails_its_lifespan_startup() -> None:
    endpoint = for_asgi.session_endpoint(for_asgi.setup(workflow="wf_1"), cookie_keys=["a random key of some length"])
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        sent.append(message)

    await endpoint({"type": "lifespan"}, receive, send)
    [message] = sent
    assert message["type"] == "lifespan.startup.failed"
    assert NO_KEY in message["message"]


@pytest.mark.parametrize("options", [{}, {"is_async": True}])
def test_djangos_setup_without_a_key_is_a_configuration_error(options: Any) -> None:
    with pytest.raises(ConfigurationError, match=NO_KEY):
        for_django.setup(workflow="wf_1", **options)


def test_flasks_setup_without_a_key_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match=NO_KEY):
        for_flask.setup(flask.Flask(__name__), workflow="wf_1")


@pytest.mark.parametrize("given", [{"api_key": lambda: "key"}, {"default_headers": {"Authorization": "Bearer key"}}])
async def test_a_key_from_a_callable_or_a_header_is_enough(given: Any) -> None:
    for_flask.setup(flask.Flask(__name__), workflow="wf_1", client=ChatKit(**given)).close()
    async with AsyncChatKit(**given) as client, for_asgi.setup(workflow="wf_1", client=client):
        pass


STARLETTE = """
    from starlette.applications import Starlette
    from chatkit_async.integrations.starlette import setup
    app = Starlette()
    broker = setup(app, workflow="wf_1")
    running = app.router.lifespan_context(app)
"""
IN_ITS_LIFESPAN = """
    async def main():
        async with running:
            before = set(sys.modules)
            await broker.secret_for("ada")
            print(*sorted(set(sys.modules) - before))
    asyncio.run(main())
"""
DJANGO_ASGI = """
    from chatkit_async.integrations.django import setup
    broker = setup(workflow="wf_1", is_async=True)
    async def main():
        before = set(sys.modules)
        await broker.secret_for("ada")
        print(*sorted(set(sys.modules) - before))
    asyncio.run(main())
"""
FLASK = """
    from flask import Flask
    from chatkit_async.integrations.flask import setup
    broker = setup(Flask("app"), workflow="wf_1")
    before = set(sys.modules)
    broker.secret_for("ada")
    print(*sorted(set(sys.modules) - before))
"""


@pytest.mark.parametrize(
    "parts",
    [(STARLETTE, IN_ITS_LIFESPAN), (DJANGO_ASGI,), (FLASK,)],
    ids=["a broker that is entered", "a broker that is not entered", "a blocking broker"],
)
def test_the_first_call_imports_nothing_more(parts: tuple[str, ...], tmp_path: Path, emulator: Emulator) -> None:
    program = tmp_path / "program.py"
    program.write_text("import asyncio, sys\n" + "".join(dedent(part) for part in parts))
    # Without coverage, which imports modules of its own.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    env |= {"PYTHONPATH": str(CHECKOUT), "OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": emulator.base_url}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)], env=env, capture_output=True, text=True, timeout=50, check=True
    )
    assert (done.stdout, done.stderr) == ("\n", "")
