"""What the broker's tests share: a broker on a memory store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker


@pytest.fixture
async def broker(client: AsyncChatKit) -> AsyncIterator[AsyncSessionBroker]:
    async with AsyncSessionBroker(client, workflow="wf_1") as made:
        yield made
