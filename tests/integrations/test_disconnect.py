"""A browser that leaves while its session is created: the creation goes on, and a logout reaches what it made."""

from __future__ import annotations

import socket
import time

import pytest

from chatkit_async.emulator import Emulator, Fault

from .apps.shared import LOGOUT, SESSION
from .fetching import as_user, fetch, users
from .serving import DEADLINE_S, address

pytestmark = pytest.mark.slow

REQUEST = (
    "POST {path} HTTP/1.1\r\nHost: chat.example\r\nContent-Type: application/json\r\n"
    'X-Test-Identity: "{user}"\r\nContent-Length: 2\r\n\r\n{{}}'
)


def creations(emulator: Emulator) -> list[str]:
    """How the requests for sessions have ended so far."""
    return [request.ended for request in emulator.requests() if request.path.endswith("/chatkit/sessions")]


def wait_until_creation(emulator: Emulator, *, has_ended: bool) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not (found := creations(emulator)) or (found == ["pending"]) == has_ended:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def leave_during_creation(url: str, emulator: Emulator, user: str) -> None:
    """Asks for a secret, and closes the connection while the API is still at work."""
    emulator.add_faults(Fault(path="/chatkit/sessions", delay=1))
    with socket.create_connection(address(url)) as browser:
        browser.sendall(REQUEST.format(path=SESSION, user=user).encode())
        wait_until_creation(emulator, has_ended=False)
    wait_until_creation(emulator, has_ended=True)


def test_the_session_is_kept_for_the_next_request(url: str, emulator: Emulator) -> None:
    leave_during_creation(url, emulator, "leaving")
    [session] = emulator.sessions()
    assert fetch(url, headers=as_user("leaving")).json["client_secret"] == session["client_secret"]
    assert users(emulator) == ["leaving"]


def test_a_logout_cancels_the_session(url: str, emulator: Emulator) -> None:
    leave_during_creation(url, emulator, "gone")
    assert fetch(url, LOGOUT, headers=as_user("gone")).headers["X-Test-Complete"] == "True"
    assert [session["status"] for session in emulator.sessions()] == ["cancelled"]
