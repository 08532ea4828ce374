"""Fixtures that only the tests of the async half need."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

import pytest

from .certificate import self_signed

FOLDER = "chatkit_async._async._fast_path"
ABOUT_FAST_PATH = {"test_call_costs.py", "test_fast_path.py", "test_fast_path_wire.py", "test_guard.py"} | {
    "test_instrumentation.py"
}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`--public-way` leaves out the files that are about the fast path alone."""
    return True if config.getoption("public_way") and collection_path.name in ABOUT_FAST_PATH else None


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS context, and one of a client that trusts that server."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def without_fast_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients made in this test find no folder `_fast_path`."""
    monkeypatch.setitem(sys.modules, FOLDER, None)


@pytest.fixture(params=["fast_path", "without_fast_path"])
def both_paths(request: pytest.FixtureRequest) -> None:
    """This test runs with the folder `_fast_path` and without it."""
    request.getfixturevalue(request.param)
