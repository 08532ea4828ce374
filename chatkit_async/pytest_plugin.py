"""Fixtures for tests of code that uses ChatKit: the emulator, and clients pointed at it.

pytest imports this module in every run where the package is installed, so the fixtures import what is slow to import.
`-p no:chatkit_async` switches the plugin off.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from chatkit_async import AsyncChatKit, ChatKit
    from chatkit_async.emulator import Emulator

KEY: Final = "sk-emulator"  # the emulator accepts any key, and no other server accepts this one


@pytest.fixture(scope="session")
def _chatkit_emulator_of_the_session() -> Generator[Emulator]:
    from chatkit_async.emulator import Emulator  # noqa: PLC0415

    with Emulator.in_thread() as emulator:
        yield emulator


@pytest.fixture
def chatkit_emulator(_chatkit_emulator_of_the_session: Emulator) -> Emulator:
    """A ChatKit server on this machine, reset before each test: `base_url`, `seed`, `add_faults`, `requests` ...

    It runs in its own thread for the whole test session (under pytest-xdist one in each worker), and accepts any key.
    """
    _chatkit_emulator_of_the_session.reset()
    return _chatkit_emulator_of_the_session


@pytest.fixture
def chatkit(chatkit_emulator: Emulator) -> Generator[ChatKit]:
    """A blocking client, pointed at `chatkit_emulator` and closed after the test."""
    from chatkit_async import ChatKit  # noqa: PLC0415

    with ChatKit(KEY, base_url=chatkit_emulator.base_url) as client:
        yield client


@pytest.fixture
def async_chatkit(chatkit_emulator: Emulator) -> Generator[AsyncChatKit]:
    """An async client, pointed at `chatkit_emulator` and closed after the test.

    An `async def` test needs a plugin that runs it in an asyncio event loop: pytest-asyncio, or anyio's with its
    asyncio backend. A plain test can use `asyncio.run`.
    """
    from chatkit_async import AsyncChatKit  # noqa: PLC0415

    client = AsyncChatKit(KEY, base_url=chatkit_emulator.base_url)
    yield client
    _close(client)


@pytest.fixture
def chatkit_env(chatkit_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """`chatkit_emulator`, with OPENAI_BASE_URL and OPENAI_API_KEY set to it for the test.

    For code that makes its own clients, and for programs that it starts.
    """
    monkeypatch.setenv("OPENAI_BASE_URL", chatkit_emulator.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return chatkit_emulator


def _close(client: AsyncChatKit) -> None:
    import asyncio  # noqa: PLC0415
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    # In another thread, because this one may have an event loop of the test. A loop that used the client closes its own
    # connections when it ends, or when it runs again.
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, client.aclose()).result()
