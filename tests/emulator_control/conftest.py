"""Fixtures: an emulator, and for tests of the page a client and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chatkit_async import ChatKit
from chatkit_async.emulator import Emulator
from tests.emulator_control.browsing import address, browsing, tab


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator.in_thread() as running:
        yield running


@pytest.fixture
def client(emulator: Emulator) -> Iterator[ChatKit]:
    # The browser's driver keeps an event loop running in this thread.
    with ChatKit("sk-test", base_url=emulator.base_url, in_event_loop="allow", max_retries=0) as made:
        yield made


@pytest.fixture(scope="module")  # the browser's event loop would stop async tests of other modules
def browser() -> Iterator[Any]:
    with browsing() as running:
        yield running


@pytest.fixture
def complaints() -> list[str]:
    """Errors that a test expects in the console; any other fails it."""
    return []


@pytest.fixture
def page(browser: Any, emulator: Emulator, complaints: list[str]) -> Iterator[Any]:
    """The inspector of the emulator."""
    reported: list[str] = []
    with tab(browser, reported) as opened:
        opened.goto(address(emulator))
        yield opened
    assert [complaint for complaint in reported if not any(known in complaint for known in complaints)] == []
