"""What is kept in memory vanishes when it has expired."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker, MemoryStore
from chatkit_async.broker.expiring import Expiring
from chatkit_async.broker.store import Generations, Minted, Place
from chatkit_async.emulator import Emulator

from ..sync.running import FORK_WARNING, printed


class Clock:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_value_is_there_until_its_time_has_come() -> None:
    clock = Clock()
    values: Expiring[int] = Expiring(clock)
    values.set("a", 1, 10)
    clock.now_s += 9.5
    assert (values.get("a"), values.left_s("a")) == (1, 0.5)
    clock.now_s += 0.5
    assert (values.get("a"), values.left_s("a"), len(values), list(values), values.values()) == (None, 0, 0, [], [])


@pytest.mark.parametrize(("first_s", "second_s"), [(10, 20), (20, 10), (10, 10)])
def test_a_value_set_again_lives_as_long_as_said_last(first_s: float, second_s: float) -> None:
    clock = Clock()
    values: Expiring[int] = Expiring(clock)
    values.set("a", 1, first_s)
    values.set("a", 2, second_s)
    clock.now_s += second_s - 1
    assert values.get("a") == 2
    clock.now_s += 1
    assert values.get("a") is None


def test_it_holds_what_a_plain_model_holds() -> None:
    clock, chance = Clock(), random.Random(5)
    values: Expiring[int] = Expiring(clock)
    model: dict[str, tuple[float, int]] = {}
    for step in range(5000):
        key, lives_s = f"key {chance.randrange(20)}", chance.choice([1, 5, 50])
        if chance.random() < 0.2:
            values.pop(key)
            model.pop(key, None)
        else:
            values.set(key, step, lives_s)
            model[key] = (clock.now_s + lives_s, step)
        clock.now_s += chance.choice([0, 0.5, 3])
        model = {key: entry for key, entry in model.items() if entry[0] > clock.now_s}
        assert values.items() == {key: value for key, (_, value) in model.items()}
    assert len(values._queue) < 500


async def test_a_memory_store_holds_nothing_of_what_has_expired() -> None:
    clock = Clock()
    store = MemoryStore(clock)
    for number in range(1000):
        place = Place(f"user {number}", "device")
        generations = (await store.read(place, "first")).generations
        await store.keep(place, Minted(f"cksess_{number}", 600, generations, "sealed", 540))
        await store.count(place.user, 60)
        await store.lease(place, "me", 15)
    clock.now_s += 3601
    await store.read(Place("somebody", "device"), "first")
    kept = [store._generations, store._records, store._sessions, store._counts, store._leases]
    assert [len(part) for part in kept] == [1, 0, 0, 0, 0]
    assert [len(part._queue) for part in kept] == [1, 0, 0, 0, 0]


async def test_sessions_of_a_user_who_never_rests_do_not_pile_up() -> None:
    clock = Clock()
    store = MemoryStore(clock)
    for number in range(1000):
        clock.now_s += 60
        await store.keep(Place("user", "device"), Minted(f"cksess_{number}", 600, Generations("", "")))
    assert len(await store.sessions("user")) == 10


async def test_a_generation_outlives_the_sessions_made_under_it() -> None:
    clock = Clock()
    store, place = MemoryStore(clock), Place("user", "device")
    generations = (await store.read(place, "first")).generations
    for number in range(10):
        clock.now_s += 3000
        await store.keep(place, Minted(f"cksess_{number}", 600, generations))
    assert (await store.read(place, "second")).generations == generations


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_fork_waits_for_a_thread_that_is_at_the_store(tmp_path: Path) -> None:
    text = """
import asyncio, os, signal, threading
from chatkit_async.broker import MemoryStore
from chatkit_async.broker.locking import lock
held, release = threading.Event(), threading.Event()
def hold():
    with lock:
        held.set()
        release.wait(0.3)
threading.Thread(target=hold).start()
held.wait()
child = os.fork()
if not child:
    signal.alarm(20)
    os._exit(asyncio.run(MemoryStore().count("user", 60), debug=False).number)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert printed(tmp_path, text, warnings=FORK_WARNING) == "1\n"


def test_threads_that_use_a_store_at_once_do_not_disturb_each_other() -> None:
    store, counted = MemoryStore(), Counter[int]()

    async def work() -> None:
        for number in range(300):
            counted[(await store.count("user", 60)).number] += 1
            await store.keep(Place("user", "device"), Minted(f"cksess_{number}", 0.001, Generations("", "")))
            await store.sessions("user")

    threads = [threading.Thread(target=lambda: asyncio.run(work())) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(counted) == list(range(1, 1801))


async def test_a_broker_holds_nothing_of_sessions_that_have_expired(
    client: AsyncChatKit, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("time.monotonic", clock)
    monkeypatch.setattr("chatkit_async.broker.ledger.MemoryStore", lambda: MemoryStore(clock))
    broker = AsyncSessionBroker(client, workflow="wf_1")
    monkeypatch.undo()
    for number in range(50):
        await broker.secret_for(f"user_{number}")
    ledger, shelf = broker._ledger, broker._live.shelf
    kept = [ledger._made, ledger._unwritten, ledger._last_seen, ledger._own._sessions, shelf._records]  # type: ignore[attr-defined]
    assert [len(part) for part in kept] == [50, 0, 50, 50, 50]
    clock.now_s += 3601
    assert [len(part) for part in kept] == [0] * 5
