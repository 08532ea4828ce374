"""The loop thread when things go wrong with it."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest

from chatkit_async import APIConnectionError, ClientClosedError
from chatkit_async._sync import portal as portal_module
from chatkit_async._sync.channel import Channel
from chatkit_async._sync.portal import portals

from .running import eventually, loop_threads


async def forty_two() -> int:
    return 42


def test_anyio_runs_the_loop(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []
    run = anyio.run

    def noting(*args: Any, **options: Any) -> object:
        threads.append(threading.current_thread().name)
        return run(*args, **options)

    monkeypatch.setattr(anyio, "run", noting)
    assert channel.call(forty_two) == 42
    assert threads == ["chatkit-async loop"]


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
    assert channel.call(forty_two) == 42


def test_a_call_that_begins_when_the_loop_is_ended_by_force_is_woken_and_ended_too(
    channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    gc.collect()  # of other tests
    caplog.clear()
    channel.call(forty_two)
    portal = portals.current
    assert portal is not None
    hung = threading.Event()

    def hang() -> None:
        hung.wait()
        raise SystemExit(3)

    async def wait() -> None:
        await asyncio.sleep(3600)

    portal.loop.call_soon_threadsafe(hang)
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(channel.call, wait) for _ in range(2)]
        eventually(lambda: len(portal.calls) == 2, "the calls to be handed over")
        hung.set()
        errors = [call.exception() for call in calls]
    assert [type(error) for error in errors] == [ClientClosedError] * 2
    eventually(lambda: not loop_threads(), "the loop to end")
    assert not portal.calls
    del calls, errors
    gc.collect()
    assert caplog.messages == []  # asyncio logs a pending task that is destroyed
    assert channel.call(forty_two) == 42


def test_a_loop_that_does_not_start_is_an_error_of_ours_and_the_next_call_tries_again(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("too many open files")

    with monkeypatch.context() as patch:
        patch.setattr("asyncio.events.new_event_loop", fail)
        with pytest.raises(APIConnectionError, match="too many open files") as caught:
            channel.call(forty_two)
    assert caught.value.outcome == "not_sent"
    assert channel.call(forty_two) == 42


def test_a_thread_that_does_not_start_is_an_error_of_ours(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        with pytest.raises(APIConnectionError, match="can't start new thread"):
            channel.call(forty_two)
    assert channel.call(forty_two) == 42


def test_an_interpreter_without_daemon_threads_is_an_error_of_ours(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("daemon threads are disabled in this (sub)interpreter")

    with monkeypatch.context() as patch:
        patch.setattr(threading, "Thread", refuse)
        with pytest.raises(APIConnectionError, match="daemon threads are disabled") as caught:
            channel.call(forty_two)
    assert caught.value.outcome == "not_sent"
    assert channel.call(forty_two) == 42


def test_a_first_call_that_is_interrupted_while_the_loop_starts_leaves_no_thread(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            super().wait(timeout)
            time.sleep(0.05)  # by now the loop waits, too
            raise KeyboardInterrupt

    class InterruptedPortal(portal_module.Portal):
        def __init__(self) -> None:
            super().__init__()
            self._ready = Interrupted()

    with monkeypatch.context() as patch:
        patch.setattr(portal_module, "Portal", InterruptedPortal)
        with pytest.raises(KeyboardInterrupt):
            channel.call(forty_two)
    eventually(lambda: not loop_threads(), "the loop to end")
    assert channel.call(forty_two) == 42


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="asks Linux for its threads")
def test_a_fork_waits_until_the_system_has_removed_the_thread() -> None:
    thread = threading.Thread(target=time.sleep, args=(0.1,))
    thread.start()
    portal_module._wait_until_gone([thread])
    assert not os.path.exists(f"/proc/self/task/{thread.native_id}")
    thread.join()
