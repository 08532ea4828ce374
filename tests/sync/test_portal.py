"""The loop thread when things go wrong with it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest

from chatkit_async import APIConnectionError, ClientClosedError
from chatkit_async._sync import portal as portal_module
from chatkit_async._sync.channel import Channel
from chatkit_async._sync.portal import portals

from .running import eventually, loop_threads


async def answer() -> int:
    return 42


def test_a_loop_that_is_ended_by_force_wakes_its_callers_and_the_next_call_starts_another(channel: Channel) -> None:
    begun = threading.Event()

    async def wait() -> None:
        begun.set()
        await asyncio.sleep(3600)

    def leave() -> None:
        raise SystemExit(3)

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(channel.call, wait)
        begun.wait()
        assert portals.current is not None
        portals.current.loop.call_soon_threadsafe(leave)
        error = call.exception()
    assert isinstance(error, ClientClosedError)
    assert "event loop of the blocking clients ended" in str(error)
    eventually(lambda: not loop_threads(), "the loop to end")
    assert channel.call(answer) == 42


def test_a_call_that_waits_for_a_thread_when_the_loop_is_ended_by_force_is_woken_too(channel: Channel) -> None:
    channel.call(answer)
    portal = portals.current
    assert portal is not None
    hung = threading.Event()

    def hang() -> None:
        hung.wait()
        raise SystemExit(3)

    portal.loop.call_soon_threadsafe(hang)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(channel.call, answer)
        eventually(lambda: portal.calls, "the call to be handed over")
        hung.set()
        error = call.exception()
    assert error is None or isinstance(error, ClientClosedError)
    eventually(lambda: portal.closed, "the loop to end")
    assert channel.call(answer) == 42


def test_a_loop_that_does_not_start_is_an_error_of_ours_and_the_next_call_tries_again(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(anyio, "run", fail)
        with pytest.raises(APIConnectionError, match="too many open files") as caught:
            channel.call(answer)
    assert caught.value.outcome == "not_sent"
    assert channel.call(answer) == 42


def test_a_thread_that_does_not_start_is_an_error_of_ours(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        with pytest.raises(APIConnectionError, match="can't start new thread"):
            channel.call(answer)
    assert channel.call(answer) == 42


def test_a_first_call_that_is_interrupted_while_the_loop_starts_leaves_no_thread(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            super().wait(timeout)
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(portal_module.threading, "Event", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            channel.call(answer)
    eventually(lambda: not loop_threads(), "the loop to end")
    assert channel.call(answer) == 42
