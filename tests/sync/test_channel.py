"""What a call hands over to the loop thread, and what comes back from it."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import traceback
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from chatkit_async import ConfigurationError
from chatkit_async._sync.channel import Channel
from chatkit_async._sync.portal import portals

name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="unset")


class OwnError(Exception):
    pass


async def raising(error: BaseException) -> None:
    await asyncio.sleep(0)
    raise error


async def failing() -> None:
    raise OwnError


async def doubled(number: int, *, plus: int = 0) -> int:
    await asyncio.sleep(0)
    return 2 * number + plus


def raised_by(channel: Channel, error: BaseException) -> BaseException:
    with pytest.raises(type(error)) as caught:
        channel.call(raising, error)
    return caught.value


def test_a_call_returns_what_the_coroutine_returns(channel: Channel) -> None:
    assert channel.call(doubled, 20, plus=2) == 42


def test_the_same_error_object_is_raised(channel: Channel) -> None:
    error = OwnError()
    assert raised_by(channel, error) is error


def test_a_traceback_leads_from_the_call_straight_into_the_coroutine(channel: Channel) -> None:
    error = raised_by(channel, OwnError())
    functions = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert functions == ["raised_by", "call", "raising"]


def test_an_error_leaves_no_reference_cycle(channel: Channel) -> None:
    gc.collect()
    gc.disable()
    try:
        try:
            channel.call(failing)
        except OwnError as error:
            gone = weakref.ref(error)
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), OwnError()])
def test_whatever_a_coroutine_raises_reaches_the_caller_and_the_loop_goes_on(
    channel: Channel, error: BaseException
) -> None:
    channel.call(doubled, 1)
    before = portals.current
    assert raised_by(channel, error) is error
    assert channel.call(doubled, 1) == 2
    assert portals.current is before


def test_a_coroutine_may_raise_cancelled_error_by_itself(channel: Channel) -> None:
    error = asyncio.CancelledError()
    assert raised_by(channel, error) is error


def test_context_variables_reach_the_coroutine(channel: Channel) -> None:
    async def read() -> str:
        return name.get()

    token = name.set("Ada")
    try:
        assert channel.call(read) == "Ada"
    finally:
        name.reset(token)
    assert channel.call(read) == "unset"


def test_what_a_coroutine_sets_stays_with_it(channel: Channel) -> None:
    async def write() -> None:
        name.set("Grace")

    channel.call(write)
    assert name.get() == "unset"


def test_a_call_is_one_hand_over(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    channel.call(doubled, 1)
    assert portals.current is not None
    loop, handed_over = portals.current.loop, []

    def noted(callback: object, *args: object, **kwargs: object) -> asyncio.Handle:
        handed_over.append(callback)
        return type(loop).call_soon_threadsafe(loop, callback, *args, **kwargs)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(loop, "call_soon_threadsafe", noted)
        channel.call(doubled, 1)
    assert len(handed_over) == 1


def test_the_work_runs_in_one_daemon_thread_for_all_channels(channel: Channel) -> None:
    async def where() -> threading.Thread:
        return threading.current_thread()

    other = Channel(_nothing, name="Other")
    try:
        thread = channel.call(where)
        assert other.call(where) is thread
        assert thread is not threading.current_thread()
        assert thread.daemon
    finally:
        other.close()


def test_a_context_is_entered_and_left_on_the_loop(channel: Channel) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def context(word: str) -> AsyncIterator[str]:
        await asyncio.sleep(0)
        seen.append("entered")
        try:
            yield word
        finally:
            await asyncio.sleep(0)
            seen.append("left")

    with channel.enter(context, "hello") as word:
        assert word == "hello"
        assert seen == ["entered"]
    assert seen == ["entered", "left"]


def test_a_context_is_told_of_the_error_that_ends_its_block(channel: Channel) -> None:
    told: list[type[BaseException]] = []

    @asynccontextmanager
    async def forgiving() -> AsyncIterator[None]:
        try:
            yield
        except OwnError as error:
            told.append(type(error))

    with channel.enter(forgiving):
        raise OwnError
    assert told == [OwnError]


def test_a_context_that_cannot_be_entered_lets_the_loop_be_idle_again(channel: Channel) -> None:
    @asynccontextmanager
    async def context() -> AsyncIterator[None]:
        raise OwnError
        yield

    with pytest.raises(OwnError), channel.enter(context):
        pass
    assert portals.current is not None
    assert not portals.current.calls


def test_an_unknown_word_for_running_loops_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="in_event_loop"):
        Channel(_nothing, name="ChatKit", in_event_loop="maybe")  # type: ignore[arg-type]


async def _nothing() -> None:
    pass
