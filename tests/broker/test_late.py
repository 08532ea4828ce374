"""What the store could not be told is told as soon as it answers again, whether or not anybody calls."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker, MemoryStore, RedisStore
from chatkit_async.emulator import Emulator, Fault

from ..sync.running import printed
from .outages import USER_KEYS, BrokenStore, Link, frozen, remembered
from .redis_server import RedisServer

pytestmark = pytest.mark.usefixtures("short_pause")


@pytest.fixture(autouse=True)
def _tried_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatkit_async.broker.later.PAUSE_S", 0.05)


@pytest.fixture
async def broker(redis_broker: AsyncSessionBroker) -> AsyncSessionBroker:
    return redis_broker


@pytest.fixture
async def other(client: AsyncChatKit, redis_server: RedisServer) -> AsyncIterator[AsyncSessionBroker]:
    """A broker with a memory of its own, as another process has it."""
    async with AsyncSessionBroker(client, workflow="wf_1", store=RedisStore(redis_server.url)) as made:
        yield made


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def statuses(emulator: Emulator) -> list[object]:
    return [session["status"] for session in emulator.sessions()]


def cut_off(client: AsyncChatKit) -> tuple[Link, AsyncSessionBroker]:
    """A way to a store that is down, and a broker that reaches that store."""
    store = MemoryStore()
    link = Link(store)
    link.is_down = True
    return link, AsyncSessionBroker(client, workflow="wf_1", store=store)


async def test_ids_are_written_without_another_call(broker: AsyncSessionBroker, redis_server: RedisServer) -> None:
    redis_server.stop()
    await broker.secret_for("user_1")
    await asyncio.sleep(0.2)  # some attempts are in vain
    redis_server.start()
    await until(lambda: remembered(redis_server) == 1)


async def test_a_revocation_is_written_without_another_call(
    broker: AsyncSessionBroker, other: AsyncSessionBroker, redis_server: RedisServer
) -> None:
    kept = await other.secret_for("user_1")
    with frozen(redis_server):
        assert not (await broker.revoke("user_1")).is_complete
    await until(lambda: "revoked" in redis_server.ask("GET", f"{USER_KEYS}:generation"))
    assert await other.secret_for("user_1") != kept


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_session_whose_user_was_revoked_elsewhere_before_it_was_written_ends(
    client: AsyncChatKit, emulator: Emulator, is_known: bool
) -> None:
    link, elsewhere = cut_off(client)
    async with AsyncSessionBroker(client, workflow="wf_1", store=link) as broker:
        link.is_down = not is_known
        await broker.secret_for("user_1", device="phone")
        link.is_down = True
        live = await broker.secret_for("user_1")
        assert (await elsewhere.revoke("user_1")).is_complete
        link.is_down = False
        await until(lambda: statuses(emulator) == ["cancelled", "cancelled"])
        await until(lambda: not broker._ledger._revoked)
        assert not await elsewhere.owns("user_1", live.session_id)


async def test_a_session_made_after_the_last_revocation_lives_on(
    broker: AsyncSessionBroker, redis_server: RedisServer, emulator: Emulator
) -> None:
    first = await broker.secret_for("user_1")
    await broker.revoke("user_1")
    with frozen(redis_server):
        await broker.secret_for("user_1", current=first.client_secret)
        await broker.revoke("user_1")
        live = await broker.secret_for("user_1")
    await until(lambda: not broker._ledger._unwritten)
    assert await broker.owns("user_1", live.session_id)
    assert statuses(emulator) == ["cancelled", "cancelled", "active"]


async def test_a_session_made_after_a_revocation_the_store_was_told_of_lives_on(
    client: AsyncChatKit, emulator: Emulator
) -> None:
    link, elsewhere = cut_off(client)
    link.is_down = False
    async with AsyncSessionBroker(client, workflow="wf_1", store=link) as broker:
        await broker.secret_for("user_1")
        await broker.revoke("user_1")
        link.is_down = True
        live = await broker.secret_for("user_1")
        link.is_down = False
        await until(lambda: not broker._ledger._unwritten)
    assert await elsewhere.owns("user_1", live.session_id)
    assert statuses(emulator) == ["cancelled", "active"]


async def test_there_is_one_timer_however_much_is_to_be_told(
    client: AsyncChatKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatkit_async.broker.later.PAUSE_S", 3600)
    async with AsyncSessionBroker(client, workflow="wf_1", store=BrokenStore()) as broker:
        timers = set()
        for number in range(5):
            await broker.secret_for(f"user_{number}")
            timers.add(broker._ledger._later._timer)
    assert len(timers) == 1


async def test_a_session_that_then_cannot_be_cancelled_is_logged_and_can_be_revoked(
    client: AsyncChatKit, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    link, elsewhere = cut_off(client)
    async with AsyncSessionBroker(client, workflow="wf_1", store=link) as broker:
        live = await broker.secret_for("user_1")
        await elsewhere.revoke("user_1")
        emulator.add_faults(Fault(path="/cancel", status=401))
        link.is_down = False
        await until(lambda: "AuthenticationError" in caplog.text)
    assert [result.session_id for result in (await elsewhere.revoke("user_1")).sessions] == [live.session_id]
    assert statuses(emulator) == ["cancelled"]


async def test_closing_ends_what_was_revoked_elsewhere_and_leaves_no_task(
    client: AsyncChatKit, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatkit_async.broker.later.PAUSE_S", 3600)
    tasks = asyncio.all_tasks()
    link, elsewhere = cut_off(client)
    async with AsyncSessionBroker(client, workflow="wf_1", store=link) as broker:
        await broker.secret_for("user_1")
        await elsewhere.revoke("user_1")
        link.is_down = False
    assert statuses(emulator) == ["cancelled"]
    assert asyncio.all_tasks() == tasks


async def test_closing_amid_an_attempt_ends_it(
    client: AsyncChatKit, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = asyncio.all_tasks()
    broker = AsyncSessionBroker(client, workflow="wf_1", store=RedisStore(redis_server.url))
    with frozen(redis_server):
        await broker.secret_for("user_1")
        monkeypatch.setattr("chatkit_async.broker.watched_store.ANSWER_S", 60)
        await until(lambda: asyncio.all_tasks() > tasks)
        monkeypatch.setattr("chatkit_async.broker.watched_store.ANSWER_S", 0.1)
        async with asyncio.timeout(20):
            await broker.aclose()
    assert asyncio.all_tasks() == tasks


async def test_a_store_that_stays_down_is_tried_by_one_task_at_a_time_and_by_none_after_closing(
    client: AsyncChatKit,
) -> None:
    tasks = asyncio.all_tasks()
    store = BrokenStore()
    async with AsyncSessionBroker(client, workflow="wf_1", store=store) as broker:
        for number in range(5):
            await broker.secret_for(f"user_{number}")
        asked = store.asked
        await until(lambda: store.asked > asked + 2)
        assert len(asyncio.all_tasks() - tasks) <= 1
    asked = store.asked
    await asyncio.sleep(0.2)
    assert store.asked == asked


# --- programs -------------------------------------------------------------------------------------------------------

BEGIN = """
import asyncio, os, sys, time
from chatkit_async import AsyncChatKit, ChatKit
from chatkit_async.broker import AsyncSessionBroker, RedisStore, SessionBroker, later, watched_store
later.PAUSE_S, watched_store.ANSWER_S, watched_store.PAUSE_S = 0.05, float(os.environ["ANSWER_S"]), 0.0
import logging
logging.disable()
def blocking():
    return SessionBroker(ChatKit(), workflow="wf_1", store=RedisStore(os.environ["REDIS"]))
