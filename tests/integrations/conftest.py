"""A server for each framework, and the emulator behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chatkit_async.emulator import Emulator

from .serving import KINDS, Served, serving


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "decided_by_core(name): see `each_value` in tests/integrations/serving.py")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    repeats = [item for item in items if is_repeat(item)]
    config.hook.pytest_deselected(items=repeats)
    kept = set(items).difference(repeats)
    items[:] = [item for item in items if item in kept]


def is_repeat(item: pytest.Item) -> bool:
    """Whether the test tries a value behind another framework that the first framework has been tried with."""
    marker = item.get_closest_marker("decided_by_core")
    if marker is None or not isinstance(item, pytest.Function):
        return False
    return item.callspec.params["kind"] != next(iter(KINDS)) and item.callspec.indices[marker.args[0]] > 0


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
