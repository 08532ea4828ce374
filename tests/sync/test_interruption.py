"""A caller that is interrupted: the work ends at the server, the error goes on, the client stays usable."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from types import FrameType

import pytest

from chatkit_async import ChatKit, ClientClosedError
from chatkit_async._sync import blocking_call
from chatkit_async._sync.channel import Channel
from chatkit_async._sync.portal import portals
from chatkit_async.emulator import Emulator, Fault

from .conftest import nothing
from .running import eventually, loop_threads


class HandlerError(Exception):
    pass


def raise_from_handler(number: int, frame: FrameType | None) -> None:
    raise HandlerError


@contextmanager
def signalled(number: signal.Signals, when: threading.Event) -> Iterator[None]:
    """The signal arrives in the main thread as soon as `when` is set."""

    def send() -> None:
        when.wait()
        time.sleep(0.05)  # by now the caller sleeps; CPython sees a signal late that comes as it falls asleep
        os.kill(os.getpid(), number)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    try:
        yield
    finally:
        when.set()
        sender.join()


@contextmanager
def busy_loop(channel: Channel) -> Iterator[threading.Event]:
    """The loop thread does nothing else until the event is set."""
    begun, release = threading.Event(), threading.Event()

    async def block() -> None:
        begun.set()
        release.wait()

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(channel.call, block)
        begun.wait()
        try:
            yield release
        finally:
            release.set()
        call.result()


def arrived(emulator: Emulator) -> threading.Event:
    """Set as soon as the emulator holds a request without a response."""
    return when(lambda: any(request.ended == "pending" for request in emulator.requests()))


def when(condition: Callable[[], object]) -> threading.Event:
    """Set as soon as the condition holds."""
    event = threading.Event()

    def watch() -> None:
        eventually(condition, "the moment of the signal")
        event.set()

    threading.Thread(target=watch, daemon=True).start()
    return event


def test_ctrl_c_ends_the_request_at_the_server_and_the_next_call_works(client: ChatKit, emulator: Emulator) -> None:
    session = client.sessions.create(user="u", workflow="wf_1")
    emulator.add_faults(Fault(path="/cancel", delay=60))
    with signalled(signal.SIGINT, arrived(emulator)), pytest.raises(KeyboardInterrupt):
        client.sessions.cancel(session.id)
    eventually(lambda: emulator.requests()[-1].ended == "disconnected", "the server to see the end")
    assert client.sessions.cancel(session.id).status == "cancelled"


def test_a_raising_signal_handler_ends_the_request_at_the_server(client: ChatKit, emulator: Emulator) -> None:
    session = client.sessions.create(user="u", workflow="wf_1")
    emulator.add_faults(Fault(path="/cancel", delay=60))
    before = signal.signal(signal.SIGUSR1, raise_from_handler)
    try:
        with signalled(signal.SIGUSR1, arrived(emulator)), pytest.raises(HandlerError):
            client.sessions.cancel(session.id)
    finally:
        signal.signal(signal.SIGUSR1, before)
    eventually(lambda: emulator.requests()[-1].ended == "disconnected", "the server to see the end")
    assert client.sessions.cancel(session.id).status == "cancelled"


def test_a_signal_handler_that_returns_does_not_disturb_a_call(channel: Channel) -> None:
    begun, handled = threading.Event(), threading.Event()

    async def wait() -> str:
        begun.set()
        while not handled.is_set():
            await asyncio.sleep(0.005)
        return "done"

    before = signal.signal(signal.SIGUSR1, lambda number, frame: handled.set())
    try:
        with signalled(signal.SIGUSR1, begun):
            assert channel.call(wait) == "done"
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_the_work_of_an_interrupted_call_has_ended_when_the_error_arrives(channel: Channel) -> None:
    begun, ended = threading.Event(), []

    async def wait() -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.05)
            ended.append(True)

    with signalled(signal.SIGINT, begun), pytest.raises(KeyboardInterrupt):
        channel.call(wait)
    assert ended


def test_work_that_does_not_end_is_not_waited_for_for_ever(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking_call, "STOP_WAIT_S", 0.05)
    begun, release = threading.Event(), asyncio.Event()

    async def stubborn() -> None:
        begun.set()
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    async def let_go() -> None:
        release.set()

    with signalled(signal.SIGINT, begun), pytest.raises(KeyboardInterrupt):
        channel.call(stubborn)
    assert not release.is_set()
    channel.call(let_go)


def test_a_call_interrupted_before_it_was_handed_over_never_runs(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[bool] = []

    async def work() -> None:
        ran.append(True)

    channel.call(nothing)
    admit = channel._connection.admit

    def interrupted(entry: object) -> object:
        admit(entry)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(channel._connection, "admit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            channel.call(work)
    assert portals.current is not None
    assert not portals.current.calls
    channel.call(nothing)
    assert not ran


def test_a_call_interrupted_before_its_task_began_leaves_nothing_behind(channel: Channel) -> None:
    ran: list[bool] = []

    async def work() -> None:
        ran.append(True)

    with busy_loop(channel) as release:
        portal = portals.current
        assert portal is not None

        def raise_and_release(number: int, frame: FrameType | None) -> None:
            threading.Timer(0.2, release.set).start()  # by then the end of the call is handed over, too
            raise HandlerError

        before = signal.signal(signal.SIGUSR1, raise_and_release)
        try:
            with signalled(signal.SIGUSR1, when(lambda: len(portal.calls) == 2)), pytest.raises(HandlerError):
                channel.call(work)
        finally:
            signal.signal(signal.SIGUSR1, before)
    assert not portal.calls
    assert not ran


def test_a_call_that_is_closed_before_its_task_began_leaves_nothing_behind(channel: Channel) -> None:
    closing = Channel(nothing, name="ChatKit")
    with ThreadPoolExecutor(2) as pool, busy_loop(channel) as release:
        portal = portals.current
        assert portal is not None
        call = pool.submit(closing.call, nothing)
        eventually(lambda: len(portal.calls) == 2, "the call to be handed over")
        close = pool.submit(closing.close)
        eventually(lambda: len(portal.calls) == 3, "the close to be handed over")
        release.set()
        close.result()
        assert isinstance(call.exception(), ClientClosedError)
    assert not portal.calls


def test_hundreds_of_random_interrupts_leave_no_calls_and_no_thread_behind() -> None:
    chance = random.Random(1)
    stop = threading.Event()

    @asynccontextmanager
    async def context() -> AsyncIterator[None]:
        yield await asyncio.sleep(0)

    def keep_busy() -> None:
        other = Channel(nothing, name="ChatKit")
        while not stop.is_set():
            other.call(asyncio.sleep, 0)
        other.close()

    def call_until_interrupted(pool: ThreadPoolExecutor) -> None:
        pool.submit(interrupt_soon)
        while True:
            channel = Channel(nothing, name="ChatKit")
            try:
                channel.call(asyncio.sleep, 0)
                with channel.enter(context):
                    channel.call(asyncio.sleep, 0.0005)
            finally:
                channel.close()

    def interrupt_soon() -> None:
        time.sleep(chance.uniform(0, 0.003))
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, raise_from_handler)
    try:
        with ThreadPoolExecutor(2) as pool:
            busy = pool.submit(keep_busy)
            try:
                for _ in range(400):
                    with pytest.raises(HandlerError):
                        call_until_interrupted(pool)
                portal = portals.current
                assert portal is not None
                eventually(lambda: len(portal.users) == 1, "the interrupted clients to be closed")
            finally:
                stop.set()
            busy.result()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert not portal.calls
    eventually(lambda: not loop_threads(), "the loop to end")