"""
ENDS = {
    "an unclosed blocking broker": "broker = blocking(); broker.secret_for('user_1'); time.sleep(0.3)",
    "a closed blocking broker": "with blocking() as broker: broker.secret_for('user_1'); time.sleep(0.3)",
    "asyncio.run": """
async def main():
    async with AsyncChatKit() as client:
        await AsyncSessionBroker(client, workflow="wf_1", store=RedisStore(os.environ["REDIS"])).secret_for("user_1")
        await asyncio.sleep(0.3)
asyncio.run(main())
""",
    "a fork": """
broker = blocking()
broker.secret_for('user_1')
time.sleep(0.3)
child = os.fork()
broker.secret_for('user_1')
time.sleep(0.3)
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
""",
}


@pytest.mark.slow
@pytest.mark.parametrize("answer_s", ["0.05", "30"])
@pytest.mark.parametrize("end", ENDS)
def test_a_program_that_ends_during_an_outage_is_silent(
    tmp_path: Path,
    emulator: Emulator,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    end: str,
    answer_s: str,
) -> None:
    monkeypatch.setitem(os.environ, "REDIS", redis_server.url)
    monkeypatch.setitem(os.environ, "ANSWER_S", "0.05")
    text = f"{BEGIN}\n{ENDS[end]}".replace("time.sleep(0.3)", f"watched_store.ANSWER_S = {answer_s}; time.sleep(0.3)")
    redis_server.freeze()
    assert printed(tmp_path, text, emulator=emulator) == ""


@pytest.mark.slow
def test_a_blocking_broker_writes_without_another_call(
    tmp_path: Path, emulator: Emulator, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "REDIS", redis_server.url)
    monkeypatch.setitem(os.environ, "ANSWER_S", "0.5")
    monkeypatch.setitem(os.environ, "REDIS_PID", str(redis_server._process.pid))  # type: ignore[union-attr]
    text = f"""{BEGIN}
import signal
broker = blocking()
broker.secret_for("user_1")
os.kill(int(os.environ["REDIS_PID"]), signal.SIGCONT)
while broker._async._ledger._unwritten:
    time.sleep(0.01)
os._exit(0)
"""
    redis_server.freeze()
    assert printed(tmp_path, text, emulator=emulator) == ""
    assert remembered(redis_server) == 1
