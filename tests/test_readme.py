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
from types import ModuleType
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


def test_the_fastapi_app_gives_browsers_a_secret(emulator: Emulator) -> None:
    with served(names_after("FastAPI(lifespan")["app"]) as url:
        request = urllib.request.Request(f"{url}/api/chatkit/session", method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            given = json.load(answer)
    [session] = emulator.sessions()
    assert given == {"client_secret": session["client_secret"], "expires_at": session["expires_at"]}


def test_the_aiohttp_app_gives_browsers_a_secret(emulator: Emulator) -> None:
    from aiohttp.test_utils import TestClient, TestServer

    async def visit() -> Any:
        app = names_after("web.Application()")["app"]
        async with TestClient(TestServer(app)) as browser, browser.post("/api/chatkit/session") as answer:
            return await answer.json()

    assert asyncio.run(visit())["client_secret"] == emulator.sessions()[0]["client_secret"]


def test_the_celery_task_mints_a_session(emulator: Emulator) -> None:
    names = names_after("Celery(")
    minted = names["mint"].apply(args=("user_7",)).get()
    names["client"].close()
    assert minted["client_secret"] == emulator.sessions()[0]["client_secret"]
