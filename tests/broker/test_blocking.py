"""`SessionBroker`, the blocking twin: threads, forks, event loops, and the end of a program."""

from __future__ import annotations

import inspect
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatkit_async import (
    AsyncChatKit,
    ChatKit,
    ClientClosedError,
    ConfigurationError,
    MintingLimitError,
    ParamsValidationError,
    ReentrantCallError,
)
from chatkit_async.broker import AsyncSessionBroker, LiveSecret, RedisStore, SessionBroker
from chatkit_async.emulator import Emulator, Fault

from ..conftest import KEY
from ..sync.running import loop_threads, printed
from .redis_server import RedisServer


@pytest.fixture
def chatkit(emulator: Emulator) -> Iterator[ChatKit]:
    with ChatKit(KEY, base_url=emulator.base_url) as made:
        yield made


@pytest.fixture
def blocking(chatkit: ChatKit) -> Iterator[SessionBroker]:
    with SessionBroker(chatkit, workflow="wf_1") as made:
        yield made


def test_it_does_what_the_async_broker_does(blocking: SessionBroker, emulator: Emulator) -> None:
    first = blocking.secret_for("user_1")
    assert isinstance(first, LiveSecret)
    assert blocking.secret_for("user_1") == first
    second = blocking.secret_for("user_1", current=first.client_secret)
    third = blocking.renew("user_1", state_variables={"plan": "pro"})
    assert blocking.owns("user_1", third.session_id)
    assert not blocking.owns("user_1", second.session_id)
    revocation = blocking.revoke("user_1")
    assert [result.session_id for result in revocation.sessions] == [third.session_id]
    assert {session["status"] for session in emulator.sessions()} == {"cancelled"}


def test_it_has_the_names_and_arguments_of_the_async_broker() -> None:
    def shape(kind: type[Any]) -> dict[str, list[str]]:
        public = {name: value for name, value in vars(kind).items() if inspect.isfunction(value) and name[0] != "_"}
        return {name.removeprefix("a"): list(inspect.signature(value).parameters) for name, value in public.items()}

    assert shape(SessionBroker) == shape(AsyncSessionBroker)
    assert list(inspect.signature(SessionBroker).parameters) == list(inspect.signature(AsyncSessionBroker).parameters)


def test_many_threads_share_one_session(blocking: SessionBroker, emulator: Emulator) -> None:
    emulator.add_faults(Fault(delay=0.2))
    together, found = threading.Barrier(32), []

    def ask() -> None:
        together.wait(20)
        found.append(blocking.secret_for("user_1"))

    threads = [threading.Thread(target=ask) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 32
    assert len(set(found)) == 1
    assert len(emulator.sessions()) == 1


def test_errors_come_through(blocking: SessionBroker, chatkit: ChatKit) -> None:
    with pytest.raises(ParamsValidationError, match="user"):
        blocking.secret_for("")
    narrow = SessionBroker(chatkit, workflow="wf_1", sessions_per_minute=1)
    live = narrow.secret_for("user_1")
    with pytest.raises(MintingLimitError):
        narrow.secret_for("user_1", current=live.client_secret)
    narrow.close()


def test_closing_it_leaves_the_client_open(chatkit: ChatKit) -> None:
    broker = SessionBroker(chatkit, workflow="wf_1")
    broker.secret_for("user_1")
    broker.close()
    broker.close()
    with pytest.raises(ClientClosedError, match="SessionBroker is closed"):
        broker.secret_for("user_1")
    chatkit.sessions.create(user="user_1", workflow="wf_1")


def test_a_broker_closed_before_its_first_call_stays_closed(chatkit: ChatKit) -> None:
    broker = SessionBroker(chatkit, workflow="wf_1")
    broker.close()
    with pytest.raises(ClientClosedError, match="SessionBroker is closed"):
        broker.secret_for("user_1")
    assert loop_threads() == []


def test_it_may_be_closed_after_its_client(emulator: Emulator) -> None:
    client = ChatKit(KEY, base_url=emulator.base_url)
    broker = SessionBroker(client, workflow="wf_1")
    broker.secret_for("user_1")
    client.close()
    with pytest.raises(ClientClosedError, match="ChatKit is closed"):
        broker.secret_for("user_1")
    broker.close()
    assert loop_threads() == []


def test_it_is_closed_with_redis_and_leaves_nothing_running(chatkit: ChatKit, redis_server: RedisServer) -> None:
    with SessionBroker(chatkit, workflow="wf_1", store=RedisStore(redis_server.url)) as broker:
        live = broker.secret_for("user_1")
        assert broker.secret_for("user_1") == live
    chatkit.close()
    assert loop_threads() == []


async def test_in_an_event_loop_it_does_what_its_client_does(emulator: Emulator) -> None:
    with ChatKit(KEY, base_url=emulator.base_url, in_event_loop="allow") as allowing:
        SessionBroker(allowing, workflow="wf_1").secret_for("user_1")
    with ChatKit(KEY, base_url=emulator.base_url) as warning, SessionBroker(warning, workflow="wf_1") as broker:
        with pytest.warns(RuntimeWarning, match="await AsyncSessionBroker") as seen:
            broker.secret_for("user_1")
        assert seen[0].filename == __file__
    with ChatKit(KEY, base_url=emulator.base_url, in_event_loop="error") as refusing:
        broker = SessionBroker(refusing, workflow="wf_1")
        with pytest.raises(ReentrantCallError, match="SessionBroker"):
            broker.secret_for("user_1")
        broker.close()


def test_each_broker_says_which_client_it_takes(client: AsyncChatKit, chatkit: ChatKit) -> None:
    with pytest.raises(ConfigurationError, match="SessionBroker takes a ChatKit, not AsyncChatKit"):
        SessionBroker(client, workflow="wf_1")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="AsyncSessionBroker takes an AsyncChatKit, not ChatKit"):
        AsyncSessionBroker(chatkit, workflow="wf_1")  # type: ignore[arg-type]


