"""A caller that is interrupted: the work ends at the server, the error goes on, the client stays usable."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from chatkit_async import ChatKit
from chatkit_async._sync import call as call_module
from chatkit_async._sync.channel import Channel
from chatkit_async._sync.portal import portals
from chatkit_async.emulator import Emulator, Fault

from .running import eventually


class HandlerError(Exception):
    pass


def raise_from_handler(number: int, frame: FrameType | None) -> None:
    raise HandlerError


@contextmanager
def signalled(number: signal.Signals, when: threading.Event) -> Iterator[None]:
    """The signal arrives in the main thread as soon as `when` is set."""

    def send() -> None:
        when.wait()
        os.kill(os.getpid(), number)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    try:
        yield
    finally:
        when.set()
        sender.join()


def arrived(emulator: Emulator) -> threading.Event:
    """Set as soon as the emulator holds an unanswered request."""
    event = threading.Event()

    def watch() -> None:
        eventually(lambda: any(request.ended == "pending" for request in emulator.requests()), "a request")
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
    monkeypatch.setattr(call_module, "STOP_WAIT_S", 0.05)
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

    async def nothing() -> None:
        pass

    channel.call(nothing)
    admit = channel._line.admit

    def interrupted(entry: object) -> object:
        admit(entry)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(channel._line, "admit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            channel.call(work)
    assert portals.current is not None
    assert not portals.current.calls
    channel.call(nothing)
    assert not ran
