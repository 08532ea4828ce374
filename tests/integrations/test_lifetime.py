"""The client and the broker live and die with the app, behind a real server of each kind."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from chatkit_async.emulator import Emulator

from .counting import counted
from .fetching import as_user, fetch, users
from .serving import KINDS, address, serving

pytestmark = pytest.mark.slow

HALF_A_REQUEST = (
    b"POST /api/chatkit/session HTTP/1.1\r\nHost: chat.example\r\nContent-Type: application/json\r\n"
    b'X-Test-Identity: "leaving"\r\nContent-Length: 100\r\n\r\n{"currentClientSecret":'
)
ONE_BY_ONE = [f"visitor_{number}" for number in range(30)]
AT_ONCE = [f"other_{number}" for number in range(30)]


def visit_at_once(url: str, visitors: list[str]) -> list[int]:
    """The statuses of requests that are sent at the same time."""
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda visitor=visitor: statuses.append(fetch(url, headers=as_user(visitor)).status))
        for visitor in visitors
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def test_requests_share_a_pooled_connection_and_nothing_is_printed_until_the_clean_end(
    kind: str, tmp_path: Path, emulator: Emulator
) -> None:
    with counted(emulator.base_url) as wire, serving(KINDS[kind], tmp_path / "log", wire.base_url) as app:
        for _ in range(3):
            with socket.create_connection(address(app.url)) as leaving:
                leaving.sendall(HALF_A_REQUEST)
        for visitor in ONE_BY_ONE:
            assert fetch(app.url, headers=as_user(visitor)).status == 200
        assert users(emulator) == ONE_BY_ONE
        assert wire.connections == 1
        assert visit_at_once(app.url, AT_ONCE) == [200] * len(AT_ONCE)
        assert sorted(users(emulator)) == sorted(ONE_BY_ONE + AT_ONCE)
        assert app.stopped() == (KINDS[kind].exit_code, "")


@pytest.mark.parametrize("kind", ["starlette", "aiohttp", "flask"], indirect=True)
def test_an_app_without_any_request_ends_cleanly(kind: str, tmp_path: Path, emulator: Emulator) -> None:
    with serving(KINDS[kind], tmp_path / "log", emulator.base_url) as app:
        assert fetch(app.url, "/").status == 404
        assert app.stopped() == (KINDS[kind].exit_code, "")
