"""README's Python blocks are programs, and they run."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import uvicorn
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from chatkit_async.emulator import Emulator

README = Path(__file__).parent.parent / "README.md"
DOCUMENT = Sybil(parsers=[PythonCodeBlockParser()], path=str(README.parent), patterns=["README.md"]).parse(README)
EXAMPLES = list(DOCUMENT.examples())


@pytest.fixture(autouse=True)
def _environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef")
    monkeypatch.setenv("OPENAI_BASE_URL", emulator.base_url)


def names_after(needle: str) -> dict[str, Any]:
    """The names that README's block with this text defines."""
    [example] = [example for example in EXAMPLES if needle in str(example.parsed)]
    module = ModuleType("readme_example")
    sys.modules["readme_example"] = module  # FastAPI looks annotations up there
    example.namespace.clear()
    example.namespace.update(module.__dict__)
    example.evaluate()
    return example.namespace


@contextmanager
def served(app: Any) -> Iterator[str]:
    """An ASGI app behind uvicorn on a port of its own."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"line {example.line}")
def test_every_python_block_runs(example: Any, capsys: pytest.CaptureFixture[str]) -> None:
    example.namespace.clear()
    example.namespace["__name__"] = "readme_example"
    example.evaluate()


WEB_EXAMPLES = ["from fastapi import", "from aiohttp import web", "from django.urls import"]


@pytest.mark.parametrize("needle", WEB_EXAMPLES)
def test_a_web_app_needs_no_more_than_ten_lines(needle: str) -> None:
    [text] = [str(example.parsed) for example in EXAMPLES if needle in str(example.parsed)]
    assert len(text.strip().splitlines()) <= 10


def test_the_fastapi_app_gives_who_is_signed_in_a_secret(emulator: Emulator) -> None:
    app = names_after("from fastapi import")["app"]

    async def with_session(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "session": {"user": "ada"}}, receive, send)

    with served(with_session) as url:
        request = urllib.request.Request(f"{url}/api/chatkit/session", method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert_minted_for_ada(json.load(answer), emulator)


@pytest.mark.filterwarnings("ignore:It is recommended to use web.RequestKey")
def test_the_aiohttp_app_gives_who_is_signed_in_a_secret(emulator: Emulator) -> None:
    from aiohttp import web
    from aiohttp.test_utils import TestClient, TestServer

    @web.middleware
    async def sign_in(request: web.Request, handler: Any) -> web.StreamResponse:
        request["user"] = "ada"
        answer: web.StreamResponse = await handler(request)
        return answer

    async def visit() -> Any:
        app = names_after("from aiohttp import web")["app"]
        app.middlewares.append(sign_in)
        async with TestClient(TestServer(app)) as browser, browser.post("/api/chatkit/session", json={}) as answer:
            return await answer.json()

    assert_minted_for_ada(asyncio.run(visit()), emulator)


def test_the_django_view_gives_who_is_signed_in_a_secret(emulator: Emulator) -> None:
    from django.conf import settings
    from django.test import RequestFactory

    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"])
    names = names_after("from django.urls import")
    [route] = names["urlpatterns"]
    request = RequestFactory().post("/api/chatkit/session", content_type="application/json")
    request.user = SimpleNamespace(get_username=lambda: "ada")
    answer = route.resolve("api/chatkit/session").func(request)
    names["broker"].close()
    assert_minted_for_ada(json.loads(answer.content), emulator)


def assert_minted_for_ada(given: Any, emulator: Emulator) -> None:
    [session] = emulator.sessions()
    assert session["user"] == "ada"
    assert given == {"client_secret": session["client_secret"], "expires_at": session["expires_at"]}


def test_the_celery_task_mints_a_session(emulator: Emulator) -> None:
    names = names_after("Celery(")
    minted = names["mint"].apply(args=("user_7",)).get()
    names["client"].close()
    assert minted["client_secret"] == emulator.sessions()[0]["client_secret"]
