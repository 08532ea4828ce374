"""`MemoryStore`: bounded work and memory, threads, forks, and the warning among several workers."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker, MemoryStore
from chatkit_async.broker._clock import FREED_PER_CALL, Expiring
from chatkit_async.broker._memory_store import sign_of_workers
from chatkit_async.broker._resilient_store import ResilientStore
from chatkit_async.broker._session_request import digest
from chatkit_async.broker._user_record import Creation, Place, loads
from chatkit_async.emulator import Emulator

from ..sync.running import CHECKOUT, printed
from .failures import begin
from .outages import MovedClock, warnings


async def test_a_call_after_many_sessions_ended_frees_a_few_of_them() -> None:
    now_s = 0.0
    store = MemoryStore(clock=lambda: now_s)
    for number in range(5000):
        assert await store.swap(f"user {number}", b"", b"value")
    now_s = 5000
    assert await store.swap("user 5000", b"", b"value")
    assert len(store._values) == 5001 - FREED_PER_CALL
    for number in range(5001, 5001 + 5000 // (FREED_PER_CALL - 1)):
        assert await store.swap(f"user {number}", b"", b"value")
    assert len(store._values) < 1000 + 5000 // FREED_PER_CALL  # so that memory shrinks


async def test_a_broker_holds_nothing_of_users_that_stay_away(client: AsyncChatKit, clock: MovedClock) -> None:
    store = MemoryStore()
    broker = AsyncSessionBroker(client, workflow="wf_1", store=store)
    for number in range(30):
        await broker.secret_for(f"user_{number}")
    clock.ahead_s = 4000
    for number in range(10):
        await broker.secret_for(f"other_{number}")
    with_state = 10 + 1
    assert len(store._values) == len(broker._store._known) == with_state
    assert len(broker._secrets._secrets) == 10


async def test_sessions_of_a_user_that_never_rests_do_not_pile_up(client: AsyncChatKit, clock: MovedClock) -> None:
    store = MemoryStore()
    broker = AsyncSessionBroker(client, workflow="wf_1", store=store)
    for _ in range(40):
        live = await broker.secret_for("user_1")
        await broker.secret_for("user_1", current=live.client_secret)
        clock.ahead_s += 61
    value, _ = await store.get(digest("user", "user_1"))
    assert len(loads(value).sessions) <= 22  # two a minute, for ten minutes


def test_an_entry_that_is_set_again_lives_until_its_last_end() -> None:
    now_s = 0.0
    entries: Expiring[str, int] = Expiring(lambda: now_s)
    entries.set("a", 1, 10)
    entries.set("a", 2, 20)
    entries.pop("b")
    now_s = 15
    entries.set("b", 3, 16)
    assert (entries.get("a"), entries.get("b")) == (2, 3)
    entries.pop("a")
    entries.set("a", 4, 40)
    now_s = 25
    entries.set("c", 5, 30)
    assert (entries.get("a"), entries.get("b"), entries.get("c")) == (4, None, 5)
    now_s = 50
    for key in "xyz":
        entries.set(key, 0, 60)
    assert len(entries) == 3


def test_threads_that_use_a_store_at_once_do_not_disturb_each_other() -> None:
    store, begun = ResilientStore(MemoryStore()), []

    async def work(thread: int) -> None:
        for number in range(300):
            place = Place("user", f"device {number}", f"device {number}.settings")
            creation = Creation(place, f"{thread} {number}", 60, is_shared=True)
            begun.append((number, await begin(store, creation)))

    threads = [threading.Thread(target=lambda number=number: asyncio.run(work(number))) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(number for number, status in begun if status == "go") == list(range(300))
    assert len(begun) == 1800


FORK_WARNING = "ignore:This process:DeprecationWarning"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_fork_waits_for_a_thread_that_holds_the_lock(tmp_path: Path) -> None:
    text = """
import asyncio, os, signal, threading
from chatkit_async.broker import MemoryStore
from chatkit_async.broker._clock import memory_lock
held, release = threading.Event(), threading.Event()
def hold():
    with memory_lock:
        held.set()
        release.wait(0.3)
