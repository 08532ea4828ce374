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
VISITORS = [f"visitor_{number}" for number in range(30)]


def test_thirty_requests_use_one_pooled_connection_and_the_end_is_clean(
    kind: str, tmp_path: Path, emulator: Emulator
) -> None:
    with counted(emulator.base_url) as wire, serving(KINDS[kind], tmp_path / "log", wire.base_url) as app:
        for visitor in VISITORS:
            assert fetch(app.url, headers=as_user(visitor)).status == 200
        assert users(emulator) == VISITORS
        assert wire.connections == 1
        assert app.stopped() == (KINDS[kind].exit_code, "")


def test_thirty_requests_at_once_all_get_a_secret(kind: str, tmp_path: Path, emulator: Emulator) -> None:
    statuses: list[int] = []
    with serving(KINDS[kind], tmp_path / "log", emulator.base_url) as app:

        def visit(visitor: str) -> None:
            statuses.append(fetch(app.url, headers=as_user(visitor)).status)

        threads = [threading.Thread(target=visit, args=(visitor,)) for visitor in VISITORS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * len(VISITORS)
        assert sorted(users(emulator)) == sorted(VISITORS)
        assert app.stopped() == (KINDS[kind].exit_code, "")


def test_a_request_that_breaks_off_prints_nothing(kind: str, tmp_path: Path, emulator: Emulator) -> None:
    with serving(KINDS[kind], tmp_path / "log", emulator.base_url) as app:
        for _ in range(3):
            with socket.create_connection(address(app.url)) as leaving:
                leaving.sendall(HALF_A_REQUEST)
        assert fetch(app.url, headers=as_user("ada")).status == 200
        assert users(emulator) == ["ada"]
        assert app.stopped() == (KINDS[kind].exit_code, "")


def test_an_app_without_any_request_ends_cleanly(kind: str, tmp_path: Path, emulator: Emulator) -> None:
    with serving(KINDS[kind], tmp_path / "log", emulator.base_url) as app:
        assert fetch(app.url, "/").status == 404
        assert app.stopped() == (KINDS[kind].exit_code, "")
