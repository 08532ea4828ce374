"""Blocking calls where an event loop runs."""

from __future__ import annotations

import asyncio
import linecache
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from chatkit_async import ChatKit, ReentrantCallError
from chatkit_async._sync.channel import Channel
from chatkit_async.emulator import Emulator


async def forty_two() -> int:
    return 42


@pytest.fixture
def session_id(client: ChatKit) -> str:
    return client.sessions.create(user="u", workflow="wf_1").id


@pytest.fixture
def strict(emulator: Emulator) -> Iterator[ChatKit]:
    with ChatKit("sk-test", base_url=emulator.base_url, in_event_loop="error") as strict:
        yield strict


@pytest.fixture
def lenient(emulator: Emulator) -> Iterator[ChatKit]:
    with ChatKit("sk-test", base_url=emulator.base_url, in_event_loop="allow") as lenient:
        yield lenient


def line_of(warning: object) -> str:
    return linecache.getline(warning.filename, warning.lineno)  # type: ignore[attr-defined]


async def test_a_call_in_a_running_loop_warns_at_the_callers_line(session_id: str, client: ChatKit) -> None:
    with pytest.warns(RuntimeWarning, match="await AsyncChatKit") as caught:
        assert client.sessions.cancel(session_id).status == "cancelled"
    assert len(caught) == 1
    assert "client.sessions.cancel(session_id)" in line_of(caught[0])


async def test_entering_a_context_in_a_running_loop_warns_at_the_with_statement(client: ChatKit) -> None:
    with pytest.warns(RuntimeWarning) as caught, client.sessions.open(user="u", workflow="wf_1"):
        pass
    assert all("client.sessions.open" in line_of(warning) for warning in caught)


async def test_a_call_in_a_running_loop_is_an_error_on_request(strict: ChatKit, emulator: Emulator) -> None:
    with pytest.raises(ReentrantCallError, match=r"await AsyncChatKit.*in_event_loop='allow'"):
        strict.sessions.create(user="u", workflow="wf_1")
    assert not emulator.requests()


async def test_a_call_in_a_running_loop_can_be_allowed(lenient: ChatKit) -> None:
    assert lenient.sessions.create(user="u", workflow="wf_1").status == "active"


async def test_a_copy_keeps_what_was_said_of_running_loops(lenient: ChatKit) -> None:
    assert lenient.with_options(max_retries=0).sessions.create(user="u", workflow="wf_1").status == "active"


async def test_ipython_is_not_warned(client: ChatKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=object))  # type: ignore[arg-type]
    assert client.sessions.create(user="u", workflow="wf_1").status == "active"


async def test_in_event_loop_error_holds_in_ipython_too(strict: ChatKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=object))  # type: ignore[arg-type]
    with pytest.raises(ReentrantCallError):
        strict.sessions.create(user="u", workflow="wf_1")


async def test_a_program_that_merely_imported_ipython_is_warned(
    client: ChatKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))  # type: ignore[arg-type]
    with pytest.warns(RuntimeWarning):
        client.sessions.create(user="u", workflow="wf_1")


@pytest.mark.parametrize("in_event_loop", ["allow", "warn", "error"])
def test_a_call_on_the_loops_own_thread_is_refused_at_once(in_event_loop: str) -> None:
    channel = Channel(nothing, name="ChatKit", in_event_loop=in_event_loop)  # type: ignore[arg-type]

    async def call_again() -> int:
        return channel.call(forty_two)

    try:
        with pytest.raises(ReentrantCallError, match="wait for itself"):
            channel.call(call_again)
    finally:
        channel.close()


def test_closing_on_the_loops_own_thread_is_refused(channel: Channel) -> None:
    async def close() -> None:
        channel.close()

    with pytest.raises(ReentrantCallError):
        channel.call(close)
    assert channel.call(forty_two) == 42


def test_a_thread_that_the_loop_offloads_to_may_call(channel: Channel) -> None:
    async def offload() -> int:
        return await asyncio.to_thread(channel.call, forty_two)

    assert channel.call(offload) == 42


def test_a_key_callable_may_use_another_client(emulator: Emulator, client: ChatKit) -> None:
    def key() -> str:
        return client.sessions.create(user="u", workflow="wf_1").id

    with ChatKit(key, base_url=emulator.base_url) as other:
        assert other.sessions.create(user="v", workflow="wf_1").user == "v"


async def nothing() -> None:
    pass
