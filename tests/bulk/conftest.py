"""A client that waits little between attempts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatkit_async import AsyncChatKit, RetryPolicy
from chatkit_async.emulator import Emulator

from ..conftest import KEY

QUICK = RetryPolicy(initial_delay_s=0.005, max_delay_s=0.02)


@pytest.fixture
async def client(emulator: Emulator) -> AsyncIterator[AsyncChatKit]:
    async with AsyncChatKit(KEY, base_url=emulator.base_url, retry_policy=QUICK) as made:
        yield made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "threads.chatkit"
