"""Starting and stopping: in the loop of the caller, and in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chatkit_async.emulator import Emulator, Fault
from chatkit_async.errors import ConfigurationError
from tests.emulator.raw import post

ROOT = Path(__file__).parents[2]
STOPPED_WITH_A_PENDING_REQUEST = """
import threading, urllib.request
from chatkit_async.emulator import Emulator, Fault

def create(url):
    headers = {"Authorization": "Bearer k", "OpenAI-Beta": "chatkit_beta=v1", "Content-Type": "application/json"}
    body = b'{"user": "u", "workflow": {"id": "w"}}'
    try:
        urllib.request.urlopen(urllib.request.Request(url + "/chatkit/sessions", body, headers)).close()
    except OSError:
        print("cut off")

with Emulator.in_thread() as emulator:
    emulator.add_faults(Fault(delay=600))
    creating = threading.Thread(target=create, args=[emulator.base_url])
    creating.start()
    while not emulator.sessions():
        pass
creating.join()
print(emulator.requests()[0].ended, threading.active_count())
"""

NEVER_LEFT = """
from chatkit_async.emulator import Emulator

left_to_the_interpreter = Emulator.in_thread(host="localhost")
emulator = left_to_the_interpreter.__enter__()
emulator.reset()
print("done")
"""
# The alarm ends a child that hangs.
RESET_IN_A_FORKED_CHILD = """
import os, signal, sys, threading
from chatkit_async.emulator import Emulator

seeding, forked = threading.Event(), threading.Event()

def slow_seed():
    seeding.set()
    forked.wait()
    yield {}

with Emulator.in_thread() as emulator:
    thread = threading.Thread(target=emulator.seed, kwargs={"sessions": slow_seed()})
    thread.start()
    seeding.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        emulator.seed(sessions=[{}])
        emulator.reset()
        sys.exit(len(emulator.sessions()))
    print(os.waitpid(child, 0)[1])
    forked.set()
    thread.join()
    print(len(emulator.sessions()))
