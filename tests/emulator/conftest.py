from collections.abc import AsyncIterator

import pytest

from chatkit_async.emulator import Emulator


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator() as running:
        yield running


@pytest.fixture
def base_url(emulator: Emulator) -> str:
    return emulator.base_url
