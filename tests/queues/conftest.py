"""A real Redis for the queues."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ..broker.redis_server import PROGRAM, RedisServer


@pytest.fixture
def redis_url() -> Iterator[str]:
    """An empty Redis for one test."""
    with running_redis() as url:
        yield url


@contextmanager
def running_redis() -> Iterator[str]:
    """A Redis on a free port."""
    if PROGRAM is None:
        assert not os.environ.get("CI"), "install redis-server here"
        pytest.skip("needs redis-server (Debian: apt-get install redis-server)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = RedisServer("--bind", "127.0.0.1", "--port", str(port))
    try:
        server.start()
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.close()
