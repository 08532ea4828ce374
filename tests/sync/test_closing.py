"""How a blocking client ends: closed, closed during calls, or forgotten."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chatkit_async import ChatKit, ClientClosedError
from chatkit_async._sync.channel import Channel
from chatkit_async._sync.portal import lock, portals
from chatkit_async.emulator import Emulator, Fault

from .running import eventually, loop_threads, printed


class Closings:
    """Counts what a channel closes."""

    def __init__(self) -> None:
        self.count = 0

    async def aclose(self) -> None:
        await asyncio.sleep(0)
        self.count += 1


async def forty_two() -> int:
    return 42


def test_the_loop_starts_with_the_first_call_and_ends_with_the_last_close() -> None:
    first, second = (Channel(Closings().aclose, name="ChatKit") for _ in range(2))
    assert not loop_threads()
    first.call(forty_two)
    second.call(forty_two)
    threads = loop_threads()
    assert len(threads) == 1
    first.close()
    assert loop_threads() == threads
    assert second.call(forty_two) == 42
    second.close()
    assert not loop_threads()


def test_a_loop_that_was_stopped_starts_again_for_the_next_client() -> None:
    for _ in range(3):
        channel = Channel(Closings().aclose, name="ChatKit")
        assert channel.call(forty_two) == 42
        channel.close()
    assert not loop_threads()


def test_a_client_that_never_called_closes_without_a_loop() -> None:
    closings = Closings()
    Channel(closings.aclose, name="ChatKit").close()
    assert closings.count == 0
    assert not loop_threads()


def test_closing_twice_closes_once(channel: Channel) -> None:
    channel.call(forty_two)
    closings = Closings()
    twice = Channel(closings.aclose, name="ChatKit")
    twice.call(forty_two)
    twice.close()
    twice.close()
    assert closings.count == 1


def test_many_threads_may_close_at_once() -> None:
    closings = Closings()
    channel = Channel(closings.aclose, name="ChatKit")
    channel.call(forty_two)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: channel.close(), range(8)))
    assert closings.count == 1
    assert not loop_threads()


def test_a_call_after_close_says_so(client: ChatKit) -> None:
    client.close()
    with pytest.raises(ClientClosedError, match="ChatKit is closed"):
        client.sessions.create(user="u", workflow="wf_1")


def test_closing_ends_calls_under_way_with_our_error(emulator: Emulator, client: ChatKit) -> None:
    emulator.add_faults(Fault(path="/sessions", delay=60, times=3))
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(client.sessions.create, user="u", workflow="wf_1") for _ in range(3)]
        eventually(lambda: len(emulator.requests()) == 3, "the requests")
        client.close()
        errors = [call.exception() for call in calls]
    assert [type(error) for error in errors] == [ClientClosedError] * 3
    assert "while the call was under way" in str(errors[0])
    eventually(lambda: {request.ended for request in emulator.requests()} == {"disconnected"}, "the server to see it")
    assert not loop_threads()


def test_closing_cancels_its_own_calls_and_no_others(channel: Channel) -> None:
    begun, other_begun, release = threading.Event(), threading.Event(), threading.Event()
    ended: list[type[BaseException]] = []

    async def wait() -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        except BaseException as error:
            ended.append(type(error))
            raise

    async def wait_for_release() -> int:
        other_begun.set()
        while not release.is_set():
            await asyncio.sleep(0.005)
        return 42

    closing = Channel(Closings().aclose, name="ChatKit")
    with ThreadPoolExecutor(2) as pool:
        call, other = pool.submit(closing.call, wait), pool.submit(channel.call, wait_for_release)
        begun.wait()
        other_begun.wait()
        closing.close()
        assert isinstance(call.exception(), ClientClosedError)
        assert ended == [asyncio.CancelledError]
        release.set()
        assert other.result() == 42


def test_closing_ends_a_call_that_would_not_be_cancelled(channel: Channel) -> None:
    begun, release = threading.Event(), threading.Event()

    async def stubborn() -> None:
        begun.set()
        while not release.is_set():
            try:
                await asyncio.sleep(0.005)
            except asyncio.CancelledError:
                continue

    with ThreadPoolExecutor(2) as pool:
        call = pool.submit(channel.call, stubborn)
        begun.wait()
        closing = pool.submit(channel.close)
        assert isinstance(call.exception(), ClientClosedError)
        release.set()
        closing.result()


def test_an_error_while_closing_is_raised_and_the_loop_ends() -> None:
    async def fail() -> None:
        raise RuntimeError("no")

    channel = Channel(fail, name="ChatKit")
    channel.call(forty_two)
    with pytest.raises(RuntimeError, match="no"):
        channel.close()
    assert not loop_threads()


def test_a_copy_shares_the_connections_and_closes_nothing(client: ChatKit) -> None:
    copy = client.with_options(timeout=5)
    session = copy.sessions.create(user="u", workflow="wf_1")
    copy.close()
    assert client.sessions.cancel(session.id).status == "cancelled"
    assert copy.sessions.cancel(session.id).status == "cancelled"


def test_closing_the_original_closes_its_copies(client: ChatKit) -> None:
    copy = client.with_options(timeout=5)
    client.close()
    with pytest.raises(ClientClosedError):
        copy.sessions.cancel("cksess_1")


def test_collecting_an_unclosed_client_warns_once_and_leaves_nothing(emulator: Emulator) -> None:
    def forget() -> None:
        client = ChatKit("sk-test", base_url=emulator.base_url)
        client.with_options(timeout=5).sessions.create(user="u", workflow="wf_1")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        forget()
        gc.collect()
        eventually(lambda: not loop_threads(), "the loop to end")
        gc.collect()
    assert [str(warning.message)[:19] for warning in caught] == ["An unclosed ChatKit"]


def test_collecting_an_unclosed_client_closes_its_connections_and_no_other(channel: Channel) -> None:
    channel.call(forty_two)
    closings = Closings()
    forgotten = Channel(closings.aclose, name="ChatKit")
    forgotten.call(forty_two)
    with pytest.warns(ResourceWarning):
        del forgotten
    eventually(lambda: closings.count == 1, "the connections to be closed")
    assert channel.call(forty_two) == 42


def test_collecting_waits_for_the_thread_that_holds_the_start_lock() -> None:
    channel = Channel(Closings().aclose, name="ChatKit")
    channel.call(forty_two)
    with lock:
        with pytest.warns(ResourceWarning):
            del channel
        time.sleep(0.05)
        assert portals.current is not None
        assert not portals.current.closed
    eventually(lambda: not loop_threads(), "the loop to end")


def test_a_client_that_never_called_is_collected_in_silence(emulator: Emulator) -> None:
    client = ChatKit("sk-test", base_url=emulator.base_url)
    client.with_options(timeout=3)
    del client
    gc.collect()


def test_a_closed_client_is_collected_in_silence(emulator: Emulator, channel: Channel) -> None:
    channel.call(forty_two)
    with ChatKit("sk-test", base_url=emulator.base_url) as client:
        client.sessions.create(user="u", workflow="wf_1")
    del client
    gc.collect()


@pytest.mark.slow
def test_a_collected_client_leaves_no_open_sockets_to_warn_of(tmp_path: Path, emulator: Emulator) -> None:
    text = """
        import gc, threading, warnings
        from chatkit_async import ChatKit
        def work():
            client = ChatKit()
            client.sessions.create(user="u", workflow="wf_1")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            work()
            for thread in threading.enumerate():
                if thread is not threading.main_thread():
                    thread.join()
            gc.collect()
        for warning in caught:
            print(warning.category.__name__, str(warning.message)[:19])
    """
    assert printed(tmp_path, text, emulator=emulator) == "ResourceWarning An unclosed ChatKit\n"