threading.Thread(target=hold).start()
held.wait()
child = os.fork()
if not child:
    signal.alarm(20)
    os._exit(asyncio.run(MemoryStore().swap("user", b"", b"value"), debug=False) is not True)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert printed(tmp_path, text, warnings=FORK_WARNING) == "0\n"


# --- several workers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "environment", "is_one_of_several"),
    [
        ("python app.py", {}, False),
        ("python app.py --workers 4", {}, False),
        ("python app.py", {"WEB_CONCURRENCY": "4"}, True),
        ("python app.py", {"WEB_CONCURRENCY": "1"}, False),
        ("python app.py", {"WEB_CONCURRENCY": "many"}, False),
        ("/venv/bin/python /venv/bin/uvicorn app:app --workers 4", {}, True),
        ("/venv/bin/python /venv/bin/uvicorn app:app --workers=4", {}, True),
        ("python -m uvicorn app:app --workers 1", {"WEB_CONCURRENCY": "4"}, False),
        ("python -m uvicorn app:app --reload", {}, False),
        ("/venv/bin/python /venv/bin/gunicorn -w 4 app:app", {}, True),
        ("/venv/bin/python /venv/bin/gunicorn app:app -w2", {}, True),
        ("/venv/bin/python /venv/bin/gunicorn app:app", {}, False),
        ("/venv/bin/python /venv/bin/gunicorn app:app", {"GUNICORN_CMD_ARGS": "--workers=3"}, True),
        ("/venv/bin/python /venv/bin/gunicorn -c conf.py app:app", {}, True),
        ("python serve.py", {"SERVER_SOFTWARE": "gunicorn/23.0"}, False),
    ],
)
def test_several_workers_are_seen_by_command_line_and_environment(
    command: str, environment: dict[str, str], is_one_of_several: bool
) -> None:
    assert (sign_of_workers(command.split(), environment) is not None) == is_one_of_several


async def test_among_several_workers_a_memory_store_warns_once_and_no_revocation_is_complete(
    client: AsyncChatKit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    async with AsyncSessionBroker(client, workflow="wf_1") as broker:
        await broker.start()
        [text] = warnings(caplog)
        assert "MemoryStore in one of several workers (WEB_CONCURRENCY, 4 workers)" in text
        assert "RedisStore" in text
        await broker.secret_for("user_1")
        revocation = await broker.revoke("user_1")
        assert (len(revocation.sessions), revocation.is_complete) == (1, False)
        assert len(warnings(caplog)) == 1


APP = """
from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker
broker = AsyncSessionBroker(AsyncChatKit(), workflow="wf_1")
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return
    await broker.secret_for("user_1")
    body = str((await broker.revoke("user_1")).is_complete).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
"""

WSGI_APP = """
from chatkit_async import ChatKit
from chatkit_async.broker import SessionBroker
broker = SessionBroker(ChatKit(), workflow="wf_1")
def app(environ, start_response):
    broker.secret_for("user_1")
    start_response("200 OK", [])
    return [str(broker.revoke("user_1").is_complete).encode()]
"""


@contextmanager
def served(folder: Path, emulator: Emulator, *command: str) -> Iterator[str]:
    """The URL of the app under a real server, ended with its workers."""
    (folder / "worked_app.py").write_text(WSGI_APP if command[0] == "gunicorn" else APP)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{CHECKOUT}{os.pathsep}{folder}",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": emulator.base_url,
    }
    words = [sys.executable, "-m", *(word.format(port=port) for word in command)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(words, env=environment, cwd=folder, stderr=log, stdout=log, start_new_session=True)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def fetched(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline_s = time.monotonic() + 30
    while True:
        try:
            with opener.open(url, timeout=20) as response:
                return str(response.read().decode())
        except OSError:
            assert time.monotonic() < deadline_s, url
            time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.parametrize(
    "server", ["uvicorn worked_app:app --port {port}", "gunicorn worked_app:app -b 127.0.0.1:{port}"]
)
def test_real_workers_know_that_they_are_several(tmp_path: Path, emulator: Emulator, server: str) -> None:
    with served(tmp_path, emulator, *server.split(), "--workers", "2") as url:
        assert fetched(url) == "False"
    assert "MemoryStore in one of several workers" in (tmp_path / "log").read_text()
