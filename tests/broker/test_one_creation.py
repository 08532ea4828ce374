"""One creation at a time for a user and device, shared by all callers that wait for it, in one process."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from chatkit_async import APITimeoutError, AsyncChatKit, BadRequestError, ClientClosedError, MintingLimitError
from chatkit_async.broker import AsyncSessionBroker
from chatkit_async.broker._user_record import loads
from chatkit_async.emulator import Emulator, Fault

from ..conftest import KEY
from ..sync.running import printed


async def requested(emulator: Emulator, times: int = 1) -> None:
    """Waits until the emulator has had so many requests."""
    async with asyncio.timeout(20):
        while len(emulator.requests()) < times:
            await asyncio.sleep(0.005)


async def test_callers_at_once_share_one_session(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    lives = await asyncio.gather(*(broker.secret_for("user_1") for _ in range(200)))
    assert len(set(lives)) == 1
    assert len(emulator.sessions()) == 1


@pytest.mark.usefixtures("short_close")
async def test_users_and_devices_do_not_wait_for_each_other(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=30))
    slow = asyncio.create_task(broker.secret_for("user_1"))
    await requested(emulator)
    await broker.secret_for("user_2")
    await broker.secret_for("user_1", device="phone")
    assert not slow.done()
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow


async def test_callers_that_hold_the_live_secret_share_one_new_session(
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


async def test_a_cancelled_caller_does_no_harm_to_the_others(broker: AsyncSessionBroker, emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=0.3))
    calls = [asyncio.create_task(broker.secret_for("user_1")) for _ in range(5)]
    await requested(emulator)
    calls[2].cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(results[2], asyncio.CancelledError)
    assert len({result for number, result in enumerate(results) if number != 2}) == 1


async def test_a_creation_outlives_its_caller_and_revoke_knows_it(
    broker: AsyncSessionBroker, emulator: Emulator
) -> None:
    emulator.add_faults(Fault(delay=0.3, times=20))
    calls = [asyncio.create_task(broker.secret_for(f"user_{number}")) for number in range(20)]
    await requested(emulator, 20)
    for call in calls:
        call.cancel()
    assert all(isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*calls, return_exceptions=True))
    lives = [await broker.secret_for(f"user_{number}") for number in range(20)]
    assert {session["id"] for session in emulator.sessions()} == {live.session_id for live in lives}
    assert len(emulator.sessions()) == 20
    for number in range(20):
        revocation = await broker.revoke(f"user_{number}")
        assert (len(revocation.sessions), revocation.is_complete) == (1, True)
    assert {session["status"] for session in emulator.sessions()} == {"cancelled"}


async def test_closing_the_broker_waits_for_what_is_being_made(client: AsyncChatKit, emulator: Emulator) -> None:
    before = asyncio.all_tasks()
    broker = AsyncSessionBroker(client, workflow="wf_1")
    emulator.add_faults(Fault(delay=0.3))
    call = asyncio.create_task(broker.secret_for("user_1"))
    await requested(emulator)
    await broker.aclose()
    assert (await call).session_id == emulator.sessions()[0]["id"]
    assert asyncio.all_tasks() == before


@pytest.mark.usefixtures("short_close")
async def test_closing_the_broker_ends_what_takes_too_long(client: AsyncChatKit, emulator: Emulator) -> None:
    broker = AsyncSessionBroker(client, workflow="wf_1")
    emulator.add_faults(Fault(delay=30))
    call = asyncio.create_task(broker.secret_for("user_1"))
    await requested(emulator)
    await broker.aclose()
    with pytest.raises(ClientClosedError, match="broker was closed while a session was being made"):
        await call


async def test_no_more_sessions_are_made_at_once_than_the_client_has_connections(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=0.3, times=12))
    async with AsyncChatKit(KEY, base_url=emulator.base_url, max_connections=3) as client:
        broker = AsyncSessionBroker(client, workflow="wf_1")
        calls = [asyncio.create_task(broker.secret_for(f"user_{number}")) for number in range(12)]
        await requested(emulator, 3)
        held = [loads(value) for _, value in broker._store._known._entries.values()]
        assert len([record for record in held if record.creations]) == 3  # the others hold no lease that could age
        await asyncio.gather(*calls)


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


async def test_a_caller_with_other_state_variables_waits_and_gets_its_own(
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


async def test_a_client_timeout_shorter_than_the_lease_is_kept(emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=60))
    async with AsyncChatKit(KEY, base_url=emulator.base_url, timeout=0.3) as client:
        async with asyncio.timeout(20):
            with pytest.raises(APITimeoutError):
                await AsyncSessionBroker(client, workflow="wf_1", lease_s=600).secret_for("user_1")


def test_a_creation_of_an_event_loop_that_stopped_is_replaced_at_once(emulator: Emulator) -> None:
    client = AsyncChatKit(KEY, base_url=emulator.base_url)
    broker = AsyncSessionBroker(client, workflow="wf_1", lease_s=600)
    emulator.add_faults(Fault(delay=30))
    stopped = asyncio.new_event_loop()
    call = stopped.create_task(broker.secret_for("user_1"))
    stopped.run_until_complete(requested(emulator))

    async def ask() -> None:
        async with asyncio.timeout(20):  # far less than the lease
            await broker.secret_for("user_1")
        assert len(emulator.requests()) == 2
        await broker.aclose()

    asyncio.run(ask())
    call.cancel()
    stopped.run_until_complete(asyncio.gather(call, return_exceptions=True))
    stopped.run_until_complete(stopped.shutdown_asyncgens())
    stopped.close()


def test_a_creation_of_an_event_loop_that_ends_is_replaced_by_the_next(emulator: Emulator) -> None:
    client = AsyncChatKit(KEY, base_url=emulator.base_url)
    broker = AsyncSessionBroker(client, workflow="wf_1", lease_s=600)
    emulator.add_faults(Fault(delay=30))

    async def leave() -> None:
        asyncio.create_task(broker.secret_for("user_1"))  # noqa: RUF006 - asyncio.run cancels it
        await requested(emulator)

    async def ask() -> None:
        async with asyncio.timeout(20):
            await broker.secret_for("user_1")

    asyncio.run(leave())
    asyncio.run(ask())
    assert len(emulator.requests()) == 2


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_child_does_not_wait_for_what_its_parent_is_making(tmp_path: Path, emulator: Emulator) -> None:
    emulator.add_faults(Fault(times=1), Fault(delay=1))
    text = """
import asyncio, logging, os, sys
from chatkit_async import AsyncChatKit
from chatkit_async.broker import AsyncSessionBroker
broker = AsyncSessionBroker(AsyncChatKit(), workflow="wf_1", lease_s=600)
async def main():
    asyncio.get_running_loop().slow_callback_duration = 60
    logging.disable()
    await broker.secret_for("user_0")  # A fork while a connection is being made is another story.
    call = asyncio.create_task(broker.secret_for("user_1"))
    await asyncio.sleep(0.3)
    if not (child := os.fork()):
        return "child"
    print(bool(await call), flush=True)
    print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    await broker._client.aclose()
async def again():
    asyncio.get_running_loop().slow_callback_duration = 60
    async with asyncio.timeout(20):
        print("child", bool(await broker.secret_for("user_1")), flush=True)
loop = asyncio.new_event_loop()
if loop.run_until_complete(main()) == "child":
    asyncio.run(again())
    os._exit(0)
loop.run_until_complete(loop.shutdown_asyncgens())
loop.close()
"""
    lines = printed(tmp_path, text, emulator=emulator).splitlines()
    assert sorted(lines) == ["True", "child True", "ended 0"]