"""


def ran(program: str, *options: str) -> tuple[str, str, int]:
    """The output, the errors and the exit code of a Python program."""
    command = [sys.executable, "-X", "dev", "-W", "error", *options, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    return done.stdout, done.stderr, done.returncode


def taken_port() -> socket.socket:
    """A listening socket: its port is in use."""
    return socket.create_server(("127.0.0.1", 0))


def port(emulator: Emulator) -> int:
    found = urlsplit(emulator.base_url).port
    assert found is not None
    return found


async def test_it_listens_on_loopback_at_a_free_port() -> None:
    async with Emulator() as emulator:
        assert emulator.base_url == f"http://127.0.0.1:{port(emulator)}/v1"
        assert (await post(emulator.base_url)).status == 200


async def test_it_listens_on_the_host_and_port_given() -> None:
    with taken_port() as probe:
        free = probe.getsockname()[1]
    async with Emulator(host="localhost", port=free) as emulator:
        assert port(emulator) == free
        assert (await post(emulator.base_url)).status == 200


@pytest.mark.parametrize(("host", "reachable"), [("0.0.0.0", "http://127.0.0.1:"), ("::1", "http://[::1]:")])
async def test_its_url_is_one_a_client_can_reach(host: str, reachable: str) -> None:
    if ":" in host and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        async with Emulator(host=host) as emulator:
            assert emulator.base_url.startswith(reachable)
            assert (await post(emulator.base_url)).status == 200
    except ConfigurationError as error:
        if "::1" not in str(error):
            raise
        pytest.skip("this machine has no IPv6 loopback")


async def test_after_the_end_it_does_not_listen_and_still_has_its_log() -> None:
    async with Emulator() as emulator:
        await post(emulator.base_url)
    with pytest.raises(ConnectionRefusedError):
        await post(emulator.base_url)
    assert len(emulator.requests()) == len(emulator.sessions()) == 1


async def test_it_can_be_started_again() -> None:
    emulator = Emulator()
    for count in (1, 2):
        async with emulator:
            await post(emulator.base_url)
            assert len(emulator.sessions()) == count


async def test_it_cannot_be_started_twice_at_once() -> None:
    async with Emulator() as emulator:
        with pytest.raises(ConfigurationError, match="already runs at http://127"):
            await emulator.__aenter__()
        assert (await post(emulator.base_url)).status == 200


def test_before_the_start_there_is_no_url() -> None:
    with pytest.raises(ConfigurationError, match="not been started"):
        Emulator().base_url  # noqa: B018


@pytest.mark.parametrize("impossible", [-1, 65_536])
async def test_a_port_that_cannot_be_is_named(impossible: int) -> None:
    with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{impossible}"):
        await Emulator(port=impossible).__aenter__()


async def test_a_port_in_use_is_named() -> None:
    with taken_port() as taken:
        emulator = Emulator(port=taken.getsockname()[1])
        with pytest.raises(ConfigurationError, match=r"cannot listen on 127\.0\.0\.1:.*in use"):
            await emulator.__aenter__()
    async with emulator:
        assert (await post(emulator.base_url)).status == 200


async def test_in_a_thread_it_serves_and_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    with Emulator.in_thread(api_keys=["sk-test"]) as emulator:
        assert threading.active_count() == before + 1
        assert (await post(emulator.base_url)).status == 200
    assert threading.active_count() == before
    assert len(emulator.sessions()) == 1


def test_in_a_thread_a_port_in_use_is_the_callers_error() -> None:
    before = threading.active_count()
    with (
        taken_port() as taken,
        pytest.raises(ConfigurationError, match="cannot listen"),
        Emulator.in_thread(port=taken.getsockname()[1]),
    ):
        pytest.fail("entered")
    assert threading.active_count() == before


def test_in_a_thread_an_error_of_the_body_passes_through() -> None:
    with pytest.raises(ZeroDivisionError), Emulator.in_thread():
        raise ZeroDivisionError


async def test_stopping_closes_connections_with_a_pending_request() -> None:
    async with asyncio.timeout(20):
        async with Emulator() as emulator:
            emulator.add_faults(Fault(delay=600))
            waiting = asyncio.create_task(post(emulator.base_url))
            while not emulator.sessions():
                await asyncio.sleep(0.001)
        with pytest.raises((IndexError, OSError)):
            await waiting
    assert emulator.requests()[0].ended == "disconnected"


async def test_stopping_does_not_wait_for_an_idle_connection() -> None:
    async with asyncio.timeout(20):
        async with Emulator() as emulator:
            reader, writer = await asyncio.open_connection("127.0.0.1", port(emulator))
            writer.write(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
        await reader.read()
        writer.close()


def test_stopping_with_a_pending_request_prints_nothing() -> None:
    assert ran(STOPPED_WITH_A_PENDING_REQUEST) == ("cut off\ndisconnected 1\n", "", 0)


def test_a_program_that_never_leaves_the_emulator_ends() -> None:
    assert ran(NEVER_LEFT) == ("done\n", "", 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_that_is_forked_in_the_middle_of_a_seed_can_seed_and_reset_its_copy() -> None:
    assert ran(RESET_IN_A_FORKED_CHILD, "-W", "ignore:.*fork:DeprecationWarning") == ("0\n1\n", "", 0)


def test_the_thread_of_the_emulator_can_reset_it() -> None:
    async def reset() -> None:
        emulator.reset()

    with Emulator.in_thread() as emulator:
        emulator.seed(sessions=[{}])
        asyncio.run_coroutine_threadsafe(reset(), emulator._loop).result(20)
        assert emulator.sessions() == []


async def test_an_unused_connection_is_closed_in_time() -> None:
    async with asyncio.timeout(20):
        async with Emulator(keep_alive_s=0.2) as emulator:
            reader, writer = await asyncio.open_connection("127.0.0.1", port(emulator))
            writer.write(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 404 ")
            writer.close()


@pytest.mark.parametrize("keep_alive_s", [0, -1, float("inf"), float("nan")])
def test_a_time_to_keep_connections_that_cannot_be_is_refused(keep_alive_s: float) -> None:
    with pytest.raises(ConfigurationError, match="keep_alive_s"):
        Emulator(keep_alive_s=keep_alive_s)
