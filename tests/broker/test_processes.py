"""What holds among real processes that share a Redis: the promises of the broker as a whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from chatkit_async.broker import AsyncSessionBroker
from chatkit_async.emulator import Emulator, Fault

from ..sync.running import CHECKOUT, eventually
from .redis_server import RedisServer

pytestmark = pytest.mark.slow

SHARE = Fernet.generate_key().decode()
LEASE_S = 3.0

# Says when it is ready, waits for a line so that all begin together, prints the ids of the sessions it was handed.
WORKER = """
import asyncio, os, sys
from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker, RedisStore

async def main():
    keys = [os.environ["SHARE"]] if os.environ.get("SHARE") else None
    store = RedisStore(os.environ["REDIS"])
    async with AsyncChatKit() as client:
        async with AsyncSessionBroker(
            client, workflow="wf_1", store=store, share_secrets=keys, lease_s=float(os.environ["LEASE_S"])
        ) as broker:
            print("ready", flush=True)
            for line in sys.stdin:
                lives = await asyncio.gather(*(broker.secret_for("user_1") for _ in range(int(line))))
                print(*{live.session_id for live in lives}, flush=True)

asyncio.run(main())
"""


class Worker:
    """A process with a broker."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def begin(self, times: int) -> None:
        """Has it request a secret so many times at once."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{times}\n")
        self.process.stdin.flush()

    def line(self) -> set[str]:
        """The words of its next line: first `ready`, then the ids of the sessions that it was handed."""
        assert self.process.stdout is not None
        text = self.process.stdout.readline()
        assert text, f"the worker ended with {self.process.wait(10)}"
        return set(text.split())


@contextmanager
def worker(folder: Path, emulator: Emulator, redis_server: RedisServer, *, share: str) -> Iterator[Worker]:
    program = folder / "worker.py"
    program.write_text(WORKER, encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT),
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": emulator.base_url,
        "REDIS": redis_server.url,
        "SHARE": share,
        "LEASE_S": str(LEASE_S),
    }
    process = subprocess.Popen(
        [sys.executable, "-W", "error", str(program)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        try:
            yield Worker(process)
        finally:
            process.kill()


@contextmanager
def workers(
    count: int, folder: Path, emulator: Emulator, redis_server: RedisServer, *, share: str = SHARE
) -> Iterator[list[Worker]]:
    with ExitStack() as stack:
        started = [stack.enter_context(worker(folder, emulator, redis_server, share=share)) for _ in range(count)]
        for process in started:  # They start at the same time.
            assert process.line() == {"ready"}
        yield started


def requested_together(processes: list[Worker], times: int) -> list[set[str]]:
    for process in processes:
        process.begin(times)
    return [process.line() for process in processes]


def test_200_requests_on_four_processes_that_share_make_exactly_one_session(
    tmp_path: Path, emulator: Emulator, redis_server: RedisServer
) -> None:
    emulator.add_faults(Fault(path="/chatkit/sessions", delay=0.2))
    with workers(4, tmp_path, emulator, redis_server) as processes:
        found = requested_together(processes, 50)
    assert len(emulator.sessions()) == 1
    assert found == [{emulator.sessions()[0]["id"]}] * 4


def test_after_a_kill_of_the_creating_process_the_next_caller_succeeds_within_the_lease(
    tmp_path: Path, emulator: Emulator, redis_server: RedisServer
) -> None:
    emulator.add_faults(Fault(path="/chatkit/sessions", delay=60))
    with workers(2, tmp_path, emulator, redis_server) as (doomed, other):
        doomed.begin(1)
        eventually(emulator.requests, "the creation to begin")
        doomed.process.send_signal(signal.SIGKILL)
        doomed.process.wait(10)
        other.begin(20)
        assert len(other.line()) == 1
    assert len(emulator.requests()) == 2


def test_processes_that_do_not_share_make_one_session_each_and_another_one_revokes_them(
    tmp_path: Path, emulator: Emulator, redis_server: RedisServer
) -> None:
    with workers(2, tmp_path, emulator, redis_server, share="") as processes:
        first = requested_together(processes, 50)
        assert [len(ids) for ids in first] == [1, 1]
        before = set.union(*first)
        assert len(before) == 2
        revoked = revoke(tmp_path, emulator, redis_server)
        after = set.union(*requested_together(processes, 1))
    assert revoked == before
    assert before.isdisjoint(after)
    assert {session["id"] for session in emulator.sessions() if session["status"] == "active"} == after


async def test_what_redis_holds_names_no_user_and_vanishes(
    redis_broker: AsyncSessionBroker, redis_server: RedisServer
) -> None:
    await redis_broker.secret_for("user_1")
    held = [key for key in redis_server.ask("KEYS", "*").split() if key.startswith("chatkit")]
    assert held
    assert [key for key in held if "user_1" in key or not key.startswith("chatkit-async:")] == []
    assert all(0 < int(redis_server.ask("PTTL", key)) <= 3_600_000 for key in held)


def revoke(folder: Path, emulator: Emulator, redis_server: RedisServer) -> set[str]:
    """The ids that a third process, which created none of them, revokes."""
    program = """
import os
from chatkit_async import ChatKit
from chatkit_async.broker import RedisStore, SessionBroker
with ChatKit() as client, SessionBroker(client, workflow="wf_1", store=RedisStore(os.environ["REDIS"])) as broker:
    revocation = broker.revoke("user_1")
    assert revocation.is_complete
    print(*(result.session_id for result in revocation.sessions))
"""
    environment = {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT),
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": emulator.base_url,
        "REDIS": redis_server.url,
    }
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=40, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.split())
