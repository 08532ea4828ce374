"""Fixtures for what only the async half's tests need."""

from __future__ import annotations

import ssl

import pytest

from .certificate import self_signed


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS context, and a client's that trusts it."""
    return self_signed(tmp_path_factory.mktemp("tls"))
