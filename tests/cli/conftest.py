"""What the tests of the command line share: an emulator, and the environment that leads to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chatkit_async.emulator import Emulator

KEY = "sk-test-key-0123456789"


@pytest.fixture(scope="session")
def _emulator_with_key() -> Iterator[Emulator]:
    with Emulator.in_thread(api_keys=[KEY]) as running:
        yield running


@pytest.fixture
def emulator(_emulator_with_key: Emulator) -> Emulator:
    """A server as if new for each test, which accepts KEY alone."""
    _emulator_with_key.reset()
    return _emulator_with_key


@pytest.fixture
def env(emulator: Emulator) -> dict[str, str]:
    return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": emulator.base_url}