def test_a_repr_names_the_workflow(blocking: SessionBroker, broker: AsyncSessionBroker) -> None:
    assert repr(broker) == "AsyncSessionBroker(workflow='wf_1')"
    assert repr(blocking) == "SessionBroker(workflow='wf_1')"


# --- programs -------------------------------------------------------------------------------------------------------

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")

FORKING = """
import os, sys, threading
from chatkit_async import ChatKit
from chatkit_async.broker import RedisStore, SessionBroker
client = ChatKit(timeout=20)
broker = SessionBroker(client, workflow="wf_1", store=RedisStore(os.environ["REDIS"]))
def in_child(user):
    child = os.fork()
    if not child:
        found = []
        threads = [threading.Thread(target=lambda: found.append(broker.secret_for(user))) for _ in range(5)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        print("child", len(found), len(set(found)), flush=True)
        sys.exit(0)
    print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def _redis_in_environment(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "REDIS", redis_server.url)


@on_posix
@pytest.mark.slow
@pytest.mark.usefixtures("_redis_in_environment")
def test_a_broker_made_before_a_fork_works_in_every_child(tmp_path: Path, emulator: Emulator) -> None:
    text = f"{FORKING}\nin_child('user_1')\nin_child('user_2')"
    assert printed(tmp_path, text, emulator=emulator) == "child 5 1\nended 0\n" * 2


@on_posix
@pytest.mark.slow
@pytest.mark.usefixtures("_redis_in_environment")
def test_a_broker_used_before_a_fork_works_on_both_sides(tmp_path: Path, emulator: Emulator) -> None:
    text = f"{FORKING}\nbroker.secret_for('user_1')\nin_child('user_2')\nprint(broker.revoke('user_2').is_complete)"
    assert printed(tmp_path, text, emulator=emulator) == "child 5 1\nended 0\nTrue\n"
    assert [session["status"] for session in emulator.sessions()] == ["active", "cancelled"]


@pytest.mark.slow
@pytest.mark.usefixtures("_redis_in_environment")
def test_a_program_that_closes_neither_broker_nor_client_ends_in_silence(tmp_path: Path, emulator: Emulator) -> None:
    text = """
import os
from chatkit_async import ChatKit
from chatkit_async.broker import RedisStore, SessionBroker
client = ChatKit()
broker = SessionBroker(client, workflow="wf_1", store=RedisStore(os.environ["REDIS"]))
print(bool(broker.secret_for("user_1")))
"""
    assert printed(tmp_path, text, emulator=emulator) == "True\n"
