"""How the generator writes the twin of a class that works through a client."""

from __future__ import annotations

import pytest

from chatkit_async._sync.blocking import module
from chatkit_async._sync.source import Source
from chatkit_async._sync.twins import TWINS, Twin

COUNTERS = '''"""Counting."""

from __future__ import annotations

from .._async.client import AsyncChatKit


class AsyncCounter:
    """Counts with `AsyncChatKit`."""

    def __init__(self, client: AsyncChatKit, start: int, *, current: str | None = None) -> None:
        self._client = client

    async def count(self, *, current: str) -> int:
        """How many."""
        return 1

    async def aclose(self) -> None:
        """Stop."""
'''

BLOCKING_COUNTERS = '''# Generated from chatkit_async/broker/counter.py by `python -m chatkit_async._sync.generate`.
# Edit that file and generate again: changes made here are lost.
"""Counting."""

from __future__ import annotations

from .._sync.client import ChatKit
from .._sync.guest import GuestChannel, async_half
from ..types.secret import as_secret
from .counter import AsyncCounter


class Counter:
    """Counts with `ChatKit`."""

    def __init__(self, client: ChatKit, start: int, *, current: str | None = None) -> None:
        current = as_secret(current)
        self._async = AsyncCounter(async_half(client, "Counter"), start, current=current)
        self._channel = GuestChannel(client, self._async.aclose, "Counter")

    def count(self, *, current: str) -> int:
        """How many."""
        current = as_secret(current)
        return self._channel.call(self._async.count, current=current)

    def close(self) -> None:
        """Stop."""
        self._channel.close()
'''


def test_a_guests_init_takes_the_blocking_client_and_passes_its_async_half_on(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = Twin("broker/counter.py", "broker/_counter.py", "AsyncCounter", "guest")
    monkeypatch.setattr("chatkit_async._sync.blocking.TWINS", (*TWINS, twin))
    assert module(Source(twin.source, COUNTERS), twin) == BLOCKING_COUNTERS
