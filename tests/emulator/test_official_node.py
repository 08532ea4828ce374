"""The official Node client works with the emulator as with the API."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chatkit_async.emulator import Emulator, Fault
from tests.emulator.seeds import KINDS, thread, threads

PROGRAM = Path(__file__).parent / "official.mjs"
NPM = shutil.which("npm")
NEWEST_FIRST = [*(f"cthr_{number}" for number in range(44, -1, -1)), "cthr_long"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(NPM is None, reason="npm is not installed"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the official client installed, and the program that uses it."""
    folder = tmp_path_factory.mktemp("node")
    shutil.copy(PROGRAM, folder)
    install = [str(NPM), "install", "--no-audit", "--no-fund", "--prefix", str(folder), "openai"]
    # Node ships its own certificates; this variable adds those that the machine trusts.
    trusted = {"NODE_EXTRA_CA_CERTS": os.environ["SSL_CERT_FILE"]} if "SSL_CERT_FILE" in os.environ else {}
    done = subprocess.run(
        install, capture_output=True, text=True, timeout=240, check=False, env={**os.environ, **trusted}
    )
    if done.returncode != 0:
        pytest.skip(f"npm could not install the official client: {done.stderr[-300:]}")
    return folder


def run(folder: Path, emulator: Emulator, part: str) -> dict[str, Any]:
    """The program's output with an emulator that has threads."""
    emulator.seed(threads=[*threads(45), thread("cthr_long", items=130, user="long", created_at=5)])
    command = ["node", PROGRAM.name, emulator.base_url, part]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def seen(folder: Path) -> dict[str, Any]:
    """The program's output without faults."""
    with Emulator.in_thread(api_keys=["sk-test"]) as emulator:
        return {**run(folder, emulator, "usual"), "sessions": emulator.sessions()}


def test_it_creates_and_cancels_sessions(seen: dict[str, Any]) -> None:
    [session] = seen["sessions"]
    assert seen["created"] == ["chatkit.session", "active", "user_node", session["client_secret"]]
    assert seen["cancelled"] == ["cancelled", "cancelled"]


def test_it_follows_the_pages_of_threads(seen: dict[str, Any]) -> None:
    assert seen["threads"] == NEWEST_FIRST
    assert seen["ascending"] == NEWEST_FIRST[::-1]
    assert seen["of_user"] == [f"cthr_{number}" for number in range(43, 0, -2)]
    assert seen["page"] == [["cthr_39", "cthr_38"], True, "cthr_38"]


def test_it_retrieves_and_deletes_a_thread(seen: dict[str, Any]) -> None:
    assert seen["thread"] == ["Thread 2", "closed", "user_0"]
    assert seen["deleted"] == {"id": "cthr_2", "object": "chatkit.thread.deleted", "deleted": True}


def test_it_follows_the_pages_of_items_of_all_kinds(seen: dict[str, Any]) -> None:
    assert seen["items"] == [f"cthi_{number}" for number in range(130)]
    assert seen["kinds"] == [kind["type"] for kind in KINDS]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("bad", ["BadRequestError", 400, "integer_above_max_value", "limit"]),
        ("bad_body", ["BadRequestError", 400, "string_below_min_length", "user"]),
        ("gone", ["NotFoundError", 404, None, None]),
        ("gone_again", ["NotFoundError", 404, None, None]),
        ("no_session", ["NotFoundError", 404, None, None]),
        ("stranger", ["AuthenticationError", 401, "invalid_api_key", None]),
    ],
)
def test_it_raises_its_errors(seen: dict[str, Any], call: str, error: list[Any]) -> None:
    assert seen[call] == [*error, "string"]


def test_it_retries_after_a_429(folder: Path) -> None:
    with Emulator.in_thread(api_keys=["sk-test"]) as emulator:
        emulator.add_faults(Fault(method="GET", status=429, headers={"retry-after-ms": "10"}, times=3))
        seen = run(folder, emulator, "limited")
        assert seen["refused"] == ["RateLimitError", 429, "rate_limit_exceeded", None, "string"]
        assert seen["threads"] == NEWEST_FIRST
        assert len(emulator.requests()) == 4
