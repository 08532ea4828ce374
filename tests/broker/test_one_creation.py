"""One creation at a time for a user and device, shared by all who wait for it, in one process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from chatkit_async import APITimeoutError, AsyncChatKit, BadRequestError, MintingLimitError
from chatkit_async.broker import AsyncSessionBroker
from chatkit_async.broker.flight import Beat, Flight, Flights, Outcome
from chatkit_async.broker.record import Record
from chatkit_async.broker.store import Generations
from chatkit_async.broker.template import Asked
from chatkit_async.emulator import Emulator, Fault

from ..conftest import KEY


async def asked(emulator: Emulator, times: int = 1) -> None:
    """Waits until the emulator was asked so often."""
    async with asyncio.timeout(20):
        while len(emulator.requests()) < times:
            await asyncio.sleep(0.005)


async def test_many_who_ask_at_once_share_one_session(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    lives = await asyncio.gather(*(broker.secret_for("user_1") for _ in range(200)))
    assert len(set(lives)) == 1
    assert len(emulator.sessions()) == 1


async def test_users_and_devices_do_not_wait_for_each_other(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=30))
    slow = asyncio.create_task(broker.secret_for("user_1"))
    await asked(emulator)
    await broker.secret_for("user_2")
    await broker.secret_for("user_1", device="phone")
    assert not slow.done()
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow


async def test_many_who_have_the_live_secret_share_one_new_session(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    first = await broker.secret_for("user_1")
    lives = await asyncio.gather(*(broker.secret_for("user_1", current=first.client_secret) for _ in range(50)))
    assert len(set(lives)) == 1
    assert first not in lives
    assert len(emulator.sessions()) == 2


async def test_an_error_reaches_every_waiter_once_and_is_not_remembered(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(status=400, delay=0.2))
    calls = [asyncio.create_task(broker.secret_for("user_1")) for _ in range(20)]
    errors = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(error) for error in errors] == [BadRequestError] * 20
    assert len({id(error) for error in errors}) == 20
    assert {str(error) for error in errors} == {str(errors[0])}
    assert len(emulator.requests()) == 1
    await broker.secret_for("user_1")
    assert len(emulator.sessions()) == 1


async def test_when_the_creator_is_cancelled_the_next_who_waits_takes_over(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(delay=30))
    creator = asyncio.create_task(broker.secret_for("user_1"))
    await asked(emulator)
    waiting = [asyncio.create_task(broker.secret_for("user_1")) for _ in range(20)]
    await asyncio.sleep(0)
    creator.cancel()
    async with asyncio.timeout(10):  # far less than the lease, and than the delay
        lives = await asyncio.gather(*waiting)
    assert creator.cancelled()
    assert len(set(lives)) == 1
    assert len(emulator.requests()) == 2


async def test_who_waits_may_be_cancelled_without_harm_to_the_others(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(delay=0.3))
    calls = [asyncio.create_task(broker.secret_for("user_1")) for _ in range(5)]
    await asked(emulator)
    calls[2].cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(results[2], asyncio.CancelledError)
    assert len({result for number, result in enumerate(results) if number != 2}) == 1


async def test_a_broker_works_after_a_creator_was_cancelled_alone(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(delay=30))
    creator = asyncio.create_task(broker.secret_for("user_1"))
    await asked(emulator)
    creator.cancel()
    async with asyncio.timeout(10):
        await broker.secret_for("user_1")


async def test_who_comes_to_make_a_session_just_after_another_did_takes_that_one(
    broker: AsyncSessionBroker, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = broker._creation.made

    async def late(asked: Asked, began: Generations) -> Record:
        monkeypatch.undo()
        await broker.secret_for("user_1")  # in another thread, between the look and the creation
        return await made(asked, began)

    monkeypatch.setattr(broker._creation, "made", late)
    await broker.secret_for("user_1")
    assert len(emulator.sessions()) == 1


def in_threads(work: Callable[[], object], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


def test_event_loops_in_several_threads_share_one_session(emulator: Emulator) -> None:
    client = AsyncChatKit(KEY, base_url=emulator.base_url)
    broker = AsyncSessionBroker(client, workflow="wf_1", lease_s=600)
    emulator.add_faults(Fault(delay=0.3))
    together = threading.Barrier(8)
    found = []

    async def ask() -> None:
        together.wait(20)
        async with asyncio.timeout(20):  # far less than the lease
            found.extend(await asyncio.gather(*(broker.secret_for("user_1") for _ in range(10))))

    in_threads(lambda: asyncio.run(ask()), 8)
    assert len(found) == 80
    assert len(set(found)) == 1
    assert len(emulator.sessions()) == 1


def test_an_error_reaches_the_waiters_of_other_loops(emulator: Emulator) -> None:
    client = AsyncChatKit(KEY, base_url=emulator.base_url)
    broker = AsyncSessionBroker(client, workflow="wf_1", lease_s=600)
    emulator.add_faults(Fault(status=400, delay=0.5))
    together, found = threading.Barrier(4), []

    async def ask() -> None:
        together.wait(20)
        try:
            async with asyncio.timeout(20):  # far less than the lease
                await broker.secret_for("user_1")
        except BadRequestError as error:
            found.append(error)

    in_threads(lambda: asyncio.run(ask()), 4)
    assert len({id(error) for error in found}) == 4
    assert len(emulator.requests()) == 1


def test_loops_that_come_one_after_another_share_one_session(emulator: Emulator) -> None:
    client = AsyncChatKit(KEY, base_url=emulator.base_url)
    broker = AsyncSessionBroker(client, workflow="wf_1")
    assert len({asyncio.run(broker.secret_for("user_1")) for _ in range(3)}) == 1


async def test_a_creator_whose_loop_has_died_blocks_nobody_longer_than_the_lease() -> None:
    flights: Flights[str] = Flights(lease_s=0.2)
    loop = asyncio.new_event_loop()

    async def never() -> str:
        await asyncio.Event().wait()
        return "never"

    lost = flights.share("key", lambda beat: never())
    task = loop.create_task(lost)
    await asyncio.to_thread(loop.run_until_complete, asyncio.sleep(0))

    async def found() -> str:
        return "found"

    async with asyncio.timeout(20):
        assert await flights.share("key", lambda beat: found()) == "found"
    task.cancel()
    await asyncio.to_thread(loop.run_until_complete, asyncio.gather(task, return_exceptions=True))
    loop.close()


async def test_a_creator_that_beats_is_waited_for() -> None:
    flights: Flights[str] = Flights(lease_s=0.2)
    made = []

    async def slow(beat: Callable[[], None]) -> str:
        for _ in range(10):
            await asyncio.sleep(0.05)
            beat()
        made.append("slow")
        return "slow"

    found = await asyncio.gather(*(flights.share("key", slow) for _ in range(3)))
    assert found == ["slow"] * 3
    assert made == ["slow"]


async def test_who_asks_with_other_state_variables_waits_and_gets_his_own(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    plans = ["free", "pro", "free", "pro"]
    await asyncio.gather(*(broker.secret_for("user_1", state_variables={"plan": plan}) for plan in plans))
    made = [session["workflow"]["state_variables"]["plan"] for session in emulator.sessions()]
    assert set(made) == {"free", "pro"}


async def test_a_limit_that_is_reached_reaches_every_waiter(client: AsyncChatKit, emulator: Emulator) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", sessions_per_minute=1)
    first = await broker.secret_for("user_1")
    calls = (broker.secret_for("user_1", current=first.client_secret) for _ in range(5))
    errors = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(error) for error in errors] == [MintingLimitError] * 5
    assert len(emulator.requests()) == 1


async def test_making_a_session_takes_no_longer_than_the_lease(client: AsyncChatKit, emulator: Emulator) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1", lease_s=0.3)
    emulator.add_faults(Fault(delay=60))
    async with asyncio.timeout(20):  # far less than the client's own 30 s
        with pytest.raises(APITimeoutError):
            await broker.secret_for("user_1")


async def test_a_client_in_more_of_a_hurry_than_the_lease_is_minded(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=60))
    async with AsyncChatKit(KEY, base_url=emulator.base_url, timeout=0.3) as client:
        async with asyncio.timeout(20):
            with pytest.raises(APITimeoutError):
                await AsyncSessionBroker(client, workflow="wf_1", lease_s=600).secret_for("user_1")


async def test_a_child_does_not_wait_for_what_its_parent_was_making_at_the_fork(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flights: Flights[str] = Flights(lease_s=3600)

    async def never(beat: Beat) -> str:
        await asyncio.Event().wait()
        return "the parent's"

    async def at_once(beat: Beat) -> str:
        return "the child's"

    parents = asyncio.create_task(flights.share("key", never))
    await asyncio.sleep(0)
    monkeypatch.setattr("chatkit_async.broker.flight.os.getpid", lambda: -1)
    async with asyncio.timeout(10):
        assert await flights.share("key", at_once) == "the child's"
    parents.cancel()


def test_who_waited_in_a_loop_that_has_ended_keeps_nobody_from_landing() -> None:
    flight: Flight[str] = Flight(lease_s=60)

    async def wait_a_moment() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                await flight.landed()

    async def wait() -> str | None:
        return (await flight.landed()).value

    asyncio.run(wait_a_moment())
    flight.land(Outcome("landed"))
    assert asyncio.run(wait()) == "landed"
