"""A server for each framework, and what the tests ask it."""

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
    """The app of one framework behind its server, pointed at the emulator. What it has minted, it remembers."""
    with serving(KINDS[kind], tmp_path_factory.mktemp(kind) / "log", _emulator_thread.base_url) as app:
        yield app


@pytest.fixture
def url(served: Served, emulator: Emulator) -> str:
    """Where it is; the emulator as if new."""
    return served.url
