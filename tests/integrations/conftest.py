"""A server for each framework, and the emulator behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chatkit_async.emulator import Emulator

from .serving import KINDS, Served, serving


@pytest.fixture(scope="session", params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    """A framework, and the server its app runs behind."""
    return str(request.param)


@pytest.fixture(scope="session")
def served(kind: str, tmp_path_factory: pytest.TempPathFactory, _emulator_thread: Emulator) -> Iterator[Served]:
    """The app of one framework behind its server; its broker keeps its sessions between tests."""
    with serving(KINDS[kind], tmp_path_factory.mktemp(kind) / "log", _emulator_thread.base_url) as app:
        yield app


@pytest.fixture
def url(served: Served, emulator: Emulator) -> str:
    """The app's URL; the emulator is empty."""
    return served.url
