"""`ChatKit` as a user meets it: the async client's methods, in blocking form."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

import chatkit_async
from chatkit_async import AsyncChatKit, AsyncSessions, AsyncThreads, ChatKit, ChatKitError, Sessions, Threads
from chatkit_async.emulator import Emulator, Fault

PAIRS = [(AsyncChatKit, ChatKit), (AsyncSessions, Sessions), (AsyncThreads, Threads)]
RENAMED = {"aclose": "close", "__aenter__": "__enter__", "__aexit__": "__exit__"}
KEY = "sk-never-to-be-shown-0123456789"


class BlockError(Exception):
    pass


def members(kind: type) -> dict[str, Callable[..., object]]:
    return {name: member for name, member in vars(kind).items() if inspect.isfunction(member)}


def parameters(function: Callable[..., object]) -> dict[str, inspect.Parameter]:
    found = dict(inspect.signature(function).parameters)
    for only_one_half in ("http_session", "in_event_loop", "self"):
        found.pop(only_one_half, None)
    return found


def test_a_session_is_created_and_cancelled(client: ChatKit, emulator: Emulator) -> None:
    session = client.sessions.create(user="u", workflow="wf_1", expires_after=300)
    assert session.client_secret == emulator.sessions()[0]["client_secret"]
    assert client.sessions.cancel(session.id).status == "cancelled"


def test_an_opened_session_is_cancelled_when_its_block_ends(client: ChatKit, emulator: Emulator) -> None:
    with client.sessions.open(user="u", workflow="wf_1") as session:
        assert session.status == "active"
    assert emulator.sessions()[0]["status"] == "cancelled"


def test_an_opened_session_is_cancelled_when_its_block_raises(client: ChatKit, emulator: Emulator) -> None:
    with pytest.raises(BlockError), client.sessions.open(user="u", workflow="wf_1"):
        raise BlockError
    assert emulator.sessions()[0]["status"] == "cancelled"


def test_a_copy_has_its_own_settings(client: ChatKit, emulator: Emulator) -> None:
    emulator.add_faults(Fault(path="/sessions", status=503))
    with pytest.raises(chatkit_async.InternalServerError):
        client.with_options(max_retries=0).sessions.create(user="u", workflow="wf_1")
    assert len(emulator.requests()) == 1


def test_a_subclass_is_copied_as_itself(emulator: Emulator) -> None:
    class OwnChatKit(ChatKit):
        pass

    with OwnChatKit("sk-test", base_url=emulator.base_url) as client:
        assert type(client.with_options(timeout=3)) is OwnChatKit


def test_a_client_says_where_it_talks_to(client: ChatKit, emulator: Emulator) -> None:
    assert repr(client) == f"ChatKit(base_url={emulator.base_url!r})"


def test_a_client_whose_making_failed_can_be_shown() -> None:
    assert "ChatKit object" in repr(ChatKit.__new__(ChatKit))


@pytest.mark.parametrize(("asynchronous", "blocking"), PAIRS)
def test_the_halves_have_the_same_methods_and_parameters(asynchronous: type, blocking: type) -> None:
    theirs = {name: member for name, member in members(asynchronous).items() if not name.startswith("_")}
    ours = {name: member for name, member in members(blocking).items() if not name.startswith("_")}
    assert set(ours) == {RENAMED.get(name, name) for name in theirs}
    for name, member in theirs.items():
        assert parameters(ours[RENAMED.get(name, name)]) == parameters(member), name


def test_only_the_async_half_takes_an_aiohttp_session() -> None:
    asynchronous, blocking = inspect.signature(AsyncChatKit).parameters, inspect.signature(ChatKit).parameters
    assert set(asynchronous) ^ set(blocking) == {"http_session", "in_event_loop"}


@pytest.mark.parametrize("blocking", [ChatKit, Sessions, Threads])
def test_help_speaks_of_blocking_calls_only(blocking: type) -> None:
    for member in [blocking, *members(blocking).values(), *(vars(blocking).get(name) for name in ("sessions",))]:
        text = inspect.getdoc(member) or ""
        for word in ("await", "async with", "async for", "AsyncChatKit", "AsyncSessions", "aclose", "http_session"):
            assert word not in text, f"{member}: {word}"


def shown(error: BaseException) -> str:
    """Our own frames of a traceback, with their locals."""
    stack = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    package = str(Path(chatkit_async.__file__).parent)
    return "".join(f"{frame.name} {frame.locals}" for frame in stack if frame.filename.startswith(package))


def test_a_traceback_with_locals_shows_no_key_of_a_client_that_cannot_be_made() -> None:
    with pytest.raises(ChatKitError) as caught:
        ChatKit(KEY, base_url="no url")
    assert "ChatKit" in shown(caught.value)
    assert KEY not in shown(caught.value)


def test_a_traceback_with_locals_shows_no_key_of_a_copy_that_cannot_be_made(client: ChatKit) -> None:
    with pytest.raises(ChatKitError) as caught:
        client.with_options(api_key=KEY, base_url="no url")
    assert "with_options" in shown(caught.value)
    assert KEY not in shown(caught.value)


def test_a_traceback_with_locals_shows_no_key_of_a_call_that_fails(emulator: Emulator) -> None:
    emulator.add_faults(Fault(path="/sessions", status=400))
    with ChatKit(KEY, base_url=emulator.base_url) as client, pytest.raises(ChatKitError) as caught:
        client.sessions.create(user="u", workflow="wf_1")
    assert "create" in shown(caught.value)
    assert KEY not in shown(caught.value)
