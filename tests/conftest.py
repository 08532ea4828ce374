"""What tests share: a local server, and clients pointed at it."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator

import pytest

from chatkit_async import AsyncChatKit
from chatkit_async.emulator import Emulator

from .examples import FEW

KEY = "sk-test-0123456789abcdef"

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a background job ignores Ctrl-C, and passes that on
    signal.signal(signal.SIGINT, signal.default_int_handler)

gc.disable()  # while tests are collected: thousands of objects are made, and all of them stay


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--public-way", action="store_true", help="without chatkit_async/_async/_fast_path")


def pytest_configure(config: pytest.Config) -> None:
    if "not slow" in config.getoption("markexpr"):
        os.environ[FEW] = "1"
    if config.getoption("public_way", default=False):
        sys.modules["chatkit_async._async._fast_path"] = None  # type: ignore[assignment] - to import it is an error


def pytest_collection_finish() -> None:
    """Leave the collected tests out of garbage collections: many tests start one, and it took 0.3 s each."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def _emulator_thread() -> Iterator[Emulator]:
    with Emulator.in_thread() as emulator:
        yield emulator


@pytest.fixture
def emulator(_emulator_thread: Emulator) -> Emulator:
    """A server of its own thread, as if new for each test."""
    _emulator_thread.reset()
    return _emulator_thread


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the environment variables of the machine."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def fast_path(pytestconfig: pytest.Config) -> None:
    """This test needs the folder `_fast_path`, which `--public-way` leaves out."""
    if pytestconfig.getoption("public_way"):
        pytest.skip("needs the fast path")


@pytest.fixture
async def client(emulator: Emulator) -> AsyncIterator[AsyncChatKit]:
    """The async client, pointed at the server."""
    async with AsyncChatKit(KEY, base_url=emulator.base_url) as made:
        yield made
