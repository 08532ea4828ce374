"""What the tests of the blocking half share: an emulator, a client that talks to it, a channel to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from chatkit_async import ChatKit
from chatkit_async._sync.channel import Channel
from chatkit_async.emulator import Emulator

# The wheel does not hold the generator.
collect_ignore = [] if find_spec("chatkit_async._sync.generator") else ["generator"]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator.in_thread() as running:
        yield running


@pytest.fixture
def client(emulator: Emulator) -> Iterator[ChatKit]:
    with ChatKit("sk-test", base_url=emulator.base_url) as client:
        yield client


@pytest.fixture
def channel() -> Iterator[Channel]:
    channel = Channel(nothing, name="ChatKit")
    yield channel
    channel.close()


async def nothing() -> None:
    pass
